// Puts the parts together: session, connection, store, and the page that shows them.
//
// Happy path: a restored or new session starts the client; `ready` leads to a resume; the store
// tells what changed and the parts of the page that show it are drawn anew, at most once a frame.
// How it fails: a lost connection shows in the banner and repairs itself; the end of the session
// leads back to the first page.

import { Actions } from './actions.js';
import { Client } from './client.js';
import { Session } from './session.js';
import { Store } from './store.js';
import { Sync } from './sync.js';
import { find } from './fold.js';
import { Presence } from './presence.js';
import { tab_storage, drafts } from './storage.js';
import { account_dialog } from './ui/account.js';
import { AuthPage } from './ui/auth.js';
import { Composer } from './ui/composer.js';
import { Banner, Conversation } from './ui/conversation.js';
import { fill, h } from './ui/dom.js';
import { Panel } from './ui/panel.js';
import { add_people_dialog, browse_dialog, direct_dialog, new_room_dialog } from './ui/rooms.js';
import { confirm_dialog, toast } from './ui/overlay.js';
import { open_switcher } from './ui/switcher.js';
import { Sidebar } from './ui/sidebar.js';
import { Timeline } from './ui/timeline.js';
import { words_of } from './ui/words.js';

class App {
    constructor(root) {
        this.root = root;
        this.current = null;
        this.ready_once = false;
        this.drafts = drafts;
        this.dirty = new Set();
        const channel =
            'BroadcastChannel' in globalThis ? new BroadcastChannel('chattifier') : null;
        this.session = new Session({
            fetch: (...values) => fetch(...values),
            storage: tab_storage,
            channel,
            onSignedOut: () => this.signed_out(),
        });
        const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
        this.client = new Client({
            session: this.session,
            url: `${scheme}//${location.host}/api/socket`,
            openSocket: (url, protocol) => new WebSocket(url, protocol),
        });
        this.store = new Store({ now: () => this.client.server_now() });
        this.sync = new Sync(this.client, this.store);
        this.actions = new Actions(this);
        this.presence = new Presence(this);
        this.build();
        this.store.listen((what, room) => this.changed(what, room));
        this.client.on('ready', (frame) => this.ready(frame));
        this.client.on('state', (state) => this.show_state(state));
        this.listen();
    }

    build() {
        this.timeline = new Timeline(this);
        this.composer = new Composer(this);
        this.sidebar = new Sidebar(this);
        this.conversation = new Conversation(this);
        this.panel = new Panel(this);
        this.banner = new Banner(this);
        this.news = h('div', { class: 'visually-hidden', 'aria-live': 'polite' });
        this.shell = h(
            'div',
            { class: 'shell', data: { view: 'list' } },
            this.banner.element,
            this.sidebar.element,
            this.conversation.element,
            this.panel.element,
            this.news,
        );
        this.auth = new AuthPage(this);
    }

    listen() {
        addEventListener('hashchange', () => this.route());
        addEventListener('online', () => this.client.hurry());
        addEventListener('focus', () => this.looked());
        document.addEventListener('visibilitychange', () => {
            if (document.visibilityState === 'visible') this.looked();
        });
        addEventListener('keydown', (event) => this.key(event));
        addEventListener('beforeunload', (event) => {
            this.composer.keep_draft();
            if ([...this.store.rooms.values()].some((room) => room.pending.length))
                event.preventDefault();
        });
        setInterval(() => this.each_second(), 1000);
    }

    // ---- session

    start() {
        if (this.session.restore()) this.enter();
        else this.show_auth();
    }

    enter() {
        this.store.reset(this.session.user.id);
        this.store.learn_users([this.session.user]);
        this.ready_once = false;
        this.shown_state = null;
        fill(this.root, this.shell);
        this.banner.show('first');
        this.sidebar.render_me();
        this.sidebar.render();
        this.conversation.show(null);
        this.timeline.show(null);
        this.client.start();
    }

    show_auth() {
        document.title = 'Chattifier';
        fill(this.root, this.auth.element);
        this.auth.focus();
    }

    signed_out() {
        this.client.stop('signed_out');
        for (const dialog of document.querySelectorAll('dialog')) dialog.close();
        this.current = null;
        this.panel.close();
        this.composer.show(null);
        drafts.clear();
        this.store.reset(null);
        history.replaceState(null, '', location.pathname);
        this.show_auth();
    }

