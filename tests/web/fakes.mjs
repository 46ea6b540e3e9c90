// Stand-ins for the world of the web client: a clock with timers that run when told, sockets that
// the test answers, a session that always has a ticket.

import { webcrypto } from 'node:crypto';

// Browsers have it; Node has it under this name only from 19 on.
globalThis.crypto ??= webcrypto;

export class FakeTime {
    constructor() {
        this.now_ms = 1_000_000;
        this.timers = [];
        this.next = 1;
    }

    now = () => this.now_ms;

    set = (action, wait_ms) => {
        const id = this.next++;
        this.timers.push({ id, at: this.now_ms + wait_ms, action });
        return id;
    };

    clear = (id) => {
        this.timers = this.timers.filter((timer) => timer.id !== id);
    };

    // Runs what is due, in order, and lets promises settle in between.
    async pass(ms) {
        const until = this.now_ms + ms;
        for (;;) {
            await settled();
            const due = this.timers
                .filter((timer) => timer.at <= until)
                .sort((a, b) => a.at - b.at || a.id - b.id)[0];
            if (!due) break;
            this.clear(due.id);
            this.now_ms = Math.max(this.now_ms, due.at);
            due.action();
        }
        this.now_ms = until;
        await settled();
    }
}

export async function settled() {
    for (let turn = 0; turn < 20; turn += 1) await null;
}

export class FakeSocket {
    constructor(url, protocol) {
        this.url = url;
        this.protocol = protocol;
        this.sent = [];
        this.closed_with = null;
    }

    send(data) {
        this.sent.push(JSON.parse(data));
    }

    close(code) {
        this.closed_with = code;
    }

    say(frame) {
        this.onmessage?.({ data: JSON.stringify(frame) });
    }

    end(code, reason = '') {
        this.onclose?.({ code, reason });
    }

    last(type) {
        return this.sent.filter((frame) => frame.type === type).at(-1);
    }
}

export class FakeSession {
    constructor() {
        this.signedIn = true;
        this.access = 'a';
        this.tickets = 0;
        this.refreshes = 0;
        this.fail = null;
        this.ended = 0;
    }

    async ticket() {
        if (this.fail) throw this.fail;
        if (!this.access) await this.refresh();
        return `t${++this.tickets}`;
    }

    async refresh() {
        this.refreshes += 1;
        this.access = `a${this.refreshes}`;
        return this.access;
    }

    end() {
        this.ended += 1;
        this.signedIn = false;
    }
}

export const READY = {
    type: 'ready',
    user: 'me',
    device: 'd',
    session: 's',
    protocol: 1,
    features: [],
    heartbeat_ms: 30_000,
    expires_at: 2_000_000,
    server_time: 1_000_500,
    limits: { frame_bytes: 65_536, in_flight: 64 },
};
