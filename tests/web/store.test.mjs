import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../web/store.js';
import { mentions_in } from '../../web/fold.js';

const ROOM = 'r';
const entry = (more = {}) => ({
    room: ROOM,
    kind: 'group',
    name: 'Tea',
    visibility: 'private',
    role: 'member',
    seq: 10,
    n: 5,
    read_n: 5,
    last: { seq: 10, from: 'ann', ts: 100, text: 'last' },
    ...more,
});
const said = (seq, n, text, more = {}) => ({
    type: 'message',
    room: ROOM,
    seq,
    n,
    from: 'ann',
    ts: seq * 10,
    cid: `c${seq}`,
    text,
    ...more,
});
const page = (messages, more = {}) => ({
    messages,
    head: messages.at(-1)?.seq ?? 0,
    more: false,
    ...more,
});

function make({ loaded = true, ...more } = {}) {
    const store = new Store({ now: () => 5000 });
    store.reset('me');
    store.apply_entry(entry(more));
    if (loaded) {
        store.begin_history(ROOM);
        store.apply_history(ROOM, page([said(9, 4, 'nine'), said(10, 5, 'ten')]), 'newest');
    }
    return { store, room: store.rooms.get(ROOM) };
}
const texts = (room) => room.list.filter((row) => !row.notice).map((row) => row.text);

test('an event that follows is applied, an old one dropped, a later one is a gap', () => {
    const { store, room } = make();
    assert.equal(store.apply(said(11, 6, 'eleven')), 'applied');
    assert.equal(store.apply(said(11, 6, 'eleven')), 'old');
    assert.equal(store.apply(said(13, 8, 'thirteen')), 'gap');
    assert.equal(store.apply(said(13, 7, 'thirteen', { prev: 11 })), 'applied');
    assert.deepEqual(texts(room), ['nine', 'ten', 'eleven', 'thirteen']);
    assert.equal(store.apply({ ...said(1, 1, 'x'), room: 'elsewhere' }), 'unknown');
});

test('unread is n minus read_n', () => {
    const { store, room } = make();
    store.apply(said(11, 6, 'a'));
    store.apply(said(12, 7, 'b'));
    assert.equal(store.unread(room), 2);
    store.set_read(ROOM, 6);
    assert.equal(store.unread(room), 1);
    store.set_read(ROOM, 2);
    assert.equal(store.unread(room), 1);
    store.apply(said(13, 8, 'mine', { from: 'me' }));
    assert.equal(store.unread(room), 0);
    assert.equal(store.total_unread(), 0);
});

test('a mention is remembered until it is read', () => {
    const { store, room } = make();
    store.apply(said(11, 6, '@me', { mentions: ['me'] }));
    assert.equal(room.mentioned, true);
    store.set_read(ROOM, 6);
    assert.equal(room.mentioned, false);
});

test('edits and deletions change the message and the preview', () => {
    const { store, room } = make();
    store.apply({
        type: 'message.edited',
        room: ROOM,
        seq: 11,
        target: 10,
        by: 'ann',
        ts: 1,
        text: 'better',
    });
    assert.equal(room.list.at(-1).text, 'better');
    assert.equal(room.list.at(-1).edited, true);
    assert.equal(room.last.text, 'better');
    store.apply({ type: 'message.deleted', room: ROOM, seq: 12, target: 10, by: 'ann', ts: 1 });
    assert.equal(room.list.at(-1).deleted, true);
    assert.equal(room.list.at(-1).text, '');
    assert.equal(room.last.deleted, true);
});

test('a reaction without a key is to a message that was deleted since, and shows nothing', () => {
    const { store, room } = make();
    store.apply({ type: 'reaction', room: ROOM, seq: 11, target: 10, by: 'bob', on: true, ts: 1 });
    assert.deepEqual(room.list.at(-1).reactions, []);
});

test('reactions are counted once, whether they came with history or as events', () => {
    const { store, room } = make({ loaded: false });
    const row = { ...said(9, 4, 'nine'), reactions: [{ key: '👍', count: 2, me: false }] };
    store.begin_history(ROOM);
    store.apply_history(ROOM, { messages: [row], head: 12, more: false }, 'newest');
    const react = (seq, by, on) =>
        store.apply({ type: 'reaction', room: ROOM, seq, target: 9, key: '👍', by, on, ts: 1 });
    react(11, 'bob', true);
    react(12, 'cat', true);
    assert.equal(room.list[0].reactions[0].count, 2);
    react(13, 'me', true);
    assert.deepEqual(room.list[0].reactions[0], { key: '👍', count: 3, me: true });
    react(14, 'me', false);
    react(15, 'bob', false);
    react(16, 'cat', false);
    assert.deepEqual(room.list[0].reactions, []);
});