    async ready(frame) {
        this.store.me = frame.user;
        this.resumes = (this.resumes || 0) + 1;
        const mine = this.resumes;
        try {
            await this.sync.resume();
        } catch {
            return;
        }
        if (mine !== this.resumes) return;
        const first = !this.ready_once;
        this.ready_once = true;
        this.presence.resume();
        this.banner.show(first ? 'online' : 'back');
        if (!first)
            setTimeout(() => {
                if (this.client.online) this.banner.show('online');
            }, 2500);
        this.sidebar.render();
        if (first) {
            this.route();
            this.attempt(() => this.actions.load_blocks());
        } else this.resume_view();
    }

    // The open room may have been given up while it was caught up, or is gone.
    resume_view() {
        const room = this.room;
        if (room && !room.loaded) this.timeline.show(room);
        if (room) this.load_details(room.id);
        if (this.current && !room) this.close_room();
    }

    show_state(state) {
        if (!this.session.signedIn) return;
        if (state.name === 'online') {
            if (this.ready_once) this.banner.show('catching');
        } else if (state.name === 'connecting') {
            this.banner.show(this.ready_once || state.attempt ? 'trying' : 'first');
        } else if (state.name === 'waiting') this.banner.show('waiting', state);
        else if (state.why !== 'signed_out') this.banner.show('stopped', state);
    }

    // ---- where we are

    get room() {
        return this.current ? this.store.rooms.get(this.current) : null;
    }

    open_room(id) {
        const hash = `#/room/${id}`;
        if (location.hash !== hash) location.hash = hash;
        this.route();
        this.focus_soon();
    }

    close_room() {
        location.hash = '#/';
        this.route();
    }

    route() {
        if (!this.ready_once) return;
        const id = /^#\/room\/([0-9a-f-]{36})$/.exec(location.hash)?.[1] ?? null;
        const room = id ? this.store.rooms.get(id) : null;
        if (id && !room) {
            history.replaceState(null, '', '#/');
            toast('That room is not among yours.');
        }
        if (room && room.id === this.current) return;
        this.leave_view();
        this.current = room?.id ?? null;
        this.shell.dataset.view = room ? 'room' : 'list';
        if (room) this.enter_view(room);
        else this.composer.show(null);
        this.conversation.show(room);
        this.timeline.show(room);
        this.sidebar.render();
        this.panel.room_changed();
    }

    leave_view() {
        if (!this.current) return;
        this.composer.keep_draft();
        const before = this.room;
        if (before) before.marker_n = null;
        this.store.trim(this.current);
    }

    enter_view(room) {
        room.marker_n = this.store.unread(room) ? room.read_n : null;
        this.composer.show(room);
        this.load_details(room.id);
        this.presence.watch();
    }

    async load_details(id) {
        try {
            const room = await this.sync.learn_room(id);
            if (room && !this.sync.knows_members(room)) await this.sync.load_members(id);
        } catch {
            return;
        }
        this.presence.watch();
    }

    jump_to(id, seq) {
        if (this.current !== id) this.open_room(id);
        if (this.current !== id) return;
        if (matchMedia('(max-width: 1099px)').matches) this.panel.close();
        this.timeline.to_message(seq);
    }

    focus_soon() {
        if (matchMedia('(hover: hover)').matches) setTimeout(() => this.composer.focus(), 30);
    }

    // The newest message is in view: it counts as read if somebody is looking.
    saw(room) {
        if (!this.looking) return;
        if (this.client.online && this.ready_once && room.loaded) this.actions.read(room);
    }

    looked() {
        this.client.hurry();
        this.presence.active();
        if (this.room && this.timeline.at_end) this.saw(this.room);
    }

    // ---- drawing

    changed(what, room) {
        if (what === 'gone' && room === this.current) this.lost_room();
        this.dirty.add(`${what}|${room ?? ''}`);
        if (this.frame) return;
        this.frame = true;
        const draw = () => {
            this.frame = false;
            this.draw();
        };
        if (document.visibilityState === 'visible') requestAnimationFrame(draw);
        else setTimeout(draw, 100);
    }

    lost_room() {
        toast('You are no longer in this room.');
        setTimeout(() => this.close_room());
    }

