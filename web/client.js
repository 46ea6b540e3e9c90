// The protocol of the WebSocket, version 1: one connection that repairs itself.
//
// Happy path: start() buys a ticket, opens the socket, waits for `ready`; command() and query()
// send a frame with a `ref` and settle with its one answer; everything else that arrives is handed
// to the listeners of "event".
// How it fails: when the socket closes, what is unanswered goes back into the queue and is sent
// again after the next `ready`, commands with the same cid and the same `after`, so the server can
// tell a repeat from a new one. Answers that may be retried are retried with growing pauses; all
// others reject with an ApiError. What each close code means is one table, close_plan.
//
// The module touches neither the page nor the clock by itself: socket, timers and randomness come
// in.

import { ApiError, offlineError } from './session.js';

export const SUBPROTOCOL = 'chattifier.v1';
const READY_WAIT_MS = 12_000;
const ANSWER_WAIT_MS = 20_000;
const PING_WAIT_MS = 10_000;
const TICK_MS = 5_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 15_000;
const RETRIES_MAX = 5;
const STEADY_MS = 10_000;
const IN_FLIGHT_DEFAULT = 32;

// 128 random bits in the alphabet of a cid.
export function newCid(crypto = globalThis.crypto) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Doubling pauses, of which at least half is waited and the other half is chance.
export function backoff_ms(attempt, random) {
    const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 10));
    return Math.round(whole / 2 + random() * (whole / 2));
}

// What to do after a close. `then` is one of reconnect, refresh (a new access token first) and
// stop.
export function close_plan(code, reason, { attempt, random, drain_ms }) {
    const pause = backoff_ms(attempt, random);
    if (code === 4001) return { then: 'refresh', wait_ms: attempt ? pause : 0 };
    if (code === 4002) return { then: 'refresh', wait_ms: attempt ? pause : 0, suspect: true };
    if (code === 4004) return { then: 'stop', why: 'replaced' };
    if (code === 4005) return { then: 'stop', why: 'too_many' };
    if (code === 4006) return { then: 'reconnect', wait_ms: 10_000 + pause };
    if (code === 4008) return { then: 'reconnect', wait_ms: attempt ? pause : 0 };
    if ([1002, 1003, 1007, 1009].includes(code)) {
        return attempt < 3
            ? { then: 'reconnect', wait_ms: pause }
            : { then: 'stop', why: 'broken' };
    }
    if (code === 1012 && drain_ms !== undefined) {
        return { then: 'reconnect', wait_ms: Math.round(random() * drain_ms) };
    }
    if (code === 1013 && /^\d{1,7}$/.test(reason)) {
        return { then: 'reconnect', wait_ms: Number(reason) + Math.round(random() * 1000) };
    }
    return { then: 'reconnect', wait_ms: pause };
}

// The gap test of the protocol: is an event missing between what I have and this one?
export function is_gap(event, mine) {
    return (event.prev ?? event.seq - 1) > mine;
}

export class Client {
    constructor({ session, openSocket, url, timers, now, random }) {
        this.session = session;
        this.openSocket = openSocket;
        this.url = url;
        this.timers = timers || {
            set: (f, ms) => setTimeout(f, ms),
            clear: (id) => clearTimeout(id),
        };
        this.now = now || (() => Date.now());
        this.random = random || Math.random;
        this.listeners = { state: [], event: [], ready: [] };
        this.state = { name: 'offline', why: 'idle' };
        this.socket = null;
        this.generation = 0;
        this.attempt = 0;
        this.queue = [];
        this.in_flight = new Map();
        this.next_id = 1;
        this.limits = {};
        this.offset_ms = 0;
        this.suspect = false;
    }

    on(what, listener) {
        this.listeners[what].push(listener);
    }

    emit(what, value) {
        for (const listener of this.listeners[what]) listener(value);
    }

    become(name, more = {}) {
        this.state = { name, ...more };
        this.emit('state', this.state);
    }

    get online() {
        return this.state.name === 'online';
    }

    server_now() {
        return this.now() + this.offset_ms;
    }

    // ---- life of the connection

    start() {
        this.attempt = 0;
        this.suspect = false;
        this.connect();
    }

    // Ends for good: unanswered commands and queries reject with the code "offline".
    stop(why = 'stopped') {
        this.detach(1000);
        this.become('offline', { why });
        const orphans = [...this.in_flight.values(), ...this.queue];
        this.in_flight.clear();
        this.queue = [];
        for (const entry of orphans) this.settle(entry, null, offlineError());
    }

