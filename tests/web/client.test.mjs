import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff_ms, Client, close_plan, is_gap, newCid, SUBPROTOCOL } from '../../web/client.js';
import { FakeSession, FakeSocket, FakeTime, READY, settled } from './fakes.mjs';

function make() {
    const time = new FakeTime();
    const session = new FakeSession();
    const sockets = [];
    const client = new Client({
        session,
        timers: time,
        now: time.now,
        random: () => 0.5,
        url: 'ws://house/api/socket',
        openSocket: (url, protocol) => {
            sockets.push(new FakeSocket(url, protocol));
            return sockets.at(-1);
        },
    });
    return { time, session, sockets, client };
}

async function connected() {
    const house = make();
    house.client.start();
    await settled();
    house.sockets[0].say(READY);
    return house;
}

async function reconnected(house, code = 1006) {
    const before = house.sockets.length;
    house.sockets.at(-1).end(code);
    await house.time.pass(3000);
    assert.equal(house.sockets.length, before + 1);
    house.sockets.at(-1).say(READY);
    return house.sockets.at(-1);
}

test('a cid has 128 random bits in the allowed alphabet', () => {
    const cids = new Set(Array.from({ length: 100 }, () => newCid()));
    assert.equal(cids.size, 100);
    for (const cid of cids) assert.match(cid, /^[0-9a-f]{32}$/);
});

test('the socket is opened with a ticket and the sub-protocol', async () => {
    const { sockets, client } = await connected();
    assert.equal(sockets[0].url, 'ws://house/api/socket?ticket=t1');
    assert.equal(sockets[0].protocol, SUBPROTOCOL);
    assert.equal(client.state.name, 'online');
    assert.equal(client.server_now(), 1_000_500);
});

test('a command settles with the answer that carries its ref', async () => {
    const { sockets, client } = await connected();
    const first = client.query('room.get', { room: 'r1' });
    const second = client.query('room.get', { room: 'r2' });
    const [a, b] = sockets[0].sent.slice(-2);
    assert.notEqual(a.ref, b.ref);
    assert.ok(a.ref.length <= 32);
    sockets[0].say({ type: 'ok', ref: b.ref, name: 'two' });
    sockets[0].say({ type: 'error', ref: a.ref, code: 'not_found', retry: false, message: '' });
    assert.equal((await second).name, 'two');
    await assert.rejects(first, { code: 'not_found' });
});

test('what nobody answered is sent again after a reconnect with the same cid and after', async () => {
    const house = await connected();
    const sent = house.client.command('message.send', { room: 'r', after: 7, text: 'hello' });
    const before = house.sockets[0].last('message.send');
    const again = (await reconnected(house)).last('message.send');
    assert.equal(again.cid, before.cid);
    assert.equal(again.after, 7);
    assert.notEqual(again.ref, before.ref);
    house.sockets[1].say({ type: 'ok', ref: again.ref, seq: 8, n: 3, ts: 1, dup: true });
    assert.equal((await sent).seq, 8);
});

test('messages of a room go one after the other, also when they are sent again', async () => {
    const house = await connected();
    for (const text of ['one', 'two', 'three'])
        house.client.command('message.send', { room: 'r', text });
    const texts = (socket) =>
        socket.sent.filter((frame) => frame.type === 'message.send').map((frame) => frame.text);
    assert.deepEqual(texts(house.sockets[0]), ['one']);
    const socket = await reconnected(house);
    for (const seq of [1, 2, 3]) {
        socket.say({ type: 'ok', ref: socket.last('message.send').ref, seq });
        await settled();
    }
    assert.deepEqual(texts(socket), ['one', 'two', 'three']);
});

test('an answered command is not sent again', async () => {
    const house = await connected();
    const sent = house.client.command('message.send', { room: 'r', text: 'once' });
    house.sockets[0].say({ type: 'ok', ref: house.sockets[0].last('message.send').ref, seq: 1 });
    await sent;
    assert.equal((await reconnected(house)).last('message.send'), undefined);
});

test('a command given while the connection is away waits for the next one', async () => {
    const house = await connected();
    house.sockets[0].end(1012);
    const sent = house.client.command('message.send', { room: 'r', text: 'later' });
    await house.time.pass(3000);
    house.sockets[1].say(READY);
    const frame = house.sockets[1].last('message.send');
    house.sockets[1].say({ type: 'ok', ref: frame.ref, seq: 5 });
    assert.equal((await sent).seq, 5);
});

