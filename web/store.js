// What this client knows: rooms, their messages, people. No page, no network.
//
// Happy path: entries (of sync, room.list, room.get) make rooms, history fills their windows,
// events are applied in order of seq; listeners are told what changed.
// How it fails: apply() says "old" for what is known, "gap" when something is missing before the
// event, and "unknown" for rooms it never heard of; the caller (sync.js) fetches what is needed.
//
// A room's window is the stretch of history that is in memory: contiguous, sorted by seq. `older`
// says that there is more above it, `newer` that it does not reach the newest message (after a
// jump).

import { is_gap } from './client.js';
import {
    find,
    fold_deleted,
    fold_edited,
    fold_reaction,
    index_of,
    message_from,
    put,
} from './fold.js';
import { is_told } from './notices.js';

const KEEP_MESSAGES = 250;

function new_room(id) {
    return {
        id,
        kind: 'group',
        name: '',
        topic: '',
        visibility: 'private',
        peer: null,
        role: 'member',
        settings: {},
        members_count: undefined,
        seq: 0,
        n: 0,
        read_n: 0,
        mentioned: false,
        last: null,
        creator: null,
        created: 0,
        members: null,
        receipts: new Map(),
        typing: new Map(),
        list: [],
        pending: [],
        loaded: false,
        older: false,
        newer: false,
        marker_n: null,
        stamp: 0,
        backlog: null,
    };
}

export class Store {
    constructor({ now } = {}) {
        this.now = now || (() => Date.now());
        this.listeners = [];
        this.reset(null);
    }

    reset(me) {
        this.me = me;
        this.rooms = new Map();
        this.users = new Map();
        this.presence = new Map();
        this.blocked = new Set();
        this.own_cids = new Set();
    }

    listen(listener) {
        this.listeners.push(listener);
    }

    // what: rooms, room, messages, members, typing, receipts, users, presence, gone
    tell(what, room) {
        for (const listener of this.listeners) listener(what, room);
    }

    // ---- people

    learn_users(users) {
        if (!users) return;
        const rows = Array.isArray(users) ? users : Object.entries(users).map(with_id);
        for (const row of rows) {
            if (!row?.id) continue;
            this.users.set(row.id, { ...this.users.get(row.id), ...row });
        }
        if (rows.length) this.tell('users');
    }

    user(id) {
        return this.users.get(id) || { id, username: '', display_name: '', unknown: true };
    }

    name_of(id) {
        const user = this.user(id);
        return user.display_name || user.username || (user.unknown ? '…' : 'Deleted user');
    }

    set_presence(event) {
        this.presence.set(event.user, { state: event.state, last_seen: event.last_seen });
        this.tell('presence');
    }

    // ---- rooms

    unread(room) {
        return Math.max(0, room.n - room.read_n);
    }

    total_unread() {
        let total = 0;
        for (const room of this.rooms.values()) total += this.unread(room);
        return total;
    }

    sorted_rooms() {
        const when = (room) => room.last?.ts || room.created || room.stamp;
        return [...this.rooms.values()].sort((a, b) => when(b) - when(a) || (a.id < b.id ? -1 : 1));
    }

    title_of(room) {
        if (room.kind !== 'direct') return room.name || 'Untitled';
        if (!room.peer || room.peer === this.me) return 'Notes to self';
        return this.name_of(room.peer);
    }

    // One entry of sync, room.list or room.get. A room whose window is open keeps its own seq: what
    // lies between is fetched as events.
    apply_entry(entry) {
        const id = entry.room ?? entry.id;
        const room = this.rooms.get(id) || new_room(id);
        const seq = entry.seq ?? 0;
        if (seq >= room.seq) copy_present(room, entry);
        if (entry.members !== undefined) room.members_count = entry.members;
        room.n = Math.max(room.n, entry.n ?? 0);
        room.read_n = Math.max(room.read_n, entry.read_n ?? 0);
        if (entry.mentioned !== undefined) room.mentioned = entry.mentioned;
        if (entry.last && entry.last.seq >= (room.last?.seq ?? 0)) room.last = { ...entry.last };
        if (!room.loaded && seq > room.seq) {
            room.seq = seq;
            room.members = null;
        }
        if (!room.stamp) room.stamp = entry.created || this.now();
        this.rooms.set(id, room);
        this.tell('rooms', id);
        this.tell('room', id);
        return room;
    }

