import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '../../web/session.js';

const ok = (body, status = 200) => ({ ok: true, status, json: async () => body });
const no = (status, code, more = {}) => ({
    ok: false,
    status,
    json: async () => ({ error: { code, message: code, retry: false, ...more } }),
});

function make(answers) {
    const calls = [];
    const kept = new Map();
    const house = { calls, kept, ended: 0 };
    house.session = new Session({
        fetch: async (path, options) => {
            calls.push({ path, ...options, body: options.body && JSON.parse(options.body) });
            const answer = answers.shift();
            if (!answer) throw new TypeError('network');
            return answer;
        },
        storage: {
            get: (key) => kept.get(key),
            set: (key, value) => kept.set(key, value),
            remove: (key) => kept.delete(key),
            getDevice: () => 'old-device',
            setDevice: () => {},
        },
        onSignedOut: () => {
            house.ended += 1;
        },
    });
    return house;
}

const PAIR = {
    access_token: 'a1',
    refresh_token: 'r1',
    expires_in: 900,
    user: { id: 'u' },
    device: { id: 'd' },
};

test('signing in names the device that is known here', async () => {
    const { session, calls } = make([ok(PAIR)]);
    await session.login('mira', 'secret', 'Firefox');
    assert.deepEqual(calls[0].body, {
        username: 'mira',
        password: 'secret',
        device: { name: 'Firefox', id: 'old-device' },
    });
    assert.equal(session.signedIn, true);
});

test('the access token is never kept outside of memory', async () => {
    const { session, kept } = make([ok(PAIR)]);
    await session.login('mira', 'secret', 'x');
    assert.equal(JSON.stringify([...kept]).includes('a1'), false);
});

test('an expired access token is replaced and the request repeated once', async () => {
    const next = { access_token: 'a2', refresh_token: 'r2', expires_in: 900 };
    const { session, calls } = make([
        ok(PAIR),
        no(401, 'unauthorized'),
        ok(next),
        ok({ ticket: 't' }, 201),
    ]);
    await session.login('mira', 'secret', 'x');
    assert.equal(await session.ticket(), 't');
    assert.deepEqual(
        calls.map((call) => call.path),
        ['/user/login', '/user/ticket', '/user/refresh', '/user/ticket'],
    );
    assert.equal(calls[3].headers.Authorization, 'Bearer a2');
});

test('two requests at once share one refresh', async () => {
    const next = { access_token: 'a2', refresh_token: 'r2', expires_in: 900 };
    const { session, calls, kept } = make([ok(next), ok({}), ok({})]);
    kept.set('chattifier.session', { refresh_token: 'r1', user: { id: 'u' }, device: { id: 'd' } });
    assert.equal(session.restore(), true);
    await Promise.all([session.request('GET', '/user/me'), session.request('GET', '/user/me')]);
    assert.equal(calls.filter((call) => call.path === '/user/refresh').length, 1);
});

test('a refused refresh ends the session once', async () => {
    const house = make([ok(PAIR), no(401, 'unauthorized'), no(401, 'unauthorized')]);
    await house.session.login('mira', 'secret', 'x');
    await assert.rejects(house.session.ticket(), { code: 'unauthorized' });
    assert.equal(house.ended, 1);
    assert.equal(house.session.signedIn, false);
    assert.equal(house.kept.size, 0);
});

test('a server that cannot be reached does not end the session', async () => {
    const house = make([ok(PAIR)]);
    await house.session.login('mira', 'secret', 'x');
    await assert.rejects(house.session.ticket(), { code: 'offline', retry: true });
    assert.equal(house.session.signedIn, true);
});

test('an answer that is not of the protocol still becomes an error with a code', async () => {
    const html = {
        ok: false,
        status: 502,
        json: async () => {
            throw new SyntaxError('html');
        },
    };
    const { session } = make([html]);
    await assert.rejects(session.login('a', 'b', 'c'), { code: 'unavailable', status: 502 });
});

test('the token of another tab of the same device is taken over', async () => {
    const { session } = make([ok(PAIR)]);
    await session.login('mira', 'secret', 'x');
    session.adopt({ device: 'other', access_token: 'x', refresh_token: 'x' });
    assert.equal(session.refreshToken, 'r1');
    session.adopt({ device: 'd', access_token: 'a9', refresh_token: 'r9' });
    assert.equal(session.refreshToken, 'r9');
});