    // The user or the browser says that now is a good moment.
    hurry() {
        if (this.state.name === 'waiting') this.connect();
        else if (this.online) this.probe();
        else if (this.state.name === 'offline' && this.session.signedIn) this.start();
    }

    detach(code) {
        this.generation += 1;
        this.timers.clear(this.retry_timer);
        this.timers.clear(this.ready_timer);
        this.timers.clear(this.tick_timer);
        const socket = this.socket;
        this.socket = null;
        if (!socket) return;
        socket.onmessage = socket.onclose = socket.onerror = socket.onopen = null;
        try {
            socket.close(code);
        } catch {
            // A socket that cannot be closed is already gone.
        }
    }

    async connect() {
        this.detach(1000);
        const generation = this.generation;
        this.become('connecting', { attempt: this.attempt });
        let ticket;
        try {
            ticket = await this.session.ticket();
        } catch (error) {
            if (generation === this.generation) this.no_ticket(error);
            return;
        }
        if (generation !== this.generation) return;
        const socket = this.openSocket(
            `${this.url}?ticket=${encodeURIComponent(ticket)}`,
            SUBPROTOCOL,
        );
        this.socket = socket;
        this.drain_ms = undefined;
        this.ready_at = undefined;
        socket.onmessage = (event) => this.received(event.data);
        socket.onclose = (event) => this.closed(event.code, event.reason);
        this.ready_timer = this.timers.set(() => this.lost(), READY_WAIT_MS);
    }

    no_ticket(error) {
        if (!this.session.signedIn) {
            this.stop('signed_out');
            return;
        }
        const pause = backoff_ms(this.attempt, this.random);
        this.retry_in(Math.max(pause, error.retry_after_ms || 0));
    }

    retry_in(wait_ms) {
        this.attempt += 1;
        this.become('waiting', { retry_at: this.now() + wait_ms, attempt: this.attempt });
        this.retry_timer = this.timers.set(() => this.connect(), wait_ms);
    }

    // The other side is silent: treat it as a close that we were never told.
    lost() {
        this.detach(4000);
        this.recover(4007, '');
    }

    closed(code, reason) {
        this.detach(1000);
        this.recover(code, reason || '');
    }

    recover(code, reason) {
        this.requeue();
        if (this.ready_at !== undefined && this.now() - this.ready_at > STEADY_MS) this.attempt = 0;
        const plan = close_plan(code, reason, this);
        if (plan.then === 'stop') {
            this.become('offline', { why: plan.why, code });
            return;
        }
        if (plan.then === 'refresh') this.session.access = null;
        if (plan.suspect && this.suspect) {
            this.session.end();
            this.stop('signed_out');
            return;
        }
        this.suspect = Boolean(plan.suspect);
        this.retry_in(plan.wait_ms);
    }

    // ---- what arrives

    received(data) {
        this.last_in = this.now();
        let frame;
        try {
            frame = JSON.parse(data);
        } catch {
            return;
        }
        const handler = FRAMES[frame.type];
        if (handler) handler(this, frame);
        else this.emit('event', frame);
    }

    on_ready(frame) {
        this.timers.clear(this.ready_timer);
        this.ready_at = this.now();
        this.attempt = Math.min(this.attempt, 2);
        this.suspect = false;
        this.limits = frame.limits || {};
        this.heartbeat_ms = frame.heartbeat_ms || 30_000;
        this.set_clock(frame.server_time);
        this.become('online', {});
        this.emit('ready', frame);
        this.tick();
        this.pump();
    }

    set_clock(server_time) {
        if (Number.isFinite(server_time)) this.offset_ms = server_time - this.now();
    }

    on_answer(frame) {
        const entry = this.in_flight.get(frame.ref);
        if (!entry) return;
        this.in_flight.delete(frame.ref);
        if (frame.type === 'error') this.refused(entry, frame);
        else this.settle(entry, frame, null);
        this.pump();
    }

    // An answer that may be retried sends the command back into the queue for a while.
    refused(entry, frame) {
        const last = entry.tries >= RETRIES_MAX || entry.once;
        if (!frame.retry || frame.code === 'muted' || last) {
            this.settle(entry, null, new ApiError(frame));
            return;
        }
        const pause = backoff_ms(entry.tries, this.random);
        entry.tries += 1;
        entry.waiting = true;
        this.enqueue(entry);
        this.timers.set(
            () => {
                entry.waiting = false;
                this.pump();
            },
            Math.max(pause, frame.retry_after_ms || 0),
        );
    }