    forget_room(id, why) {
        if (!this.rooms.delete(id)) return;
        this.tell('gone', id, why);
        this.tell('rooms', id);
    }

    // ---- events of a room

    // `trusted` is for pages of the log, which are whole by themselves.
    apply(event, { trusted = false } = {}) {
        const room = this.rooms.get(event.room);
        if (!room) return 'unknown';
        if (event.seq <= room.seq) return 'old';
        if (!trusted && is_gap(event, room.seq)) return 'gap';
        room.seq = event.seq;
        const fold = FOLDS[event.type];
        if (fold) fold(this, room, event);
        room.backlog?.push(event);
        return 'applied';
    }

    on_message(room, event) {
        const mine = event.from === this.me;
        room.n = Math.max(room.n, event.n);
        const { seq, from, ts, text = '' } = event;
        room.last = { seq, from, ts, text, deleted: event.deleted || event.text === undefined };
        if (mine) room.read_n = Math.max(room.read_n, event.n);
        else if (event.mentions?.includes(this.me)) room.mentioned = true;
        room.typing.delete(event.from);
        if (mine) this.drop_pending(room, event.cid);
        if (room.loaded && !room.newer) this.place(room, event, event.seq);
        this.tell('messages', room.id);
        this.tell('rooms', room.id);
    }

    // The key of a row must not change when a pending message becomes a real one.
    place(room, source, asof) {
        const message = message_from(source, asof);
        if (source.from === this.me && this.own_cids.has(source.cid))
            message.key = `c${source.cid}`;
        return put(room.list, message);
    }

    on_change(room, event, fold) {
        const message = find(room.list, event.target);
        if (message) fold(message, event, this.me);
        this.tell('messages', room.id);
    }

    on_member(room, event) {
        if (event.user === this.me && event.state !== 'joined') {
            if (event.state !== 'unbanned') this.forget_room(room.id, event.state);
            return;
        }
        if (event.user === this.me) Object.assign(room, { role: event.role || room.role });
        const fresh = this.update_member(room, event);
        if (room.loaded && !room.newer) this.put_notice(room, event, fresh);
        this.tell('members', room.id);
        this.tell('messages', room.id);
        this.tell('room', room.id);
    }

    // Keeps the list of members true, if it was fetched. Says whether the person is new, if known.
    update_member(room, event) {
        const here = event.state === 'joined';
        if (!room.members) return undefined;
        const known = room.members.get(event.user);
        if (here) {
            const { role, muted_until } = event;
            room.members.set(event.user, { ...known, user: event.user, role, muted_until });
        } else {
            room.members.delete(event.user);
        }
        if (room.members_count !== undefined) {
            if (here && !known) room.members_count += 1;
            if (!here && known) room.members_count -= 1;
        }
        return room.members_partial ? undefined : here && !known;
    }

    put_notice(room, event, fresh) {
        if (!is_told(event)) return;
        const notice = {
            key: `s${event.seq}`,
            seq: event.seq,
            ts: event.ts,
            notice: event,
            fresh,
            asof: event.seq,
            version: 0,
        };
        if (!find(room.list, event.seq))
            room.list.splice(index_of(room.list, event.seq), 0, notice);
    }

