// What a person can do, as calls: each is one command, one question or one request of the protocol.
//
// A message that is being sent is shown at once; it is confirmed by the answer, or marked as failed
// and can be tried again with the same cid and the same `after`, so it never appears twice.
// All other actions reject with an ApiError that the caller shows.

import { newCid } from './client.js';
import { mentions_in } from './fold.js';

export class Actions {
    constructor(app) {
        this.app = app;
    }

    // ---- messages

    send_message(id, text, reply_to) {
        const { store } = this.app;
        const room = store.rooms.get(id);
        const mentions = mentions_in(text, this.app.people_here(room));
        room.marker_n = null;
        const draft = { cid: newCid(), after: room.seq, text, reply_to, mentions };
        return this.deliver(id, store.add_pending(id, draft));
    }

    retry(id, pending) {
        this.app.store.set_pending_state(id, pending, 'sending');
        return this.deliver(id, pending);
    }

    discard(id, pending) {
        const { store } = this.app;
        const room = store.rooms.get(id);
        if (room) store.drop_pending(room, pending.cid);
        store.tell('messages', id);
    }

    async deliver(id, pending) {
        const { store, client } = this.app;
        const { cid, after, text, reply_to, mentions } = pending;
        const fields = { room: id, cid, after, text };
        if (reply_to) fields.reply_to = reply_to;
        if (mentions.length) fields.mentions = mentions;
        try {
            store.confirm(id, pending, await client.command('message.send', fields));
        } catch (error) {
            store.set_pending_state(id, pending, 'failed', this.app.words(error));
        }
    }

    edit_message(id, message, text) {
        return this.change('message.edit', id, { target: message.seq, text });
    }

    async remove_message(id, message) {
        const sure = await this.app.confirm({
            title: 'Delete this message?',
            text: 'It disappears for everybody in this room.',
            action: 'Delete',
        });
        if (sure) await this.change('message.delete', id, { target: message.seq });
    }

    react(id, message, key, on) {
        return this.change('message.react', id, { target: message.seq, key, on });
    }

    change(type, id, fields) {
        return this.app.attempt(() => this.room_command(type, id, fields));
    }

    room_command(type, id, fields = {}) {
        const after = this.app.store.rooms.get(id)?.seq;
        return this.app.client.command(type, { room: id, after, ...fields });
    }

    // ---- rooms

    async create_room({ kind, name, topic, visibility, members }) {
        const fields = { kind, visibility, members };
        if (name) fields.name = name;
        if (topic) fields.topic = topic;
        const { room } = await this.app.client.command('room.create', fields);
        await this.enter_room(room);
    }

    open_direct(user) {
        const { store } = this.app;
        for (const room of store.rooms.values()) {
            if (room.kind === 'direct' && (room.peer || store.me) === user) {
                this.app.open_room(room.id);
                return null;
            }
        }
        return this.app.attempt(async () => {
            const fields = { kind: 'direct', members: [user] };
            const { room } = await this.app.client.command('room.create', fields);
            await this.enter_room(room);
        });
    }

    async enter_room(id) {
        if (!this.app.store.rooms.has(id)) await this.app.sync.learn_room(id);
        this.app.open_room(id);
    }

    async join(id) {
        await this.room_command('room.join', id);
        await this.app.sync.learn_room(id);
    }

    async leave(id) {
        await this.room_command('room.leave', id);
        this.app.store.forget_room(id, 'left');
    }

    async delete_room(id) {
        await this.room_command('room.delete', id);
        this.app.store.forget_room(id, 'left');
    }

    update_room(room, wish) {
        const fields = {};
        if (wish.name && wish.name !== room.name) fields.name = wish.name;
        if (wish.topic !== (room.topic || '')) fields.topic = wish.topic || null;
        if (wish.visibility) fields.visibility = wish.visibility;
        if (wish.settings) fields.settings = wish.settings;
        return Object.keys(fields).length
            ? this.room_command('room.update', room.id, fields)
            : null;
    }

    member(type, id, user, more = {}) {
        return this.room_command(type, id, { user, ...more });
    }

    async public_rooms(prefix) {
        const ask = { limit: 100 };
        if (prefix) ask.prefix = prefix;
        return (await this.app.client.query('room.public', ask)).rooms || [];
    }

    read(room) {
        if (this.app.store.unread(room) === 0) return;
        const { n } = room;
        this.app.store.set_read(room.id, n);
        this.app.client.query('read', { room: room.id, n }).catch(() => {});
    }

    // ---- people and search

    async find_people(prefix) {
        const { users } = await this.app.client.query('user.find', { prefix, limit: 20 });
        this.app.store.learn_users(users);
        if (Array.isArray(users)) return users;
        return Object.entries(users || {}).map(([id, user]) => ({ id, ...user }));
    }

    async search({ q, room, cursor }) {
        const ask = { q };
        if (room) ask.room = room;
        if (cursor) ask.cursor = cursor;
        const answer = await this.app.client.query('search', ask);
        this.app.store.learn_users(answer.users);
        for (const hit of answer.hits) this.app.sync.want_people(hit);
        return answer;
    }

    async block(user, on) {
        const { store, session } = this.app;
        await session.request(
            on ? 'PUT' : 'DELETE',
            `/user/me/blocks/${user}`,
            on ? {} : undefined,
        );
        if (on) store.blocked.add(user);
        else store.blocked.delete(user);
        store.tell('room', this.app.current);
    }

    async load_blocks() {
        const { store, session, sync } = this.app;
        const answer = await session.request('GET', '/user/me/blocks');
        store.learn_users(answer.users);
        const ids = (answer.blocks || []).map((row) => row.user ?? row.id ?? row);
        store.blocked = new Set(ids);
        store.tell('room', this.app.current);
        for (const from of ids) sync.want_people({ from });
        return ids;
    }

    // ---- account

    async my_profile() {
        const answer = await this.app.session.request('GET', '/user/me');
        return this.learn_me(answer);
    }

    learn_me(answer) {
        const user = answer.user ?? answer;
        this.app.store.learn_users([user]);
        this.app.session.user = user;
        this.app.session.keep();
        return user;
    }

    async save_profile(fields) {
        const answer = await this.app.session.request('PATCH', '/user/me', fields);
        if (answer.user || answer.id) this.learn_me(answer);
        else await this.my_profile();
    }

    async change_password(old_password, new_password) {
        const { session } = this.app;
        const body = { old_password, new_password };
        session.take(await about_password(session.request('PUT', '/user/me/password', body)));
        this.app.client.query('auth', { token: session.access }).catch(() => {});
    }

    async devices() {
        return (await this.app.session.request('GET', '/user/me/devices')).devices || [];
    }

    drop_device(id) {
        return this.app.session.request('DELETE', `/user/me/devices/${id}`);
    }

    async delete_account(password) {
        await about_password(this.app.session.request('DELETE', '/user/me', { password }));
        this.app.session.end();
    }

    async sign_out(everywhere) {
        this.app.client.stop('signed_out');
        await this.app.session.logout(everywhere);
    }
}

// These requests are forbidden for one reason only: the current password is another one.
async function about_password(asked) {
    try {
        return await asked;
    } catch (error) {
        if (error.code === 'forbidden') error.field = 'old_password';
        throw error;
    }
}
