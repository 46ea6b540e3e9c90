// The list of rooms with unread counts, last messages and times.

import { fill, h, reconcile } from './dom.js';
import { icon, mark } from './icons.js';
import { room_avatar, user_avatar } from './avatar.js';
import { icon_button, open_menu } from './overlay.js';
import { list_names, short_when } from './format.js';

function one_line(text) {
    return text.replace(/\s+/g, ' ').trim().slice(0, 120);
}

export class Sidebar {
    constructor(app) {
        this.app = app;
        this.filter = '';
        this.me = h('button', {
            type: 'button',
            class: 'me-button',
            'aria-label': 'Your account',
            title: 'Your account',
            data: { testid: 'account' },
            on: { click: () => app.account() },
        });
        this.search = h('input', {
            type: 'search',
            class: 'filter',
            placeholder: 'Filter conversations',
            'aria-label': 'Filter conversations',
            on: {
                input: () => {
                    this.filter = this.search.value.trim().toLowerCase();
                    this.render();
                },
            },
        });
        this.rooms = h('ul', { class: 'room-list', data: { testid: 'room-list' } });
        this.nothing = h('div', { class: 'room-list-empty', hidden: true });
        this.element = h(
            'aside',
            { class: 'sidebar', 'aria-label': 'Conversations' },
            h(
                'header',
                { class: 'sidebar-head' },
                h('div', { class: 'brand' }, mark(28), h('span', {}, 'Chattifier')),
                icon_button('search', 'Search messages', () => app.show_panel('search', 'all'), {
                    data: { testid: 'search' },
                }),
                icon_button('plus', 'New conversation', (event) => this.menu(event.currentTarget), {
                    'aria-haspopup': 'menu',
                    data: { testid: 'new-menu' },
                }),
                this.me,
            ),
            h('div', { class: 'filter-line' }, icon('search', 16), this.search),
            h('nav', { class: 'room-nav', 'aria-label': 'Rooms' }, this.rooms, this.nothing),
            h(
                'footer',
                { class: 'sidebar-foot' },
                h(
                    'button',
                    {
                        type: 'button',
                        class: 'foot-button',
                        data: { testid: 'new-direct' },
                        on: { click: () => app.new_direct() },
                    },
                    icon('person', 18),
                    'Message',
                ),
                h(
                    'button',
                    {
                        type: 'button',
                        class: 'foot-button',
                        data: { testid: 'new-room' },
                        on: { click: () => app.new_room() },
                    },
                    icon('people', 18),
                    'New room',
                ),
                h(
                    'button',
                    {
                        type: 'button',
                        class: 'foot-button',
                        data: { testid: 'browse' },
                        on: { click: () => app.browse() },
                    },
                    icon('compass', 18),
                    'Channels',
                ),
            ),
        );
    }

    menu(anchor) {
        const { app } = this;
        open_menu(anchor, [
            { icon: 'person', label: 'Message somebody', act: () => app.new_direct() },
            { icon: 'people', label: 'New group or channel', act: () => app.new_room() },
            { icon: 'compass', label: 'Browse public channels', act: () => app.browse() },
            {
                icon: 'note',
                label: 'Notes to self',
                act: () => app.actions.open_direct(app.store.me),
            },
        ]);
    }

    render_me() {
        const { app } = this;
        fill(this.me, user_avatar(app, app.store.me, 's'));
    }

    render() {
        const { app } = this;
        if (!app.ready_once) {
            reconcile(
                this.rooms,
                [1, 2, 3, 4, 5].map((key) => ({
                    key: `wait${key}`,
                    sig: '',
                    make: () => h('li', { class: 'room-skeleton', 'aria-hidden': 'true' }),
                })),
            );
            return;
        }
        const rooms = app.store.sorted_rooms().filter((room) => this.fits(room));
        reconcile(
            this.rooms,
            rooms.map((room) => this.item(room)),
        );
        this.nothing.hidden = rooms.length > 0;
        if (rooms.length === 0) {
            fill(
                this.nothing,
                this.filter
                    ? 'No conversation has that name.'
                    : 'Nothing here yet. Write to somebody or join a channel.',
            );
        }
    }

    fits(room) {
        return !this.filter || this.app.store.title_of(room).toLowerCase().includes(this.filter);
    }

    item(room) {
        const { app } = this;
        const { store } = app;
        const now = app.client.server_now();
        const view = {
            title: store.title_of(room),
            unread: store.unread(room),
            mentioned: room.mentioned,
            open: app.current === room.id,
            when: room.last ? short_when(room.last.ts, now) : '',
            preview: this.preview(room),
            presence: room.peer ? store.presence.get(room.peer)?.state : '',
            kind: room.kind + room.visibility,
        };
        return { key: room.id, sig: JSON.stringify(view), make: () => this.make_item(room, view) };
    }

    preview(room) {
        const { app } = this;
        const typing = app.store.typing_in(room);
        if (typing.length) {
            const names =
                room.kind === 'direct'
                    ? ''
                    : `${list_names(
                          typing.map((id) => app.first_name(id)),
                          2,
                      )} `;
            return { typing: `${names}typing…` };
        }
        const draft = app.current === room.id ? '' : app.drafts.get(room.id);
        if (draft) return { draft: true, text: one_line(draft) };
        const { last } = room;
        if (!last) return { text: room.topic || 'No messages yet' };
        const text = last.deleted ? 'Message deleted' : one_line(last.text);
        if (last.from === app.store.me) return { who: 'You', text };
        return room.kind === 'direct' ? { text } : { who: app.first_name(last.from), text };
    }

    make_item(room, view) {
        const { app } = this;
        const { preview } = view;
        const unread =
            view.unread > 0 &&
            h(
                'span',
                {
                    class: view.mentioned ? 'badge is-mention' : 'badge',
                    data: { testid: 'unread' },
                    'aria-label': `${view.unread} unread`,
                },
                view.mentioned ? `@ ${view.unread}` : view.unread > 999 ? '999+' : view.unread,
            );
        return h(
            'li',
            {},
            h(
                'a',
                {
                    class: `room-item${view.open ? ' is-open' : ''}${view.unread ? ' is-unread' : ''}`,
                    href: `#/room/${room.id}`,
                    'aria-current': view.open ? 'page' : undefined,
                    data: { testid: 'room-item', room: room.id, name: view.title },
                    on: { click: () => app.focus_soon() },
                },
                room_avatar(app, room, 'm'),
                h(
                    'span',
                    { class: 'room-text' },
                    h(
                        'span',
                        { class: 'room-top' },
                        h('bdi', { class: 'room-name' }, view.title),
                        h('time', { class: 'room-when' }, view.when),
                    ),
                    h(
                        'span',
                        { class: 'room-bottom' },
                        preview.typing
                            ? h('span', { class: 'room-preview is-typing' }, preview.typing)
                            : h(
                                  'span',
                                  { class: 'room-preview' },
                                  preview.draft && h('span', { class: 'room-draft' }, 'Draft '),
                                  preview.who &&
                                      h('span', { class: 'room-who' }, `${preview.who}: `),
                                  preview.text,
                              ),
                        unread,
                    ),
                ),
            ),
        );
    }
}
