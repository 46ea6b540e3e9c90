// Searching messages, in one room or in all of mine.

import { debounce, fill, h } from './dom.js';
import { user_avatar } from './avatar.js';
import { segmented } from './forms.js';
import { short_when } from './format.js';
import { icon } from './icons.js';

export function search_panel(app, room, begin) {
    let scope = room ? begin : 'all';
    let next;
    let round = 0;
    const list = h('ul', { class: 'hits' });
    const status = h('p', { class: 'hint', 'aria-live': 'polite' });
    const more = h(
        'button',
        { type: 'button', class: 'button', hidden: true, on: { click: () => find(true) } },
        'More',
    );
    const input = h('input', {
        type: 'search',
        class: 'field',
        placeholder: 'Search messages',
        'aria-label': 'Search messages',
        autofocus: true,
        data: { testid: 'search-input' },
        on: { input: debounce(() => find(false), 250) },
    });

    async function find(go_on) {
        const q = input.value.trim();
        const mine = ++round;
        if (!go_on) fill(list);
        more.hidden = true;
        if (q.length < 2) {
            fill(status, 'Type two letters or more.');
            return;
        }
        try {
            const ask = {
                q,
                room: scope === 'room' ? room.id : undefined,
                cursor: go_on ? next : undefined,
            };
            const answer = await app.actions.search(ask);
            if (mine !== round) return;
            next = answer.next;
            more.hidden = !next;
            for (const hit of answer.hits) list.append(hit_row(app, hit, q));
            const nothing = next ? 'Nothing found so far.' : 'Nothing found.';
            fill(status, list.children.length ? '' : nothing);
        } catch (error) {
            fill(status, app.words(error));
        }
    }
    fill(status, 'Type two letters or more.');
    return h(
        'div',
        { class: 'search-panel' },
        input,
        room &&
            segmented(
                'scope',
                [
                    ['room', 'This room'],
                    ['all', 'All rooms'],
                ],
                scope,
                (value) => {
                    scope = value;
                    find(false);
                },
            ),
        status,
        list,
        more,
    );
}

function hit_row(app, hit, q) {
    const room = app.store.rooms.get(hit.room);
    return h(
        'li',
        {},
        h(
            'button',
            {
                type: 'button',
                class: 'hit',
                data: { testid: 'hit' },
                on: { click: () => app.jump_to(hit.room, hit.seq) },
            },
            user_avatar(app, hit.from, 's'),
            h(
                'span',
                { class: 'hit-text' },
                h(
                    'span',
                    { class: 'hit-top' },
                    h('bdi', { class: 'person-name' }, app.store.name_of(hit.from)),
                    h('time', { class: 'room-when' }, short_when(hit.ts, app.client.server_now())),
                ),
                h('span', { class: 'hit-words', dir: 'auto' }, marked(excerpt(hit.text, q), q)),
                room &&
                    h('span', { class: 'hit-room' }, icon('chat', 13), app.store.title_of(room)),
            ),
        ),
    );
}

function excerpt(text, q) {
    const at = text.toLowerCase().indexOf(q.toLowerCase());
    const start = at > 60 ? at - 40 : 0;
    return (start ? '…' : '') + text.slice(start, start + 200);
}

function marked(text, q) {
    const at = text.toLowerCase().indexOf(q.toLowerCase());
    if (at < 0) return text;
    return [
        text.slice(0, at),
        h('mark', {}, text.slice(at, at + q.length)),
        text.slice(at + q.length),
    ];
}
