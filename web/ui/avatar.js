// Round pictures made from initials, with a dot for presence; rooms get a sign of their kind.

import { h } from './dom.js';
import { icon } from './icons.js';
import { hue_of, initials } from './format.js';

export function user_avatar(app, id, size = 'm', { dot = false } = {}) {
    const name = app.store.name_of(id);
    const state = dot ? app.store.presence.get(id)?.state : undefined;
    return h(
        'span',
        { class: `avatar avatar-${size} hue-${hue_of(id)}`, 'aria-hidden': 'true' },
        h('span', { class: 'avatar-letters' }, initials(name)),
        dot && h('span', { class: 'dot', data: { state: state || 'offline' } }),
    );
}

export function room_avatar(app, room, size = 'm') {
    if (room.kind === 'direct') {
        if (room.peer && room.peer !== app.store.me)
            return user_avatar(app, room.peer, size, { dot: true });
        return h(
            'span',
            { class: `avatar avatar-${size} avatar-note`, 'aria-hidden': 'true' },
            icon('note'),
        );
    }
    const sign =
        room.kind === 'channel'
            ? icon(room.visibility === 'public' ? 'hash' : 'lock', size === 'l' ? 30 : 20)
            : h('span', { class: 'avatar-letters' }, initials(app.store.title_of(room)));
    return h(
        'span',
        {
            class: `avatar avatar-${size} avatar-room hue-${hue_of(room.id)}`,
            'aria-hidden': 'true',
        },
        sign,
    );
}

export function presence_words(app, id) {
    const presence = app.store.presence.get(id);
    if (presence?.state === 'online') return 'Online';
    if (presence?.state === 'away') return 'Away';
    return '';
}
