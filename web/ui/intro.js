// The beginning of a room, and the page that is shown when no room is open.

import { h } from './dom.js';
import { icon, mark } from './icons.js';
import { room_avatar } from './avatar.js';
import { day_label } from './format.js';

export function room_intro(app, room) {
    const { store } = app;
    return h(
        'div',
        { class: 'intro' },
        room_avatar(app, room, 'l'),
        h('h2', {}, h('bdi', {}, store.title_of(room))),
        h('p', { class: 'muted' }, words_for(app, room)),
        room.kind !== 'direct' &&
            room.role !== 'member' &&
            h(
                'button',
                {
                    type: 'button',
                    class: 'button',
                    on: { click: () => app.add_people(room) },
                },
                icon('people', 18),
                'Add people',
            ),
    );
}

function in_words(ts, now) {
    const label = day_label(ts, now);
    return label === 'Today' || label === 'Yesterday' ? label.toLowerCase() : label;
}

function words_for(app, room) {
    if (room.kind === 'direct') {
        if (!room.peer || room.peer === app.store.me) {
            return 'Only you can see this. A good place for lists, links and half-finished thoughts.';
        }
        return `This is the beginning of your conversation with ${app.store.name_of(room.peer)}.`;
    }
    const when = room.created ? ` since ${in_words(room.created, app.client.server_now())}` : '';
    const kind = room.kind === 'channel' ? `A ${room.visibility} channel` : 'A private group';
    return room.topic
        ? `${room.topic} · ${kind}${when}`
        : `${kind}${when}. This is where it begins.`;
}

export function empty_page(app) {
    const button = (sign, words, act, main) =>
        h(
            'button',
            {
                type: 'button',
                class: main ? 'button button-main' : 'button',
                on: { click: act },
            },
            icon(sign, 18),
            words,
        );
    const hall = app.store.sorted_rooms().find((room) => room.visibility === 'public');
    const title = hall && `Say hello in ${app.store.title_of(hall)}`;
    return h(
        'div',
        { class: 'empty-page' },
        mark(64),
        h('h2', {}, app.store.me ? `Hello, ${app.first_name(app.store.me)}` : 'Hello'),
        h(
            'p',
            { class: 'muted' },
            'Choose a conversation on the left, or press ',
            h('kbd', {}, 'Ctrl'),
            ' ',
            h('kbd', {}, 'K'),
            ' to jump to anybody.',
        ),
        h(
            'div',
            { class: 'empty-actions' },
            hall && button('hash', title, () => app.open_room(hall.id), true),
            button('person', 'Message somebody', () => app.new_direct()),
            button('compass', 'Browse channels', () => app.browse()),
        ),
    );
}
