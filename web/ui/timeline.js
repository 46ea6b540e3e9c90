// The scrolling conversation: a bounded window of rows over the messages in memory.
//
// Happy path: render() makes at most ROWS_MAX rows; scrolling near an edge moves the window, then
// loads more history; what one looks at stays where it is, because the topmost visible row is
// measured before a change and put back after it.
// How it fails: a page that cannot be loaded leaves a line to try again.

import { element_of, fill, h, reconcile } from './dom.js';
import { icon } from './icons.js';
import { day_label, day_of } from './format.js';
import { message_row, notice_row } from './message.js';
import { room_intro } from './intro.js';
import { index_of } from '../fold.js';
import { crowd_at } from '../notices.js';

const ROWS_MAX = 300;
const ROWS_FIRST = 80;
const ROWS_STEP = 60;
const EDGE_PX = 500;
const STICK_PX = 60;
const GROUP_MS = 5 * 60_000;
const RECEIPTS_MEMBERS_MAX = 32;

export class Timeline {
    constructor(app) {
        this.app = app;
        this.rows = h('div', { class: 'rows' });
        this.scroller = h(
            'div',
            {
                class: 'timeline',
                role: 'log',
                'aria-label': 'Messages',
                'aria-live': 'off',
                tabindex: 0,
                data: { testid: 'timeline' },
                on: { scroll: () => this.scrolled(), keydown: (event) => this.key(event) },
            },
            this.rows,
        );
        this.jump = h(
            'button',
            {
                type: 'button',
                class: 'jump',
                'aria-label': 'Go to the newest message',
                hidden: true,
                on: { click: () => this.to_newest() },
            },
            h('span', { class: 'jump-count' }),
            icon('down'),
        );
        this.element = h('div', { class: 'timeline-box' }, this.scroller, this.jump);
        new ResizeObserver(() => {
            if (this.stick) this.to_bottom();
        }).observe(this.scroller);
        this.room = null;
    }

    show(room) {
        this.room = room;
        this.top_seq = null;
        this.stick = true;
        this.failed = null;
        this.render();
        if (!room) return;
        if (room.newer) this.app.store.unload(room);
        if (room.loaded) this.scroll_to_start(room);
        else this.load('newest');
    }

    // Opens at the first unread message if there is one, else at the end.
    scroll_to_start() {
        this.render();
        const divider = element_of(this.rows, 'new');
        if (
            divider &&
            divider.offsetTop < this.scroller.scrollHeight - this.scroller.clientHeight
        ) {
            this.stick = false;
            this.scroller.scrollTop = divider.offsetTop - 80;
        } else {
            this.to_bottom();
        }
        this.scrolled();
    }

    async load(where, seq) {
        const { room } = this;
        const { sync } = this.app;
        this.failed = null;
        const loads = {
            newest: () => sync.load_newest(room.id),
            older: () => sync.load_older(room.id),
            newer: () => sync.load_newer(room.id),
            around: () => sync.load_around(room.id, seq),
        };
        try {
            await loads[where]();
        } catch (error) {
            this.failed = { where, seq, text: this.app.words(error) };
        }
        if (this.room !== room) return;
        if (where === 'newest' && room.loaded) this.scroll_to_start();
        else this.render();
    }

    async to_message(seq) {
        const { room } = this;
        const at = index_of(room.list, seq);
        if (room.list[at]?.seq !== seq) {
            this.stick = false;
            await this.load('around', seq);
        }
        if (this.room !== room) return;
        const here = index_of(room.list, seq);
        this.stick = false;
        this.top_seq = room.list[Math.max(0, here - ROWS_STEP)]?.seq ?? null;
        this.render();
        const row = this.scroller.querySelector(`[data-seq="${Number(seq)}"]`);
        if (!row) return;
        row.scrollIntoView({ block: 'center' });
        row.classList.add('is-found');
        row.focus({ preventScroll: true });
        setTimeout(() => row.classList.remove('is-found'), 2000);
    }

    async to_newest() {
        this.top_seq = null;
        this.stick = true;
        if (this.room.newer) {
            this.app.store.unload(this.room);
            await this.load('newest');
        }
        this.render();
        this.to_bottom();
        this.scrolled();
    }

    to_bottom() {
        this.scroller.scrollTop = this.scroller.scrollHeight;
    }

    get at_end() {
        return (
            this.stick &&
            Boolean(this.room) &&
            !this.room.newer &&
            this.end === this.room.list.length
        );
    }

