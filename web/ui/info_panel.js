// The panel beside a conversation: what the room is, who is in it, what one may do.

import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { presence_words, room_avatar, user_avatar } from './avatar.js';
import { confirm_dialog, icon_button, open_dialog, open_menu, toast } from './overlay.js';
import { people_picker } from './people_picker.js';
import { async_form, labelled, segmented } from './forms.js';

const RANK = { member: 1, admin: 2, owner: 3 };
const HOUR_MS = 3_600_000;
const ROWS_MAX = 200;

export function info_panel(app, room) {
    const direct = room.kind === 'direct';
    return [
        h(
            'div',
            { class: 'panel-hero' },
            room_avatar(app, room, 'l'),
            h('h2', {}, h('bdi', {}, app.store.title_of(room))),
            h(
                'p',
                { class: 'muted' },
                direct ? direct_words(app, room) : room.topic || kind_words(room),
            ),
        ),
        direct ? direct_actions(app, room) : room_actions(app, room),
        !direct && members_section(app, room),
    ];
}

function kind_words(room) {
    if (room.kind === 'group') return 'Private group';
    return room.visibility === 'public' ? 'Public channel' : 'Private channel';
}

function direct_words(app, room) {
    if (!room.peer || room.peer === app.store.me) return 'Only you can see this.';
    const { username, bio } = app.store.user(room.peer);
    return [`@${username}`, presence_words(app, room.peer), bio].filter(Boolean).join(' · ');
}

const action = (name, label, act, danger, testid) =>
    h(
        'button',
        {
            type: 'button',
            class: danger ? 'panel-action is-danger' : 'panel-action',
            data: { testid },
            on: { click: act },
        },
        icon(name, 18),
        label,
    );

function direct_actions(app, room) {
    const other = room.peer && room.peer !== app.store.me;
    const blocked = other && app.store.blocked.has(room.peer);
    return h(
        'div',
        { class: 'panel-actions' },
        other &&
            action('block', blocked ? 'Unblock' : 'Block', () =>
                app.actions.block(room.peer, !blocked),
            ),
        action('door', 'Hide conversation', () => leave(app, room)),
    );
}

function room_actions(app, room) {
    const admin = RANK[room.role] >= RANK.admin;
    const adds = admin || (room.kind === 'group' && room.settings.adding !== 'admins');
    return h(
        'div',
        { class: 'panel-actions' },
        adds && action('people', 'Add people', () => app.add_people(room), false, 'add-open'),
        admin &&
            action(
                'edit',
                'Edit name, topic, rules',
                () => edit_dialog(app, room),
                false,
                'room-edit',
            ),
        admin && action('key', 'Let a banned person back', () => unban_dialog(app, room)),
        action('door', 'Leave', () => leave(app, room), false, 'room-leave'),
        room.role === 'owner' &&
            action('trash', 'Delete room', () => remove(app, room), true, 'room-delete'),
    );
}

async function leave(app, room) {
    const direct = room.kind === 'direct';
    const sure = await confirm_dialog({
        title: direct ? 'Hide this conversation?' : `Leave ${app.store.title_of(room)}?`,
        text: direct
            ? 'It comes back with the next message.'
            : 'You will get no more messages from here.',
        action: direct ? 'Hide' : 'Leave',
        danger: !direct,
    });
    if (sure) app.attempt(() => app.actions.leave(room.id));
}

async function remove(app, room) {
    const sure = await confirm_dialog({
        title: `Delete ${app.store.title_of(room)}?`,
        text: 'All messages disappear for everybody. This cannot be taken back.',
        action: 'Delete for everybody',
    });
    if (sure) app.attempt(() => app.actions.delete_room(room.id));
}

function unban_dialog(app, room) {
    open_dialog('Let somebody back', (close) =>
        people_picker(app, {
            exclude: new Set(room.members?.keys() || []),
            on_pick: (user) => {
                close();
                app.attempt(async () => {
                    await app.actions.member('room.unban', room.id, user.id);
                    toast(`${user.display_name || user.username} may come back.`);
                });
            },
        }),
    );
}

function edit_dialog(app, room) {
    const owner = room.role === 'owner';
    const wish = { visibility: room.visibility, ...room.settings };
    open_dialog('Edit room', (close) => {
        const name = h('input', {
            class: 'field',
            maxlength: 64,
            required: true,
            value: room.name,
            data: { testid: 'edit-name' },
        });
        const topic = h('input', { class: 'field', maxlength: 256, value: room.topic || '' });
        const submit = async () => {
            await app.actions.update_room(room, {
                name: name.value.trim(),
                topic: topic.value.trim(),
                ...(owner ? rules_of(wish, room) : {}),
            });
            close();
        };
        return async_form(
            app,
            { submit, label: 'Save', testid: 'edit-save' },
            labelled('Name', name),
            labelled('Topic', topic),
            owner && rules(room, wish),
        );
    });
}

