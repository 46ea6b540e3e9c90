import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../web/store.js';
import { Sync } from '../../web/sync.js';
import { settled } from './fakes.mjs';

const said = (seq, n, text = `m${n}`, more = {}) => ({
    type: 'message',
    room: 'r',
    seq,
    n,
    from: 'ann',
    ts: seq,
    cid: `c${seq}`,
    text,
    ...more,
});
const entry = (seq, n, more = {}) => ({
    room: 'r',
    kind: 'group',
    name: 'Tea',
    visibility: 'private',
    role: 'member',
    seq,
    n,
    read_n: 0,
    last: { seq, from: 'ann', ts: seq, text: 'x' },
    ...more,
});

// A client whose questions are answered by the functions in `answers`.
class FakeClient {
    constructor(answers) {
        this.answers = answers;
        this.asked = [];
        this.timers = { set: () => {} };
    }

    on(what, listener) {
        if (what === 'event') this.deliver = listener;
    }

    async query(type, fields) {
        this.asked.push({ type, ...fields });
        const answer = this.answers[type];
        if (!answer) throw Object.assign(new Error(type), { code: 'not_found' });
        return answer(fields);
    }
}

async function make(answers = {}) {
    const client = new FakeClient({
        sync: () => ({ rooms: [entry(10, 5)], gone: [] }),
        ...answers,
    });
    const store = new Store({ now: () => 1 });
    store.reset('me');
    const sync = new Sync(client, store);
    await sync.resume();
    return { client, store, sync };
}

async function opened(answers = {}) {
    const history = () => ({ messages: [said(9, 4), said(10, 5)], head: 10, more: true });
    const house = await make({ 'room.history': history, ...answers });
    await house.sync.load_newest('r');
    await settled();
    return { ...house, room: house.store.rooms.get('r'), before: house.client.asked.length };
}
const events_asked = (client, before = 0) =>
    client.asked.slice(before).filter((ask) => ask.type === 'room.events').length;
const seqs = (room) => room.list.map((row) => row.seq);

test('the first load asks for everything, the next only for what moved', async () => {
    const { client, sync } = await make();
    assert.equal(client.asked[0].rooms, undefined);
    client.answers.sync = () => ({ rooms: [], gone: [] });
    await sync.resume();
    assert.deepEqual(client.asked[1].rooms, { r: 10 });
});

test('pages of sync are followed to the end', async () => {
    const pages = [
        { rooms: [entry(1, 1)], next: 'more' },
        { rooms: [{ ...entry(2, 1), room: 'q' }] },
    ];
    const { client, store } = await make({ sync: () => pages.shift() });
    assert.equal(client.asked[1].cursor, 'more');
    assert.equal(store.rooms.size, 2);
});

test('rooms that are gone are forgotten', async () => {
    const { client, store, sync } = await make();
    client.answers.sync = () => ({ rooms: [], gone: ['r'] });
    await sync.resume();
    assert.equal(store.rooms.size, 0);
});

test('an open room is caught up with the events of sync when they are enough', async () => {
    const { client, sync, room, before } = await opened();
    client.answers.sync = () => ({
        rooms: [entry(12, 7, { events: [said(10, 5), said(11, 6), said(12, 7)] })],
    });
    await sync.resume();
    assert.deepEqual(seqs(room), [9, 10, 11, 12]);
    assert.equal(events_asked(client, before), 0);
});

test('an open room that missed more is caught up with pages of events', async () => {
    const { client, sync, room } = await opened();
    const pages = [
        { events: [said(11, 6), said(12, 7)], head: 14, more: true },
        { events: [said(13, 8), said(14, 9)], head: 14 },
    ];
    client.answers.sync = () => ({ rooms: [entry(14, 9, { events: [said(14, 9)] })] });
    client.answers['room.events'] = () => pages.shift();
    await sync.resume();
    assert.deepEqual(seqs(room), [9, 10, 11, 12, 13, 14]);
    assert.equal(room.seq, 14);
});

test('events that arrive while resuming wait and are applied in order', async () => {
    const { client, sync, room } = await opened();
    let answer;
    client.answers.sync = () =>
        new Promise((resolve) => {
            answer = resolve;
        });
    const resuming = sync.resume();
    client.deliver(said(12, 7));
    assert.equal(room.seq, 10);
    answer({ rooms: [entry(11, 6, { events: [said(11, 6)] })] });
    await resuming;
    assert.deepEqual(seqs(room), [9, 10, 11, 12]);
});

test('a gap is filled, and what came meanwhile is applied after it', async () => {
    const { client, room, before } = await opened();
    let answer;
    client.answers['room.events'] = () =>
        new Promise((resolve) => {
            answer = resolve;
        });
    client.deliver(said(13, 8));
    client.deliver(said(14, 9));
    await settled();
    assert.equal(client.asked.at(-1).after_seq, 10);
    answer({ events: [said(11, 6), said(12, 7), said(13, 8)], head: 13, more: false });
    await settled();
    assert.deepEqual(seqs(room), [9, 10, 11, 12, 13, 14]);
    assert.equal(events_asked(client, before), 1);
});

test('room.gap fetches what was not sent', async () => {
    const { client, room } = await opened();
    client.answers['room.events'] = () => ({
        events: [said(11, 6), said(12, 7)],
        head: 12,
        more: false,
    });
    client.deliver({ type: 'room.gap', room: 'r', from: 11, to: 12 });
    await settled();
    assert.deepEqual(seqs(room), [9, 10, 11, 12]);
});

