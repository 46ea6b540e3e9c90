import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crowd_at, notices_from } from '../../web/notices.js';

const member = (seq, user, state = 'joined', more = {}) => ({
    type: 'member',
    room: 'r',
    seq,
    user,
    state,
    role: 'member',
    ts: seq,
    ...more,
});
const row = (event, fresh = true) => ({ key: `s${event.seq}`, notice: event, fresh, ts: event.ts });
const one_day = () => true;

test('a notice is made of what people do with the room, not of messages', () => {
    const events = [
        { type: 'room.created', seq: 1, by: 'ann' },
        member(2, 'ann', 'joined', { role: 'owner', by: 'ann' }), // told by the creation
        { type: 'message', seq: 3, from: 'ann', text: 'hi' },
        { type: 'reaction', seq: 4, by: 'ann', target: 3 },
        { type: 'message.edited', seq: 5, by: 'ann', target: 3 },
        { type: 'room.updated', seq: 6, by: 'ann', topic: 'x' },
    ];
    assert.deepEqual(
        notices_from(events).map(({ event }) => event.seq),
        [1, 6],
    );
});

test('who was here already is not new, who left and came back is', () => {
    const events = [
        member(1, 'bob'),
        member(2, 'bob', 'joined', { role: 'admin', by: 'ann' }),
        member(3, 'bob', 'left'),
        member(4, 'bob'),
        member(5, 'eve', 'joined', { role: 'admin', by: 'ann' }),
    ];
    assert.deepEqual(
        notices_from(events).map(({ fresh }) => fresh),
        [true, false, undefined, true, false],
    );
});

test('people who join one after the other are one line', () => {
    const rows = [row(member(1, 'ann')), row(member(2, 'bob')), row(member(3, 'eve'))];
    assert.equal(crowd_at(rows, 0, one_day).length, 3);
    assert.equal(crowd_at(rows, 1, one_day).length, 2);
});

test('a message, another day, a role or a leaving end the line', () => {
    const first = row(member(1, 'ann'));
    const others = [
        { key: 's2', seq: 2, n: 1, from: 'bob', text: 'hi', ts: 2 },
        row(member(2, 'bob', 'left')),
        row(member(2, 'bob', 'joined', { role: 'admin', by: 'ann' }), false),
        row(member(2, 'bob', 'joined', { by: 'ann' })),
        row(member(2, 'bob', 'joined', { muted_until: 9 })),
    ];
    for (const other of others) assert.equal(crowd_at([first, other], 0, one_day).length, 1);
    assert.equal(crowd_at([first, row(member(2, 'bob'))], 0, () => false).length, 1);
});

test('who added them is kept in the line', () => {
    const added = (seq, user) => row(member(seq, user, 'joined', { by: 'ann' }));
    assert.equal(crowd_at([added(1, 'bob'), added(2, 'eve')], 0, one_day).length, 2);
});