    on_room(room, event) {
        for (const field of ['name', 'topic', 'visibility', 'kind']) {
            if (event[field] !== undefined) room[field] = event[field];
        }
        Object.assign(room.settings, event.settings);
        if (event.type === 'room.created')
            Object.assign(room, { creator: event.by, created: event.ts });
        if (room.loaded && !room.newer) this.put_notice(room, event);
        this.tell('room', room.id);
        this.tell('rooms', room.id);
        this.tell('messages', room.id);
    }

    // ---- windows of history

    // Events that come while a page is on its way may be newer than the page: they are remembered.
    begin_history(id) {
        const room = this.rooms.get(id);
        if (room && !room.backlog) room.backlog = [];
    }

    // where: newest and around replace the window, older and newer extend it.
    apply_history(id, { messages, head, more }, where) {
        const room = this.rooms.get(id);
        if (!room) return;
        if (where === 'newest' || where === 'around') {
            const notices = where === 'newest' ? room.list.filter((row) => row.notice) : [];
            const low = messages[0]?.seq ?? 0;
            room.list = notices.filter((row) => row.seq > low);
            room.loaded = true;
        }
        const asof = head ?? room.seq;
        for (const message of messages) this.place(room, message, Math.max(asof, message.seq));
        this.set_edges(room, messages, Boolean(more), where);
        if (where === 'newest') this.settle_newest(room, messages);
        this.replay(room);
        this.tell('messages', id);
    }

    replay(room) {
        const events = room.backlog || [];
        room.backlog = null;
        for (const event of events) {
            if (event.type === 'message' && !room.newer) this.place(room, event, event.seq);
            const fold = MESSAGE_FOLDS[event.type];
            const message = fold && find(room.list, event.target);
            if (message) fold(message, event, this.me);
        }
    }

    set_edges(room, messages, more, where) {
        const first_n = messages[0]?.n ?? 1;
        const last_n = messages.at(-1)?.n ?? room.n;
        if (where === 'newest') Object.assign(room, { older: more, newer: false });
        if (where === 'older') room.older = more && messages.length > 0;
        if (where === 'around') Object.assign(room, { older: first_n > 1, newer: last_n < room.n });
        if (where === 'newer') room.newer = more || last_n < room.n;
    }

    settle_newest(room, messages) {
        const last = messages.at(-1);
        if (!last) return;
        room.n = Math.max(room.n, last.n);
        if (last.seq >= (room.last?.seq ?? 0)) {
            const { seq, from, ts, text, deleted } = last;
            room.last = { seq, from, ts, text, deleted };
        }
        for (const message of messages) {
            if (message.from === this.me) this.drop_pending(room, message.cid);
        }
        this.tell('rooms', room.id);
    }

    // Notices of a stretch of history: [{event, fresh}]. What is outside of the window waits until
    // that part of the history is there.
    put_notices(id, notices) {
        const room = this.rooms.get(id);
        if (!room?.loaded) return;
        const first = room.older ? room.list.find((row) => !row.notice)?.seq ?? 0 : 0;
        const last = room.newer ? room.list.at(-1)?.seq ?? 0 : Infinity;
        for (const { event, fresh } of notices) {
            if (event.seq >= first && event.seq <= last) this.put_notice(room, event, fresh);
        }
        if (notices.length) this.tell('messages', id);
    }

    // A room that is not looked at keeps only the newest part of its window.
    trim(id) {
        const room = this.rooms.get(id);
        if (!room || (!room.newer && room.list.length <= KEEP_MESSAGES)) return;
        if (room.newer) this.unload(room);
        else {
            room.list = room.list.slice(-KEEP_MESSAGES);
            room.older = true;
        }
    }

    unload(room) {
        Object.assign(room, { list: [], loaded: false, older: false, newer: false });
    }

    // ---- own messages on their way

    add_pending(id, { cid, after, text, reply_to, mentions }) {
        const room = this.rooms.get(id);
        this.own_cids.add(cid);
        const message = {
            key: `c${cid}`,
            cid,
            after,
            text,
            reply_to: reply_to || 0,
            mentions: mentions || [],
            from: this.me,
            ts: this.now(),
            state: 'sending',
            reactions: [],
            version: 0,
        };
        room.pending.push(message);
        this.tell('messages', id);
        return message;
    }

