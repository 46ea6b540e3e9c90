// A program that says one line in a room, and makes the room if there is none of that name.
//
//     node docs/bots/say.mjs http://127.0.0.1:8080 builds 'correct horse battery' 'Build results' 'Build 17 is green'
//
// It needs Node.js 18 and no packages. Happy path: sign in (or up), find or make the room, say it, show the last three messages. How it fails:
// a refusal is printed with its code and field, and the exit code is 1.

import { createHash } from 'node:crypto';

const [url, username, password, name, text] = process.argv.slice(2);
if (text === undefined) {
    console.error('usage: say.mjs URL USERNAME PASSWORD ROOM TEXT');
    process.exit(2);
}
let token;

async function ask(method, path, body, key) {
    const headers = {};
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers['Content-Type'] = 'application/json';
    if (key) headers['Idempotency-Key'] = key;
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    const json = await answer.json();
    if (json.error) throw Object.assign(new Error(json.error.message), json.error);
    return json;
}

async function sign_in() {
    try {
        return await ask('POST', '/user/login', { username, password });
    } catch (error) {
        if (error.code !== 'unauthorized') throw error;
        await ask('POST', '/user/register', { username, password });
        return ask('POST', '/user/login', { username, password });
    }
}

try {
    ({ access_token: token } = await sign_in());
    const { rooms } = await ask('GET', '/api/rooms?limit=100');
    const room =
        rooms.find((one) => one.name === name)?.room ??
        (await ask('POST', '/api/rooms', { kind: 'group', name })).room;
    // The same words in the same room are one message, however often this program is started.
    const key = createHash('sha256').update(room + text).digest('hex');
    const said = await ask('POST', `/api/rooms/${room}/messages`, { text }, key);
    console.log(said.dup ? `was said before, as ${said.seq}` : `said as ${said.seq}`);
    const page = await ask('GET', `/api/rooms/${room}/messages?limit=3&at_least=${said.seq}`);
    for (const message of page.messages)
        console.log(`${page.users[message.from].username}: ${message.text ?? '(deleted)'}`);
} catch (error) {
    console.error(`${error.code ?? 'failed'} ${error.field ?? ''}: ${error.message}`);
    process.exit(1);
}