    scrolled() {
        const { room, scroller } = this;
        if (!room?.loaded) return;
        const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
        this.stick = below < STICK_PX && this.end === room.list.length && !room.newer;
        if (scroller.scrollTop < EDGE_PX) this.need_older();
        else if (below < EDGE_PX && !this.stick) this.need_newer();
        this.show_jump(below);
        if (this.stick) this.app.saw(room);
    }

    need_older() {
        const { room } = this;
        if (this.start > 0) this.move(Math.max(0, this.start - ROWS_STEP));
        else if (room.older && !room.fetching && !this.failed) this.load('older');
    }

    need_newer() {
        const { room } = this;
        if (this.end < room.list.length) this.move(this.start + ROWS_STEP);
        else if (room.newer && !room.fetching && !this.failed) this.load('newer');
    }

    move(start) {
        this.top_seq = this.room.list[start]?.seq ?? null;
        this.render();
    }

    show_jump(below) {
        const away = !this.stick && (below > 300 || this.room.newer);
        this.jump.hidden = !away;
        const unread = this.app.store.unread(this.room);
        fill(this.jump.firstChild, unread > 0 ? (unread > 99 ? '99+' : unread) : '');
    }

    // ---- rendering

    render() {
        const { room, rows, scroller } = this;
        if (!room) {
            reconcile(rows, []);
            return;
        }
        this.choose_window();
        const anchor = this.stick ? null : this.find_anchor();
        reconcile(rows, room.loaded ? this.items() : this.waiting_items());
        if (this.stick) this.to_bottom();
        else if (anchor?.element.isConnected) {
            scroller.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top;
        } else if (anchor) this.find_again(anchor);
        scroller.setAttribute('aria-busy', room.loaded ? 'false' : 'true');
    }

    // Which messages become rows: from top_seq on, or the last ones while the end is in view.
    choose_window() {
        const { list } = this.room;
        if (this.top_seq === null) this.start = Math.max(0, list.length - ROWS_FIRST);
        else this.start = Math.min(index_of(list, this.top_seq), list.length);
        if (this.stick) this.start = Math.max(this.start, list.length - ROWS_MAX);
        this.end = Math.min(list.length, this.start + ROWS_MAX);
        this.top_seq = list[this.start]?.seq ?? null;
    }

    find_anchor() {
        const edge = this.scroller.getBoundingClientRect().top;
        for (const element of this.rows.children) {
            if (!element.dataset.key && !element.dataset.seq) continue;
            const box = element.getBoundingClientRect();
            if (box.bottom > edge) return { element, top: box.top, seq: element.dataset.seq };
        }
        return null;
    }

    find_again({ seq, top }) {
        const element = seq && this.rows.querySelector(`[data-seq="${Number(seq)}"]`);
        if (element) this.scroller.scrollTop += element.getBoundingClientRect().top - top;
    }

    waiting_items() {
        if (this.failed) return [this.failure_item()];
        return [
            {
                key: 'skeleton',
                sig: '',
                make: () =>
                    h(
                        'div',
                        { class: 'skeletons', 'aria-hidden': 'true' },
                        [62, 38, 74, 45, 28, 66].map((width, i) =>
                            h('div', {
                                class: `skeleton ${i % 3 === 2 ? 'is-mine' : ''} w-${width}`,
                            }),
                        ),
                    ),
            },
        ];
    }

    failure_item() {
        const { where, seq, text } = this.failed;
        return {
            key: 'failed',
            sig: text + where,
            make: () =>
                h(
                    'div',
                    { class: 'load-failed' },
                    text,
                    ' ',
                    h(
                        'button',
                        {
                            type: 'button',
                            class: 'link-button',
                            on: { click: () => this.load(where, seq) },
                        },
                        'Try again',
                    ),
                ),
        };
    }

    items() {
        const { room, app } = this;
        const shown = room.list.slice(this.start, this.end);
        const at_tail = !room.newer && this.end === room.list.length;
        const all = at_tail ? [...shown, ...room.pending] : shown;
        const items = this.head_items(room);
        const seen = this.seen_places(room, all);
        let before = this.start > 0 ? room.list[this.start - 1] : null;
        let new_shown = false;
        for (let i = 0; i < all.length; i += 1) {
            const row = all[i];
            const divider = this.dividers(room, before, row, new_shown);
            if (divider.fresh) new_shown = true;
            items.push(...divider.items);
            const fresh_start = divider.items.length > 0;
            if (row.notice) {
                const crowd = crowd_at(all, i, same_day);
                items.push(this.notice_item(crowd));
                i += crowd.length - 1;
            } else {
                const above = fresh_start ? null : before;
                items.push(this.message_item(room, row, above, all[i + 1], seen));
            }
            before = row;
        }
        if (room.newer && room.fetching === 'newer') items.push(spinner_item('spin-new'));
        if (this.failed) items.push(this.failure_item());
        if (app.composer) this.last_own = all.findLast((row) => own_text(row, app.store.me));
        return items;
    }

