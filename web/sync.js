// Keeps the store true: the first load, the resume after a reconnect, and the repair of gaps.
//
// Happy path: after `ready`, sync() learns which rooms moved and catches each open one up with
// room.events; live events then go straight into the store.
// How it fails: a question that is refused leaves the room as it was; the next event of that room
// shows the gap again and the repair is tried again. Events that arrive while a room is being
// repaired wait in a line and are applied in order afterwards.

import { notices_from } from './notices.js';

const EVENTS_IN_SYNC = 20;
const NAMES_MAX = 500;
const CATCH_UP_PAGES = 6;
const PAGE = 50;
const NOTICE_PAGES = 4;
const NOTICES_MEMBERS_MAX = 256;
const MEMBERS_MAX = 1000;
const MEMBERS_OF_LARGE = 200;

export class Sync {
    constructor(client, store) {
        this.client = client;
        this.store = store;
        this.lines = new Map();
        this.resuming = false;
        this.round = 0;
        this.held = [];
        this.wanted = new Set();
        client.on('event', (event) => this.on_event(event));
    }

    // ---- live events

    on_event(event) {
        const ephemeral = EPHEMERAL[event.type];
        if (ephemeral) {
            ephemeral(this.store, event);
            return;
        }
        if (!event.room) return;
        if (this.resuming) this.held.push(event);
        else this.take(event);
    }

    take(event) {
        const line = this.lines.get(event.room);
        if (line) {
            line.push(event);
            return;
        }
        if (event.type === 'room.gap') {
            if (event.to > (this.store.rooms.get(event.room)?.seq ?? 0))
                this.repair(event.room, []);
            return;
        }
        const result = this.store.apply(event);
        if (result === 'applied') this.want_people(event);
        if (result === 'gap' || result === 'unknown') this.repair(event.room, [event]);
    }

    // Fetches what is missing in one room; `line` holds the events that wait for it.
    async repair(id, line) {
        this.lines.set(id, line);
        try {
            await this.catch_up(id);
        } catch {
            // Not visible any more, or no answer: the events below decide what is left to do.
        }
        this.lines.delete(id);
        for (const event of line) {
            if (event.type !== 'room.gap' && this.store.apply(event) === 'applied') {
                this.want_people(event);
            }
        }
    }

    async catch_up(id) {
        const room = this.store.rooms.get(id);
        if (!room?.loaded) {
            await this.learn_room(id);
            return;
        }
        for (let page = 0; page < CATCH_UP_PAGES; page += 1) {
            const before = room.seq;
            const ask = { room: id, after_seq: before, limit: 100 };
            const answer = await this.client.query('room.events', ask);
            this.store.learn_users(answer.users);
            if (answer.truncated) break;
            this.apply_all(answer.events);
            if (!answer.more || room.seq === before) return;
        }
        await this.start_over(room);
    }

    // Too much was missed to replay it: what is shown is loaded anew.
    async start_over(room) {
        this.store.unload(room);
        await this.learn_room(room.id);
        await this.load_newest(room.id);
    }

    apply_all(events) {
        for (const event of events) {
            if (this.store.apply(event, { trusted: true }) === 'applied') this.want_people(event);
        }
    }

    async learn_room(id) {
        const answer = await this.client.query('room.get', { room: id });
        this.store.learn_users(answer.users);
        const entry = typeof answer.room === 'object' ? answer.room : answer;
        this.want_people(entry);
        // A public channel is visible without being a member of it; it is no room of mine then.
        if (entry.visibility === 'public' && !entry.role) return null;
        return this.store.apply_entry({ topic: '', ...entry, room: id });
    }

    // ---- resume

    async resume() {
        const round = ++this.round;
        this.resuming = true;
        this.held = [];
        this.lines.clear();
        try {
            await this.sync_all();
        } finally {
            if (round === this.round) this.release();
        }
    }

    release() {
        this.resuming = false;
        const held = this.held;
        this.held = [];
        for (const event of held) this.take(event);
    }

    async sync_all() {
        const known = [...this.store.rooms.values()];
        const ask = { limit: 100, events: EVENTS_IN_SYNC };
        const all = known.length === 0 || known.length > NAMES_MAX;
        if (!all) ask.rooms = Object.fromEntries(known.map((room) => [room.id, room.seq]));
        const seen = new Set();
        let cursor;
        do {
            const answer = await this.client.query('sync', cursor ? { ...ask, cursor } : ask);
            this.store.learn_users(answer.users);
            for (const entry of answer.rooms) {
                seen.add(entry.room);
                await this.resume_room(entry);
            }
            for (const gone of answer.gone || []) this.store.forget_room(gone.room ?? gone, 'gone');
            cursor = answer.next;
        } while (cursor);
        if (all)
            for (const room of known)
                if (!seen.has(room.id)) this.store.forget_room(room.id, 'gone');
    }

