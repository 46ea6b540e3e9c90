// Dialogs around rooms: a new one, a direct one, public channels, adding people.

import { debounce, fill, h } from './dom.js';
import { icon } from './icons.js';
import { room_avatar } from './avatar.js';
import { open_dialog, toast } from './overlay.js';
import { people_picker } from './people_picker.js';
import { async_form, labelled, segmented } from './forms.js';

export function direct_dialog(app) {
    open_dialog('New message', (close) =>
        people_picker(app, {
            allow_me: true,
            on_pick: async (user) => {
                close();
                await app.actions.open_direct(user.id);
            },
        }),
    );
}

export function new_room_dialog(app) {
    const wish = { kind: 'group', visibility: 'private', members: [] };
    open_dialog('New room', (close) => {
        const name = h('input', {
            class: 'field',
            maxlength: 64,
            required: true,
            autofocus: true,
            autocomplete: 'off',
            placeholder: 'Weekend plans',
            data: { testid: 'room-name' },
        });
        const topic = h('input', {
            class: 'field',
            maxlength: 256,
            autocomplete: 'off',
            placeholder: 'Optional',
        });
        const visibility = labelled(
            'Who can see it',
            segmented(
                'visibility',
                [
                    ['private', 'Private'],
                    ['public', 'Public'],
                ],
                'private',
                (value) => {
                    wish.visibility = value;
                },
            ),
            'Anybody may find and join a public channel.',
        );
        visibility.hidden = true;
        const kind = segmented(
            'kind',
            [
                ['group', 'Group'],
                ['channel', 'Channel'],
            ],
            'group',
            (value) => {
                wish.kind = value;
                visibility.hidden = value === 'group';
            },
        );
        const submit = async () => {
            await app.actions.create_room({
                kind: wish.kind,
                name: name.value.trim(),
                topic: topic.value.trim() || undefined,
                visibility: wish.kind === 'channel' ? wish.visibility : 'private',
                members: wish.members.map((user) => user.id),
            });
            close();
        };
        return async_form(
            app,
            { submit, label: 'Create', testid: 'room-create' },
            labelled('Kind', kind, 'Groups are for up to 1,000 people, channels for any number.'),
            labelled('Name', name),
            labelled('Topic', topic),
            visibility,
            labelled(
                'People',
                people_picker(app, {
                    many: true,
                    on_pick: (users) => {
                        wish.members = users;
                    },
                }),
            ),
        );
    });
}

export function add_people_dialog(app, room) {
    let users = [];
    const exclude = new Set(room.members?.keys() || []);
    open_dialog('Add people', (close) =>
        async_form(
            app,
            {
                label: 'Add',
                testid: 'add-people',
                submit: async () => {
                    for (const { id } of users) await app.actions.member('room.add', room.id, id);
                    close();
                },
            },
            people_picker(app, {
                many: true,
                exclude,
                on_pick: (list) => {
                    users = list;
                },
            }),
        ),
    );
}

export function browse_dialog(app) {
    open_dialog('Channels', (close) => {
        const list = h('ul', { class: 'channel-results' });
        const status = h('p', { class: 'hint', 'aria-live': 'polite' }, 'Loading…');
        const input = h('input', {
            type: 'search',
            class: 'field',
            placeholder: 'Find a channel by name',
            'aria-label': 'Find a channel',
            autofocus: true,
        });
        const find = async () => {
            try {
                const rooms = await app.actions.public_rooms(input.value.trim());
                fill(
                    list,
                    rooms.map((room) => channel_row(app, room, close)),
                );
                fill(status, rooms.length ? '' : 'No public channel has that name.');
            } catch (error) {
                fill(status, app.words(error));
            }
        };
        input.addEventListener('input', debounce(find, 180));
        find();
        return h('div', { class: 'stack' }, input, status, list);
    });
}

function channel_row(app, room, close) {
    const id = room.room;
    const joined = app.store.rooms.has(id);
    const enter = async () => {
        try {
            if (!joined) await app.actions.join(id);
            close();
            app.open_room(id);
        } catch (error) {
            toast(app.words(error), { kind: 'error' });
        }
    };
    const count = room.members;
    return h(
        'li',
        { class: 'channel-row' },
        room_avatar(app, { ...room, id, kind: 'channel', visibility: 'public' }, 'm'),
        h(
            'span',
            { class: 'person-text' },
            h('bdi', { class: 'person-name' }, room.name),
            h(
                'span',
                { class: 'person-username' },
                [
                    count !== undefined && `${count} ${count === 1 ? 'member' : 'members'}`,
                    room.topic,
                ]
                    .filter(Boolean)
                    .join(' · ') || 'Public channel',
            ),
        ),
        h(
            'button',
            {
                type: 'button',
                class: joined ? 'button' : 'button button-main',
                data: { testid: 'channel-join', name: room.name },
                on: { click: enter },
            },
            joined ? 'Open' : [icon('plus', 16), 'Join'],
        ),
    );
}