function rules(room, wish) {
    const set = (field) => (value) => {
        wish[field] = value;
    };
    const everybody = [
        ['members', 'Everybody'],
        ['admins', 'Admins'],
    ];
    const channel = room.kind === 'channel';
    return [
        channel &&
            labelled(
                'Visibility',
                segmented(
                    'visibility',
                    [
                        ['private', 'Private'],
                        ['public', 'Public'],
                    ],
                    wish.visibility,
                    set('visibility'),
                ),
            ),
        channel
            ? labelled(
                  'Who may write',
                  segmented('posting', everybody, wish.posting || 'members', set('posting')),
              )
            : labelled(
                  'Who may add people',
                  segmented('adding', everybody, wish.adding || 'members', set('adding')),
              ),
        labelled(
            'New members see',
            segmented(
                'history',
                [
                    ['all', 'Everything'],
                    ['joined', 'From joining on'],
                ],
                wish.history || 'all',
                set('history'),
            ),
        ),
    ];
}

function rules_of(wish, room) {
    const settings = {};
    for (const field of ['posting', 'adding', 'history']) {
        if (wish[field] !== undefined && wish[field] !== room.settings[field])
            settings[field] = wish[field];
    }
    const changes = Object.keys(settings).length ? { settings } : {};
    if (wish.visibility !== room.visibility) changes.visibility = wish.visibility;
    return changes;
}

// ---- members

function members_section(app, room) {
    const count = room.members_count ?? room.members?.size;
    const rows = [...(room.members?.values() || [])].sort(
        (a, b) =>
            RANK[b.role] - RANK[a.role] ||
            app.store.name_of(a.user).localeCompare(app.store.name_of(b.user)),
    );
    const hidden = Math.max(count ?? 0, rows.length) - Math.min(rows.length, ROWS_MAX);
    return h(
        'section',
        { class: 'panel-section', 'aria-label': 'Members' },
        h('h3', {}, `Members${count ? ` · ${count}` : ''}`),
        room.members
            ? h(
                  'ul',
                  { class: 'member-list' },
                  rows.slice(0, ROWS_MAX).map((row) => member_row(app, room, row)),
                  hidden > 0 && h('li', { class: 'hint' }, `and ${hidden} more`),
              )
            : h('div', { class: 'spinner-line' }, h('span', { class: 'spinner' })),
    );
}

function member_row(app, room, row) {
    const me = row.user === app.store.me;
    const name = app.store.name_of(row.user);
    const muted = row.muted_until > app.client.server_now();
    return h(
        'li',
        { class: 'member-row', data: { testid: 'member', user: row.user } },
        user_avatar(app, row.user, 's', { dot: true }),
        h(
            'span',
            { class: 'person-text' },
            h('bdi', { class: 'person-name' }, me ? `${name} (you)` : name),
            h(
                'span',
                { class: 'person-username' },
                `@${app.store.user(row.user).username}`,
                muted && ' · muted',
            ),
        ),
        row.role !== 'member' && h('span', { class: `role role-${row.role}` }, row.role),
        !me &&
            icon_button(
                'more',
                `Actions for ${name}`,
                (event) => member_menu(app, room, row, event.currentTarget),
                { 'aria-haspopup': 'menu', data: { testid: 'member-more' } },
            ),
    );
}

function member_menu(app, room, row, anchor) {
    const { user } = row;
    const owner = room.role === 'owner';
    const over = RANK[room.role] > RANK[row.role] && RANK[room.role] >= RANK.admin;
    const muted = row.muted_until > app.client.server_now();
    const say = (type, more) => () =>
        app.attempt(() => app.actions.member(type, room.id, user, more));
    const ask_first = async (title, text, action, act) => {
        if (await confirm_dialog({ title, text, action })) act();
    };
    const name = app.name(user);
    open_menu(anchor, [
        { icon: 'chat', label: 'Message', act: () => app.actions.open_direct(user) },
        owner &&
            row.role !== 'admin' && {
                icon: 'key',
                label: 'Make admin',
                testid: 'make-admin',
                act: say('room.role', { role: 'admin' }),
            },
        owner &&
            row.role !== 'owner' && {
                icon: 'key',
                label: 'Make owner',
                act: () =>
                    ask_first(
                        `Make ${name} an owner?`,
                        'Owners give roles, yours too, and may delete the room.',
                        'Make owner',
                        say('room.role', { role: 'owner' }),
                    ),
            },
        owner &&
            row.role !== 'member' && {
                icon: 'person',
                label: 'Make member',
                act: say('room.role', { role: 'member' }),
            },
        over &&
            !muted && {
                icon: 'clock',
                label: 'Mute for an hour',
                act: say('room.mute', { until: Math.round(app.client.server_now() + HOUR_MS) }),
            },
        over &&
            muted && {
                icon: 'clock',
                label: 'Unmute',
                act: say('room.mute', { until: 0 }),
            },
        over && {
            icon: 'door',
            label: 'Remove',
            danger: true,
            testid: 'remove',
            act: say('room.remove', {}),
        },
        over && {
            icon: 'block',
            label: 'Ban',
            danger: true,
            act: () =>
                ask_first(
                    `Ban ${name}?`,
                    'They are taken out and cannot come back until somebody lets them.',
                    'Ban',
                    say('room.ban', {}),
                ),
        },
    ]);
}