test('a gap that reaches before what is kept loads the room anew', async () => {
    const { client, store, room } = await opened();
    client.answers['room.events'] = () => ({
        events: [said(90, 50)],
        head: 99,
        more: true,
        truncated: true,
    });
    client.answers['room.get'] = () => entry(99, 60);
    client.answers['room.history'] = () => ({
        messages: [said(98, 59), said(99, 60)],
        head: 99,
        more: true,
    });
    client.deliver(said(99, 60));
    await settled();
    assert.deepEqual(seqs(room), [98, 99]);
    assert.equal(store.rooms.get('r').seq, 99);
});

test('a gap in a room that is not open needs only its entry', async () => {
    const { client, store } = await make({ 'room.get': () => entry(15, 9) });
    client.deliver(said(15, 9));
    await settled();
    assert.equal(store.unread(store.rooms.get('r')), 9);
    assert.deepEqual(
        client.asked.map((ask) => ask.type),
        ['sync', 'room.get'],
    );
});

test('an event of an unknown room brings the room', async () => {
    const { client, store } = await make({ 'room.get': ({ room }) => ({ ...entry(3, 1), room }) });
    client.deliver({ ...said(3, 1), room: 'new' });
    await settled();
    assert.equal(store.rooms.get('new').n, 1);
});

test('a public channel that I am not in is no room of mine', async () => {
    const { client, store } = await make({
        'room.get': ({ room }) => ({ ...entry(3, 1), room, role: undefined, visibility: 'public' }),
    });
    client.deliver({ type: 'member', room: 'left', seq: 9, user: 'me', state: 'removed', ts: 1 });
    await settled();
    assert.equal(store.rooms.has('left'), false);
});

test('a resume that is overtaken by a newer one lets the newer one finish', async () => {
    const { client, sync } = await make();
    const answers = [];
    client.answers.sync = () =>
        new Promise((resolve) => {
            answers.push(resolve);
        });
    const first = sync.resume();
    const second = sync.resume();
    answers[0]({ rooms: [] });
    await first;
    assert.equal(sync.resuming, true);
    answers[1]({ rooms: [] });
    await second;
    assert.equal(sync.resuming, false);
});

test('history asks for what was seen at least', async () => {
    const { client } = await opened();
    assert.equal(client.asked.find((ask) => ask.type === 'room.history').at_least, 10);
});

test('the notices between the messages of a page are rebuilt from the log', async () => {
    const joined = { type: 'member', room: 'r', seq: 9, user: 'bob', state: 'joined', ts: 9 };
    const { client, room } = await opened({
        'room.history': () => ({ messages: [said(8, 4), said(10, 5)], head: 10, more: true }),
        'room.events': () => ({ events: [said(8, 4), joined, said(10, 5)], head: 10, more: false }),
    });
    assert.deepEqual(seqs(room), [8, 9, 10]);
    assert.equal(room.list[1].notice.user, 'bob');
    assert.equal(client.asked.at(-1).after_seq, 7);
});

test('the first page of a room has the notices from its creation on', async () => {
    const created = { type: 'room.created', room: 'r', seq: 1, by: 'ann', ts: 1 };
    const { client, room } = await opened({
        'room.history': () => ({ messages: [said(9, 1), said(10, 2)], head: 10, more: false }),
        'room.events': () => ({ events: [created, said(9, 1), said(10, 2)], head: 10 }),
    });
    assert.deepEqual(seqs(room), [1, 9, 10]);
    assert.equal(client.asked.at(-1).after_seq, 0);
});

test('a log of many pages is followed a few pages only', async () => {
    let seq = 0;
    const { client } = await opened({
        'room.history': () => ({ messages: [said(9000, 4)], head: 9000, more: false }),
        'room.events': () => {
            seq += 100;
            return { events: [said(seq, seq)], head: 9000, more: true };
        },
    });
    assert.equal(events_asked(client), 4);
});

test('direct rooms have no notices, and large ones are left alone', async () => {
    for (const more of [{ kind: 'direct', peer: 'bob' }, { members: 300 }]) {
        const rooms = [entry(10, 5, more)];
        const { client } = await opened({ sync: () => ({ rooms, gone: [] }) });
        assert.equal(events_asked(client), 0);
    }
});

test('read marks come with the members and never go back', async () => {
    const members = [
        { user: 'bob', role: 'member', read_n: 3 },
        { user: 'eve', role: 'member', read_n: 4 },
        { user: 'me', role: 'member', read_n: 2 },
    ];
    const { store, sync, room } = await opened({ 'room.members': () => ({ members }) });
    store.set_receipt({ room: 'r', user: 'bob', read_n: 5 });
    await sync.load_members('r');
    assert.deepEqual(Object.fromEntries(room.receipts), { bob: 5, eve: 4 });
    assert.equal(room.read_n, 2);
});

test('after a reconnect the members are asked for again', async () => {
    const members = [{ user: 'bob', role: 'member', read_n: 3 }];
    const { client, sync, room } = await opened({ 'room.members': () => ({ members }) });
    room.members_count = 1;
    assert.equal(sync.knows_members(room), false);
    await sync.load_members('r');
    assert.equal(sync.knows_members(room), true);
    client.answers.sync = () => ({ rooms: [], gone: [] });
    await sync.resume();
    assert.equal(sync.knows_members(room), false);
});
