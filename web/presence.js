// Who is here: tells the server that I am, and watches the people that the page shows.

const AWAY_MS = 5 * 60_000;
const WATCH_DEFAULT = 200;

export class Presence {
    constructor(app) {
        this.app = app;
        this.state = 'online';
        this.watched = '';
        this.last_active = Date.now();
        for (const event of ['pointerdown', 'keydown']) {
            addEventListener(event, () => this.active(), { passive: true, capture: true });
        }
        setInterval(() => this.look(), 30_000);
    }

    active() {
        this.last_active = Date.now();
        this.set('online');
    }

    look() {
        if (Date.now() - this.last_active > AWAY_MS) this.set('away');
    }

    set(state) {
        if (state === this.state) return;
        this.state = state;
        this.app.client.tell('presence.set', { state });
    }

    // A new connection knows nothing of what was watched before.
    resume() {
        this.watched = '';
        if (this.state !== 'online') this.app.client.tell('presence.set', { state: this.state });
        this.watch();
    }

    // Partners of direct rooms, then the members of the open room, as many as the server allows.
    watch() {
        const { store, client, room } = this.app;
        const users = new Set();
        for (const other of store.sorted_rooms()) if (other.peer) users.add(other.peer);
        for (const member of room?.members?.keys() ?? []) users.add(member);
        users.delete(store.me);
        const list = [...users].slice(0, client.limits.watch ?? WATCH_DEFAULT);
        const sign = list.join();
        if (sign === this.watched || !client.online) return;
        this.watched = sign;
        client.tell('presence.watch', { users: list });
    }
}