    settle(entry, frame, error) {
        if (error) entry.reject(error);
        else entry.resolve(frame);
    }

    async renew() {
        try {
            await this.session.refresh();
            await this.query('auth', { token: this.session.access });
        } catch {
            // The server closes 4001 when the time is over, and that way leads to a new token too.
        }
    }

    // ---- what is sent

    // A command that changes something. `fields.cid` and `fields.after` stay the same in all
    // repeats.
    command(type, fields) {
        return this.ask(type, { cid: newCid(), ...fields }, {});
    }

    // A question. It may be asked again on another connection without harm.
    query(type, fields = {}, options = {}) {
        return this.ask(type, fields, options);
    }

    // Something that is worth sending only now: no answer is awaited.
    tell(type, fields) {
        if (this.online) this.socket.send(JSON.stringify({ type, ...fields }));
    }

    ask(type, fields, { once = false }) {
        const frame = { type, ...fields };
        const max = this.limits.frame_bytes || 65_536;
        if (new TextEncoder().encode(JSON.stringify(frame)).length + 48 > max) {
            return Promise.reject(
                new ApiError({ code: 'too_large', message: 'That is too long.' }),
            );
        }
        if (this.state.name === 'offline') return Promise.reject(offlineError());
        return new Promise((resolve, reject) => {
            const id = this.next_id++;
            const entry = { id, frame, resolve, reject, once, tries: 0, waiting: false };
            this.enqueue(entry);
            this.pump();
        });
    }

    enqueue(entry) {
        const at = this.queue.findIndex((other) => other.id > entry.id);
        if (at < 0) this.queue.push(entry);
        else this.queue.splice(at, 0, entry);
    }

    requeue() {
        for (const entry of this.in_flight.values()) this.enqueue(entry);
        this.in_flight.clear();
    }

    // Sends what may be sent. Messages of a room go one after the other: were a later one on its
    // way already when an earlier one has to be tried again, they would change their order.
    pump() {
        if (!this.online) return;
        const max = Math.min(IN_FLIGHT_DEFAULT, this.limits.in_flight || IN_FLIGHT_DEFAULT);
        const held = new Set([...this.in_flight.values()].map(lane_of));
        const rest = [];
        for (const entry of this.queue) {
            const lane = lane_of(entry);
            const wait = entry.waiting || this.in_flight.size >= max || (lane && held.has(lane));
            if (wait) rest.push(entry);
            else this.transmit(entry);
            held.add(lane);
        }
        this.queue = rest;
    }

    transmit(entry) {
        const ref = `${this.generation}.${entry.id}.${entry.tries}`;
        entry.sent_at = this.now();
        this.in_flight.set(ref, entry);
        this.socket.send(JSON.stringify({ ...entry.frame, ref }));
    }

    // ---- is the other side still there?

    tick() {
        const now = this.now();
        for (const entry of this.in_flight.values()) {
            if (now - entry.sent_at > ANSWER_WAIT_MS) {
                this.lost();
                return;
            }
        }
        if (now - this.last_in > this.heartbeat_ms * 0.8) this.probe();
        if (this.online) this.tick_timer = this.timers.set(() => this.tick(), TICK_MS);
    }

    // Asks for a sign of life and gives up on the connection when none comes.
    probe() {
        if (this.probing) return;
        this.probing = true;
        const asked = this.now();
        const generation = this.generation;
        this.tell('ping', { ts: asked });
        this.timers.set(() => {
            this.probing = false;
            if (generation === this.generation && this.last_in < asked) this.lost();
        }, PING_WAIT_MS);
    }
}

const lane_of = ({ frame }) => (frame.type === 'message.send' ? frame.room : null);

const FRAMES = {
    ready: (client, frame) => client.on_ready(frame),
    ok: (client, frame) => client.on_answer(frame),
    error: (client, frame) => client.on_answer(frame),
    pong: (client, frame) => client.set_clock(frame.server_time),
    'auth.expiring': (client) => client.renew(),
    draining: (client, frame) => {
        client.drain_ms = frame.reconnect_after_ms;
    },
};
