// The middle of the page: head of the room, messages, who is typing, composer.

import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { presence_words, room_avatar } from './avatar.js';
import { icon_button } from './overlay.js';
import { ago, list_names } from './format.js';
import { empty_page } from './intro.js';

export class Conversation {
    constructor(app) {
        this.app = app;
        this.avatar = h('button', {
            type: 'button',
            class: 'head-avatar',
            'aria-label': 'About this room',
            tabindex: -1,
            on: { click: () => app.show_panel('info') },
        });
        this.title = h('h1', { class: 'room-title', data: { testid: 'room-title' }, tabindex: -1 });
        this.subtitle = h('p', { class: 'room-subtitle' });
        this.typing = h('div', { class: 'typing', 'aria-live': 'polite' });
        this.head = h(
            'header',
            { class: 'conversation-head' },
            icon_button('back', 'Back to the list', () => app.close_room(), {
                data: { testid: 'back', only: 'phone' },
            }),
            this.avatar,
            h('div', { class: 'head-text' }, this.title, this.subtitle),
            icon_button('search', 'Search in this room', () => app.show_panel('search')),
            icon_button('info', 'About this room', () => app.show_panel('info'), {
                data: { testid: 'room-info' },
            }),
        );
        this.body = h(
            'div',
            { class: 'conversation-body' },
            this.head,
            app.timeline.element,
            this.typing,
            app.composer.element,
        );
        this.empty = h('div', { class: 'empty-box' });
        this.element = h('main', { class: 'conversation' }, this.body, this.empty);
    }

    show(room) {
        this.body.hidden = !room;
        this.empty.hidden = Boolean(room);
        if (!room) {
            fill(this.empty, this.app.ready_once && empty_page(this.app));
            return;
        }
        this.render_head(room);
        this.render_typing(room);
    }

    render_head(room) {
        const { store } = this.app;
        fill(this.avatar, room_avatar(this.app, room, 'm'));
        fill(this.title, h('bdi', {}, store.title_of(room)));
        fill(this.subtitle, this.subtitle_of(room));
    }

    subtitle_of(room) {
        const { store, client } = this.app;
        if (room.kind === 'direct') {
            if (!room.peer || room.peer === store.me) return 'Only you can see this';
            const presence = store.presence.get(room.peer);
            const words = presence_words(this.app, room.peer);
            if (words) return words;
            if (presence?.last_seen)
                return `Last seen ${ago(presence.last_seen, client.server_now())}`;
            return `@${store.user(room.peer).username}`;
        }
        const count = room.members_count;
        const people = count === undefined ? '' : `${count} ${count === 1 ? 'member' : 'members'}`;
        return [people, room.topic].filter(Boolean).join(' · ');
    }

    render_typing(room) {
        const { app } = this;
        const names = app.store.typing_in(room).map((id) => app.first_name(id));
        this.typing.classList.toggle('is-on', names.length > 0);
        if (names.length === 0) {
            fill(this.typing);
            return;
        }
        const dots = h(
            'span',
            { class: 'typing-dots', 'aria-hidden': 'true' },
            h('i'),
            h('i'),
            h('i'),
        );
        fill(
            this.typing,
            dots,
            `${list_names(names, 3)} ${names.length === 1 ? 'is' : 'are'} typing`,
        );
    }
}

// The line on top of the page that tells how the connection is.
export class Banner {
    constructor(app) {
        this.app = app;
        this.element = h('div', {
            class: 'banner',
            role: 'status',
            'aria-live': 'polite',
            data: { testid: 'connection-banner', state: 'connecting', phase: 'first' },
        });
    }

    // phase: first, trying, waiting, catching, back, online, stopped
    show(phase, state = {}) {
        clearInterval(this.timer);
        const look = {
            first: 'connecting',
            trying: 'connecting',
            catching: 'connecting',
            waiting: 'offline',
            stopped: 'offline',
            back: 'online',
            online: 'online',
        }[phase];
        Object.assign(this.element.dataset, { state: look, phase });
        const write = () => fill(this.element, ...this.words(phase, state));
        write();
        if (phase === 'waiting') this.timer = setInterval(write, 1000);
    }

    words(phase, state) {
        const spinner = h('span', { class: 'spinner', 'aria-hidden': 'true' });
        const again = (label) =>
            h(
                'button',
                {
                    type: 'button',
                    class: 'banner-button',
                    on: { click: () => this.app.client.hurry() },
                },
                label,
            );
        if (phase === 'first') return [spinner, 'Connecting…'];
        if (phase === 'trying') return [spinner, 'Connection lost. Reconnecting…'];
        if (phase === 'catching') return [spinner, 'Connected. Catching up…'];
        if (phase === 'back') return [icon('check', 16), 'Back online. You are up to date.'];
        if (phase === 'waiting') {
            const left = Math.max(0, Math.ceil((state.retry_at - Date.now()) / 1000));
            return [
                'No connection. ',
                left > 0 ? `Next try in ${left} s.` : 'Trying…',
                again('Try now'),
            ];
        }
        if (phase === 'stopped')
            return [STOPPED[state.why] || 'Disconnected.', again('Connect here')];
        return [];
    }
}

const STOPPED = {
    replaced: 'This connection was continued somewhere else.',
    too_many: 'You are connected in too many places.',
    broken: 'The server does not understand this page. Reload it to get a newer one.',
};