test('an event that arrives while its page is on the way is not lost', () => {
    const { store, room } = make({ loaded: false });
    store.begin_history(ROOM);
    store.apply(said(11, 6, 'eleven'));
    store.apply({
        type: 'message.edited',
        room: ROOM,
        seq: 12,
        target: 9,
        by: 'ann',
        ts: 1,
        text: 'nine!',
    });
    store.apply_history(ROOM, page([said(9, 4, 'nine'), said(10, 5, 'ten')]), 'newest');
    assert.deepEqual(texts(room), ['nine!', 'ten', 'eleven']);
});

test('older pages go in front and say whether there is more', () => {
    const { store, room } = make();
    store.begin_history(ROOM);
    store.apply_history(
        ROOM,
        page([said(3, 1, 'three'), said(5, 2, 'five')], { head: 10, more: true }),
        'older',
    );
    assert.deepEqual(texts(room), ['three', 'five', 'nine', 'ten']);
    assert.equal(room.older, true);
    store.apply_history(ROOM, page([], { head: 10, more: false }), 'older');
    assert.equal(room.older, false);
});

test('a window around an old message takes no live messages until it reaches the end', () => {
    const { store, room } = make();
    store.begin_history(ROOM);
    store.apply_history(ROOM, page([said(3, 1, 'three')], { head: 10, more: true }), 'around');
    assert.equal(room.newer, true);
    store.apply(said(11, 6, 'eleven'));
    assert.deepEqual(texts(room), ['three']);
    store.begin_history(ROOM);
    const rest = [
        said(5, 2, 'a'),
        said(7, 3, 'b'),
        said(9, 4, 'c'),
        said(10, 5, 'd'),
        said(11, 6, 'eleven'),
    ];
    store.apply_history(ROOM, page(rest), 'newer');
    assert.equal(room.newer, false);
    assert.equal(texts(room).length, 6);
});

test('an own message is one row from sending to the echo', () => {
    const { store, room } = make();
    const pending = store.add_pending(ROOM, { cid: 'mine', after: 10, text: 'hi' });
    assert.equal(room.pending[0].state, 'sending');
    store.confirm(ROOM, pending, { seq: 11, n: 6, ts: 99 });
    assert.equal(room.pending.length, 0);
    assert.equal(room.list.at(-1).state, 'sent');
    assert.equal(room.list.at(-1).key, 'cmine');
    store.apply(said(11, 6, 'hi', { from: 'me', cid: 'mine' }));
    assert.equal(room.list.filter((row) => row.text === 'hi').length, 1);
    assert.equal(room.list.at(-1).key, 'cmine');
});

test('an echo that comes before the ok leaves one row too', () => {
    const { store, room } = make();
    const pending = store.add_pending(ROOM, { cid: 'mine', after: 10, text: 'hi' });
    store.apply(said(11, 6, 'hi', { from: 'me', cid: 'mine' }));
    assert.equal(room.pending.length, 0);
    store.confirm(ROOM, pending, { seq: 11, n: 6, ts: 99, dup: true });
    assert.equal(room.list.filter((row) => row.text === 'hi').length, 1);
});

test('a failed message keeps its cid and after for the retry', () => {
    const { store, room } = make();
    const pending = store.add_pending(ROOM, { cid: 'mine', after: 10, text: 'hi' });
    store.set_pending_state(ROOM, pending, 'failed', 'No answer in time.');
    store.apply(said(11, 6, 'other'));
    assert.equal(room.pending[0].state, 'failed');
    store.set_pending_state(ROOM, pending, 'sending');
    assert.deepEqual([pending.cid, pending.after], ['mine', 10]);
});

test('the same cid of somebody else confirms nothing of mine', () => {
    const { store, room } = make();
    store.add_pending(ROOM, { cid: 'mine', after: 10, text: 'hi' });
    store.apply(said(11, 6, 'theirs', { from: 'ann', cid: 'mine' }));
    assert.equal(room.pending.length, 1);
});