    async resume_room(entry) {
        const room = this.store.apply_entry(entry);
        this.want_people(entry);
        if (!room.loaded || room.seq >= entry.seq) return;
        const events = (entry.events || []).filter((event) => event.seq > room.seq);
        const first = events[0];
        if (first && (first.prev ?? first.seq - 1) <= room.seq) this.apply_all(events);
        if (room.seq < entry.seq && this.store.rooms.has(room.id)) {
            await this.catch_up(room.id).catch(() => this.store.unload(room));
        }
    }

    // ---- windows

    async page(id, where, ask) {
        const room = this.store.rooms.get(id);
        if (!room || room.fetching === where) return;
        room.fetching = where;
        this.store.begin_history(id);
        try {
            const limits = { room: id, limit: PAGE };
            if (room.seq) limits.at_least = room.seq;
            const answer = await this.client.query('room.history', { ...limits, ...ask });
            this.store.learn_users(answer.users);
            this.store.apply_history(id, answer, where);
            for (const message of answer.messages) this.want_people(message);
            this.load_notices(room, answer, where).catch(() => {});
        } finally {
            room.fetching = null;
            this.store.replay(room);
        }
    }

    // Who came and went between the messages of a page is in the log alone. Large rooms tell it to
    // nobody else either; a log that is too long for a few pages is left as it is.
    async load_notices(room, { messages, head, more }, where) {
        if (room.kind === 'direct' || room.members_count > NOTICES_MEMBERS_MAX) return;
        const first = messages[0]?.seq ?? 0;
        const starts = where === 'newer' || where === 'around' ? room.older : more;
        const to = where === 'newest' ? head : (messages.at(-1)?.seq ?? head);
        let after = starts ? first - 1 : 0;
        const found = [];
        for (let page = 0; page < NOTICE_PAGES && after < to; page += 1) {
            const ask = { room: room.id, after_seq: after, limit: 100 };
            const answer = await this.client.query('room.events', ask);
            this.store.learn_users(answer.users);
            found.push(...answer.events);
            after = answer.events.at(-1)?.seq ?? to;
            if (!answer.more) break;
        }
        const notices = notices_from(found);
        for (const { event } of notices) this.want_people(event);
        this.store.put_notices(room.id, notices);
    }

    load_newest(id) {
        return this.page(id, 'newest', {});
    }

    load_older(id) {
        const first = this.store.rooms.get(id)?.list.find((row) => !row.notice);
        return first ? this.page(id, 'older', { before_seq: first.seq }) : this.load_newest(id);
    }

    load_newer(id) {
        const last = this.store.rooms.get(id)?.list.at(-1);
        return last ? this.page(id, 'newer', { after_seq: last.seq }) : this.load_newest(id);
    }

    load_around(id, seq) {
        return this.page(id, 'around', { around_seq: seq });
    }

    // Receipts are told once: what was missed while offline is in the list of members.
    knows_members(room) {
        return room.members?.size === room.members_count && room.members_asof === this.round;
    }

    // All members of a room of usual size, the first ones of a larger one.
    async load_members(id) {
        const total = this.store.rooms.get(id)?.members_count ?? 0;
        const wanted = total > MEMBERS_MAX ? MEMBERS_OF_LARGE : MEMBERS_MAX;
        const members = new Map();
        let cursor;
        do {
            const ask = cursor ? { room: id, limit: 100, cursor } : { room: id, limit: 100 };
            const answer = await this.client.query('room.members', ask);
            this.store.learn_users(answer.users);
            for (const row of answer.members) members.set(row.user, row);
            cursor = answer.next;
        } while (cursor && members.size < wanted);
        const room = this.store.rooms.get(id);
        if (!room) return;
        room.members = members;
        room.members_partial = Boolean(cursor);
        room.members_asof = this.round;
        for (const { user, read_n } of members.values()) {
            if (read_n) this.store.set_receipt({ room: id, user, read_n });
        }
        this.store.tell('members', id);
    }

    // ---- people: ids that have no name yet are asked for together

    want_people(source) {
        const ids = [source.from, source.by, source.user, source.peer, source.last?.from];
        for (const id of [...ids, ...(source.mentions || [])]) {
            if (id && !this.store.users.has(id)) this.wanted.add(id);
        }
        if (this.wanted.size && !this.asking) {
            this.asking = true;
            this.client.timers.set(() => this.ask_people(), 20);
        }
    }

    async ask_people() {
        const users = [...this.wanted].slice(0, 100);
        for (const id of users) this.wanted.delete(id);
        this.asking = false;
        try {
            const answer = await this.client.query('user.get', { users });
            this.store.learn_users(answer.users);
        } catch {
            return;
        }
        const missing = users.filter((id) => !this.store.users.has(id));
        this.store.learn_users(missing.map((id) => ({ id, username: '', display_name: '' })));
        if (this.wanted.size) this.want_people({});
    }
}

const EPHEMERAL = {
    typing: (store, event) => store.set_typing(event),
    receipt: (store, event) => store.set_receipt(event),
    presence: (store, event) => store.set_presence(event),
    read: (store, event) => store.set_read(event.room, event.read_n),
};