test('an answer that may be retried is retried with the same cid, then given up', async () => {
    const { time, sockets, client } = await connected();
    const sent = client.command('message.send', { room: 'r', text: 'busy' });
    let cid;
    for (let tries = 0; tries < 6; tries += 1) {
        const frames = sockets[0].sent.filter((frame) => frame.type === 'message.send');
        assert.equal(frames.length, tries + 1);
        cid ??= frames[0].cid;
        assert.equal(frames.at(-1).cid, cid);
        sockets[0].say({
            type: 'error',
            ref: frames.at(-1).ref,
            code: 'overloaded',
            retry: true,
            message: '',
        });
        if (tries < 5) await time.pass(16_000);
    }
    await assert.rejects(sent, { code: 'overloaded' });
});

test('the wait that the server names is kept', async () => {
    const { time, sockets, client } = await connected();
    client.command('message.send', { room: 'r', text: 'fast' });
    const { ref } = sockets[0].last('message.send');
    sockets[0].say({
        type: 'error',
        ref,
        code: 'rate_limited',
        retry: true,
        retry_after_ms: 3000,
        message: '',
    });
    await time.pass(2900);
    assert.equal(sockets[0].sent.filter((frame) => frame.type === 'message.send').length, 1);
    await time.pass(200);
    assert.equal(sockets[0].sent.filter((frame) => frame.type === 'message.send').length, 2);
});

test('a message that waits for its retry holds back later ones of its room only', async () => {
    const { sockets, client } = await connected();
    client.command('message.send', { room: 'r', text: 'first' });
    const { ref } = sockets[0].last('message.send');
    sockets[0].say({ type: 'error', ref, code: 'overloaded', retry: true, message: '' });
    client.command('message.send', { room: 'r', text: 'second' });
    client.command('message.send', { room: 'other', text: 'elsewhere' });
    const texts = sockets[0].sent
        .filter((frame) => frame.type === 'message.send')
        .map((frame) => frame.text);
    assert.deepEqual(texts, ['first', 'elsewhere']);
});

test('muted is told to the user at once', async () => {
    const { sockets, client } = await connected();
    const sent = client.command('message.send', { room: 'r', text: 'x' });
    const { ref } = sockets[0].last('message.send');
    sockets[0].say({
        type: 'error',
        ref,
        code: 'muted',
        retry: true,
        retry_after_ms: 60_000,
        message: '',
    });
    await assert.rejects(sent, { code: 'muted', retry_after_ms: 60_000 });
});

test('a frame over the limit is refused before it is sent', async () => {
    const { sockets, client } = await connected();
    const sent = client.command('message.send', { room: 'r', text: 'x'.repeat(70_000) });
    await assert.rejects(sent, { code: 'too_large' });
    assert.equal(sockets[0].last('message.send'), undefined);
});

test('no more is in flight than the server allows', async () => {
    const house = make();
    house.client.start();
    await settled();
    house.sockets[0].say({ ...READY, limits: { in_flight: 2 } });
    for (const room of ['a', 'b', 'c']) house.client.query('room.get', { room });
    assert.equal(house.sockets[0].sent.length, 2);
    house.sockets[0].say({ type: 'ok', ref: house.sockets[0].sent[0].ref });
    assert.equal(house.sockets[0].sent.length, 3);
});

test('pauses double up to a bound, and chance decides half of each', () => {
    const none = [0, 1, 2, 3, 4, 5, 9, 50].map((attempt) => backoff_ms(attempt, () => 0));
    assert.deepEqual(none, [250, 500, 1000, 2000, 4000, 7500, 7500, 7500]);
    assert.equal(
        backoff_ms(3, () => 1),
        4000,
    );
});