    head_items(room) {
        if (this.start > 0 || room.older)
            return room.older && this.start === 0 ? [spinner_item('spin-old')] : [];
        const { app } = this;
        return [
            {
                key: 'intro',
                sig: `${app.store.title_of(room)}|${room.topic}|${room.created}|${room.role}`,
                make: () => room_intro(app, room),
            },
        ];
    }

    dividers(room, before, row, new_shown) {
        const items = [];
        const now = this.app.client.server_now();
        if (!before || day_of(before.ts) !== day_of(row.ts)) {
            const label = day_label(row.ts, now);
            items.push({
                key: `day${day_of(row.ts)}`,
                sig: label,
                make: () => h('div', { class: 'divider', role: 'separator' }, h('span', {}, label)),
            });
        }
        const fresh =
            !new_shown &&
            room.marker_n > 0 &&
            row.n > room.marker_n &&
            row.from !== this.app.store.me;
        if (fresh) {
            items.push({
                key: 'new',
                sig: '',
                make: () =>
                    h(
                        'div',
                        {
                            class: 'divider divider-new',
                            role: 'separator',
                            data: { testid: 'new-divider' },
                        },
                        h('span', {}, 'New'),
                    ),
            });
        }
        return { items, fresh: Boolean(fresh) };
    }

    notice_item(crowd) {
        const { app } = this;
        const people = crowd.flatMap(({ notice }) => [notice.user, notice.by]);
        const sig = people.map((id) => id && app.name(id)).join('|');
        return { key: crowd[0].key, sig, make: () => notice_row(app, crowd) };
    }

    message_item(room, row, before, after, seen) {
        const { app } = this;
        const me = app.store.me;
        const direct = room.kind === 'direct';
        const quoted = row.reply_to ? app.find_message(room, row.reply_to) : null;
        const place = {
            first: !grouped(before, row),
            last: !after || !grouped(row, after) || after.n - 1 === room.marker_n,
            direct,
            quoted,
            seen: seen.by_key.get(row.key) || [],
            read: direct && row.from === me && row.state === 'sent' && row.n <= seen.peer_n,
        };
        const sig = [
            row.version,
            row.state,
            row.seq,
            row.error,
            place.first,
            place.last,
            place.read,
            place.seen,
            room.role,
            app.store.name_of(row.from),
            quoted && [quoted.version, app.store.name_of(quoted.from)],
            row.mentions.map((id) => app.store.user(id).username),
        ].join('|');
        return { key: row.key, sig, make: () => message_row(app, room, row, place) };
    }

    // Small pictures of the readers below the last message that each of them has read.
    seen_places(room, rows) {
        const by_key = new Map();
        let peer_n = 0;
        if (room.kind === 'direct') {
            peer_n = Math.max(0, ...room.receipts.values());
            return { by_key, peer_n };
        }
        if ((room.members_count ?? 0) > RECEIPTS_MEMBERS_MAX) return { by_key, peer_n };
        const messages = rows.filter((row) => row.n);
        for (const [user, read_n] of room.receipts) {
            const row = messages.findLast((message) => message.n <= read_n);
            if (!row || row.from === user) continue;
            by_key.set(row.key, [...(by_key.get(row.key) || []), user]);
        }
        return { by_key, peer_n };
    }

    key(event) {
        if (event.target.closest('input, textarea')) return;
        if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
        const rows = [...this.rows.querySelectorAll('.message')];
        const at = rows.indexOf(document.activeElement?.closest('.message'));
        const next = at < 0 ? rows.length - 1 : at + (event.key === 'ArrowUp' ? -1 : 1);
        event.preventDefault();
        if (next >= rows.length) this.app.composer.focus();
        else rows[Math.max(0, next)]?.focus();
    }
}

function own_text(row, me) {
    return row.from === me && row.state === 'sent' && !row.deleted && !row.notice;
}

function grouped(before, row) {
    return (
        Boolean(before) &&
        !before.notice &&
        !row.notice &&
        before.from === row.from &&
        row.ts - before.ts < GROUP_MS &&
        same_day(before, row)
    );
}

const same_day = (one, other) => day_of(one.ts) === day_of(other.ts);

const spinner_item = (key) => ({
    key,
    sig: '',
    make: () =>
        h(
            'div',
            { class: 'spinner-line' },
            h('span', { class: 'spinner', role: 'img', 'aria-label': 'Loading' }),
        ),
});