    draw() {
        const dirty = this.dirty;
        this.dirty = new Set();
        const { current, room } = this;
        const about = (...kinds) => kinds.some((kind) => dirty.has(`${kind}|${current}`));
        const people = dirty.has('users|');
        if (this.ready_once) this.sidebar.render();
        if (people) this.sidebar.render_me();
        this.show_title();
        if (!room) return;
        if (about('messages')) this.mark_new(room);
        if (people || about('messages', 'receipts', 'room', 'members')) this.timeline.render();
        if (people || dirty.has('presence|') || about('room', 'members'))
            this.conversation.render_head(room);
        if (people || about('typing', 'messages')) this.conversation.render_typing(room);
        if (about('room')) this.composer.update_rights();
        if (people || about('room', 'members') || dirty.has('presence|')) this.panel.refresh();
        if (about('messages')) this.after_messages(room);
    }

    get looking() {
        return document.visibilityState === 'visible' && document.hasFocus();
    }

    // What comes while nobody looks gets its divider too.
    mark_new(room) {
        if (room.marker_n === null && !this.looking && this.store.unread(room))
            room.marker_n = room.read_n;
    }

    after_messages(room) {
        if (this.timeline.at_end) this.saw(room);
        this.timeline.scrolled();
        const last = room.list.at(-1);
        if (!last?.n || last.from === this.store.me || last.n <= (this.announced ?? last.n - 1))
            return;
        const spoken = this.announced !== undefined && this.announced_room === room.id;
        this.announced = last.n;
        this.announced_room = room.id;
        if (spoken) fill(this.news, `${this.store.name_of(last.from)}: ${last.text}`);
    }

    show_title() {
        const unread = this.store.total_unread();
        const name = this.room ? `${this.store.title_of(this.room)} · ` : '';
        document.title = `${unread ? `(${unread > 99 ? '99+' : unread}) ` : ''}${name}Chattifier`;
    }

    each_second() {
        const typing = [...this.store.rooms.values()].filter((room) => room.typing.size > 0);
        if (typing.length === 0) return;
        if (this.room) this.conversation.render_typing(this.room);
        this.sidebar.render();
    }

    // ---- help for the parts

    name(id) {
        if (!id) return 'Somebody';
        return id === this.store.me ? 'You' : this.store.name_of(id);
    }

    first_name(id) {
        return this.store.name_of(id).split(/\s+/)[0];
    }

    find_message(room, seq) {
        const message = find(room.list, seq);
        return message && !message.notice ? message : null;
    }

    known_people() {
        return [...this.store.users.values()]
            .filter((user) => user.username && user.id !== this.store.me)
            .sort((a, b) =>
                (a.display_name || a.username).localeCompare(b.display_name || b.username),
            );
    }

    people_here(room) {
        if (!room) return [];
        if (room.kind === 'direct') return room.peer ? [this.store.user(room.peer)] : [];
        const ids = room.members
            ? [...room.members.keys()]
            : room.list.map((row) => row.from).filter(Boolean);
        return [...new Set(ids)].map((id) => this.store.user(id)).filter((user) => user.username);
    }

    words(error) {
        return words_of(error);
    }

    async attempt(act) {
        try {
            return await act();
        } catch (error) {
            toast(this.words(error), { kind: 'error' });
            return null;
        }
    }

    copy(text) {
        navigator.clipboard?.writeText(text).then(
            () => toast('Copied.'),
            () => toast('Copying is not allowed here.'),
        );
    }

    confirm(question) {
        return confirm_dialog(question);
    }

    show_panel(name, scope) {
        this.panel.toggle(name, scope);
    }

    account() {
        account_dialog(this);
    }

    new_room() {
        new_room_dialog(this);
    }

    new_direct() {
        direct_dialog(this);
    }

    browse() {
        browse_dialog(this);
    }

    add_people(room) {
        add_people_dialog(this, room);
    }

    key(event) {
        if (!this.session.signedIn) return;
        const command = event.ctrlKey || event.metaKey;
        const idle = event.target === document.body || event.target.closest?.('.timeline');
        // Whoever just starts to type means the composer.
        if (idle && this.room && event.key.length === 1 && event.key !== ' ' && !command) {
            this.composer.focus();
            return;
        }
        if (command && event.key.toLowerCase() === 'k') {
            event.preventDefault();
            if (!document.querySelector('dialog[open]')) open_switcher(this);
        } else if (command && event.shiftKey && event.key.toLowerCase() === 'f') {
            event.preventDefault();
            this.show_panel('search');
        } else if (event.key === 'Escape' && !document.querySelector('dialog[open]')) {
            if (this.panel.name) this.panel.close();
            else if (this.room) this.timeline.to_newest();
        }
    }
}

new App(document.getElementById('app')).start();