test('each close code leads where the protocol says', () => {
    const plan = (code, reason = '', more = {}) =>
        close_plan(code, reason, { attempt: 0, random: () => 0.5, ...more });
    assert.equal(plan(1006).then, 'reconnect');
    assert.deepEqual(plan(4001), { then: 'refresh', wait_ms: 0 });
    assert.equal(plan(4002).suspect, true);
    assert.deepEqual(plan(4004), { then: 'stop', why: 'replaced' });
    assert.deepEqual(plan(4005), { then: 'stop', why: 'too_many' });
    assert.ok(plan(4006).wait_ms >= 10_000);
    assert.deepEqual(plan(4008), { then: 'reconnect', wait_ms: 0 });
    assert.deepEqual(plan(1012, '', { drain_ms: 4000 }), { then: 'reconnect', wait_ms: 2000 });
    assert.ok(plan(1013, '7000').wait_ms >= 7000);
    assert.ok(plan(1013, 'nonsense').wait_ms < 1000);
    assert.equal(plan(1009, '', { attempt: 3 }).then, 'stop');
    assert.equal(plan(4999).then, 'reconnect');
});

test('an expired token is replaced before the next connection', async () => {
    const house = await connected();
    house.sockets[0].end(4001);
    await house.time.pass(10);
    assert.equal(house.session.refreshes, 1);
    assert.equal(house.sockets.length, 2);
});

test('a revoked session that stays revoked is over', async () => {
    const house = await connected();
    house.sockets[0].end(4002);
    await house.time.pass(2000);
    house.sockets[1].end(4002);
    assert.equal(house.session.ended, 1);
    assert.equal(house.client.state.name, 'offline');
});

test('auth.expiring brings a new token to the same connection', async () => {
    const { sockets } = await connected();
    sockets[0].say({ type: 'auth.expiring', expires_at: 1 });
    await settled();
    assert.equal(sockets[0].last('auth').token, 'a1');
});

test('after draining the reconnect comes at a random part of the given time', async () => {
    const house = await connected();
    house.sockets[0].say({ type: 'draining', reconnect_after_ms: 8000 });
    house.sockets[0].end(1012);
    await house.time.pass(3900);
    assert.equal(house.sockets.length, 1);
    await house.time.pass(200);
    assert.equal(house.sockets.length, 2);
});

test('a silent connection is asked for a sign of life and then given up', async () => {
    const { time, sockets } = await connected();
    await time.pass(30_000);
    assert.ok(sockets[0].last('ping'));
    await time.pass(12_000);
    assert.equal(sockets[0].closed_with, 4000);
    await time.pass(1000);
    assert.equal(sockets.length, 2);
});

test('a pong keeps the connection and sets the clock', async () => {
    const { time, sockets, client } = await connected();
    await time.pass(30_000);
    sockets[0].say({ type: 'pong', server_time: time.now() - 250 });
    await time.pass(14_000);
    assert.equal(sockets.length, 1);
    assert.equal(client.server_now(), time.now() - 250);
});

test('a server without a ticket to give is asked again later', async () => {
    const house = make();
    house.session.fail = Object.assign(new Error('away'), { code: 'offline' });
    house.client.start();
    await settled();
    assert.equal(house.client.state.name, 'waiting');
    house.session.fail = null;
    await house.time.pass(1000);
    assert.equal(house.sockets.length, 1);
});

test('without a ready in time the connection is given up', async () => {
    const house = make();
    house.client.start();
    await house.time.pass(12_100);
    assert.equal(house.sockets[0].closed_with, 4000);
    await house.time.pass(1000);
    assert.equal(house.sockets.length, 2);
});

test('stopping rejects what is still open', async () => {
    const { client } = await connected();
    const sent = client.command('message.send', { room: 'r', text: 'x' });
    client.stop();
    await assert.rejects(sent, { code: 'offline' });
    await assert.rejects(client.query('sync'), { code: 'offline' });
});

test('a frame that is no JSON is ignored', async () => {
    const { sockets, client } = await connected();
    sockets[0].onmessage({ data: '{' });
    assert.equal(client.state.name, 'online');
});

test('the gap test looks at prev if there is one', () => {
    assert.equal(is_gap({ seq: 5 }, 4), false);
    assert.equal(is_gap({ seq: 6 }, 4), true);
    assert.equal(is_gap({ seq: 9, prev: 4 }, 4), false);
    assert.equal(is_gap({ seq: 9, prev: 5 }, 4), true);
    assert.equal(is_gap({ seq: 9, prev: 0 }, 0), false);
});