    // The server said ok: the message has its place, whether or not the echo was here first.
    confirm(id, pending, { seq, n, ts }) {
        const room = this.rooms.get(id);
        if (!room) return;
        this.drop_pending(room, pending.cid);
        room.n = Math.max(room.n, n ?? 0);
        room.read_n = Math.max(room.read_n, n ?? 0);
        if (room.loaded && !room.newer && !find(room.list, seq)) {
            this.place(room, { ...pending, seq, n, ts: ts ?? pending.ts }, seq);
        }
        if (seq > (room.last?.seq ?? 0)) {
            room.last = { seq, from: this.me, ts: ts ?? pending.ts, text: pending.text };
        }
        this.tell('messages', id);
        this.tell('rooms', id);
    }

    set_pending_state(id, pending, state, error) {
        pending.state = state;
        pending.error = error;
        pending.version += 1;
        this.tell('messages', id);
    }

    drop_pending(room, cid) {
        const before = room.pending.length;
        room.pending = room.pending.filter((message) => message.cid !== cid);
        return room.pending.length !== before;
    }

    // ---- what is worth knowing only now

    set_read(id, read_n) {
        const room = this.rooms.get(id);
        if (!room || read_n <= room.read_n) return;
        room.read_n = read_n;
        if (room.read_n >= room.n) room.mentioned = false;
        this.tell('rooms', id);
    }

    set_receipt({ room: id, user, read_n }) {
        const room = this.rooms.get(id);
        if (!room) return;
        if (user === this.me) {
            this.set_read(id, read_n);
            return;
        }
        room.receipts.set(user, Math.max(read_n, room.receipts.get(user) || 0));
        this.tell('receipts', id);
    }

    set_typing({ room: id, user, for_ms }) {
        const room = this.rooms.get(id);
        if (!room || user === this.me) return;
        if (for_ms) room.typing.set(user, this.now() + for_ms);
        else room.typing.delete(user);
        this.tell('typing', id);
    }

    typing_in(room) {
        const now = this.now();
        for (const [user, until] of room.typing) if (until <= now) room.typing.delete(user);
        return [...room.typing.keys()];
    }
}

const with_id = ([id, row]) => ({ id, ...row });

function copy_present(room, entry) {
    for (const field of [
        'kind',
        'name',
        'topic',
        'visibility',
        'peer',
        'role',
        'creator',
        'created',
    ]) {
        if (entry[field] !== undefined && entry[field] !== null) room[field] = entry[field];
    }
    if (entry.settings) room.settings = { ...room.settings, ...entry.settings };
}

function fold_last(store, room, event, change) {
    if (room.last?.seq !== event.target) return;
    Object.assign(room.last, change);
    store.tell('rooms', room.id);
}

const MESSAGE_FOLDS = {
    'message.edited': fold_edited,
    'message.deleted': fold_deleted,
    reaction: fold_reaction,
};

const FOLDS = {
    message: (store, room, event) => store.on_message(room, event),
    'message.edited': (store, room, event) => {
        store.on_change(room, event, fold_edited);
        if (event.text !== undefined) fold_last(store, room, event, { text: event.text });
    },
    'message.deleted': (store, room, event) => {
        store.on_change(room, event, fold_deleted);
        fold_last(store, room, event, { text: '', deleted: true });
    },
    reaction: (store, room, event) => store.on_change(room, event, fold_reaction),
    member: (store, room, event) => store.on_member(room, event),
    'room.created': (store, room, event) => store.on_room(room, event),
    'room.updated': (store, room, event) => store.on_room(room, event),
    'room.deleted': (store, room) => store.forget_room(room.id, 'deleted'),
};