test('the end of my membership is the end of the room', () => {
    for (const state of ['removed', 'banned', 'left']) {
        const { store } = make();
        store.apply({ type: 'member', room: ROOM, seq: 11, user: 'me', state, by: 'ann', ts: 1 });
        assert.equal(store.rooms.has(ROOM), false, state);
    }
    const { store } = make();
    store.apply({ type: 'room.deleted', room: ROOM, seq: 11, by: 'ann', ts: 1 });
    assert.equal(store.rooms.size, 0);
});

test('members are kept true by events', () => {
    const { store, room } = make();
    room.members = new Map([['me', { user: 'me', role: 'owner' }]]);
    room.members_count = 1;
    const member = (seq, user, state, role) =>
        store.apply({ type: 'member', room: ROOM, seq, user, state, role, by: 'me', ts: 1 });
    member(11, 'bob', 'joined', 'member');
    member(12, 'bob', 'joined', 'admin');
    assert.equal(room.members_count, 2);
    assert.equal(room.members.get('bob').role, 'admin');
    member(13, 'bob', 'removed', 'admin');
    assert.equal(room.members_count, 1);
});

test('a list entry never takes a room back in time', () => {
    const { store, room } = make();
    store.apply(said(11, 6, 'eleven'));
    store.apply_entry(entry({ name: 'Old name', seq: 9, n: 4, read_n: 3 }));
    assert.deepEqual([room.name, room.seq, room.n, room.read_n], ['Tea', 11, 6, 5]);
});

test('typing ends with the time, with the message, and is never my own', () => {
    let now = 0;
    const store = new Store({ now: () => now });
    store.reset('me');
    const room = store.apply_entry(entry());
    store.set_typing({ room: ROOM, user: 'me', for_ms: 5000 });
    store.set_typing({ room: ROOM, user: 'ann', for_ms: 5000 });
    store.set_typing({ room: ROOM, user: 'bob', for_ms: 5000 });
    assert.deepEqual(store.typing_in(room), ['ann', 'bob']);
    store.apply(said(11, 6, 'done'));
    assert.deepEqual(store.typing_in(room), ['bob']);
    now = 5000;
    assert.deepEqual(store.typing_in(room), []);
});

test('receipts only rise', () => {
    const { store, room } = make();
    store.set_receipt({ room: ROOM, user: 'ann', read_n: 4 });
    store.set_receipt({ room: ROOM, user: 'ann', read_n: 2 });
    assert.equal(room.receipts.get('ann'), 4);
});

test('texts are kept byte for byte', () => {
    const { store, room } = make();
    const naughty = [
        '<script>alert(1)</script>',
        '\u202etest\u202e',
        '  spaces  ',
        '\ufeff',
        '\u0007',
        '田中さん',
        '🏳️‍🌈',
        'Ṱ̺̺̕o͞ ̷i̲̬',
        "'; DROP TABLE users; --",
        '{{7*7}}',
        '\\u0000',
        '__proto__',
        'constructor',
        'javascript:alert(1)',
    ];
    naughty.forEach((text, at) => store.apply(said(11 + at, 6 + at, text)));
    assert.deepEqual(texts(room).slice(2), naughty);
});

test('a room or person with a name of the language itself is nothing special', () => {
    const store = new Store();
    store.reset('me');
    store.apply_entry({ ...entry(), room: '__proto__' });
    store.learn_users({ constructor: { username: 'constructor', display_name: '' } });
    assert.equal(store.rooms.size, 1);
    assert.equal(store.name_of('constructor'), 'constructor');
    assert.equal(store.name_of('toString'), '…');
});

test('mentions are the known names after an at sign', () => {
    const people = [
        { id: '1', username: 'ann' },
        { id: '2', username: 'bob.lee' },
    ];
    assert.deepEqual(mentions_in('@ann and @Bob.Lee, not mail@ann.org or @nobody', people), [
        '1',
        '2',
    ]);
    assert.deepEqual(mentions_in('@ann. (@ann)', people), ['1']);
    assert.deepEqual(mentions_in('nothing here', people), []);
});

test('the log of a deleted message has no text and shows a tombstone', () => {
    const { store, room } = make();
    store.apply({ ...said(11, 6), text: undefined });
    store.apply({ type: 'message.edited', room: ROOM, seq: 12, target: 11, by: 'ann', ts: 1 });
    assert.equal(room.list.at(-1).deleted, true);
    assert.equal(room.last.text, '');
    assert.equal(room.last.deleted, true);
});
