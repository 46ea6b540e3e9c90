// Where one writes: text, reply and edit modes, name completion, drafts, typing signals.

import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { icon_button } from './overlay.js';
import { pick_emoji } from './emoji.js';
import { user_avatar } from './avatar.js';
import { summary_of } from './message.js';

const TYPING_EVERY_MS = 3500;
const SUGGESTIONS_MAX = 6;
const TEXT_BYTES = 16_384;

export class Composer {
    constructor(app) {
        this.app = app;
        this.room = null;
        this.replying = null;
        this.editing = null;
        this.typed_at = 0;
        this.mode = h('div', { class: 'composer-mode', hidden: true });
        this.suggestions = h('div', {
            class: 'suggestions',
            role: 'listbox',
            'aria-label': 'People',
            hidden: true,
        });
        this.input = h('textarea', {
            class: 'composer-input',
            rows: 1,
            'aria-label': 'Message',
            placeholder: 'Message',
            dir: 'auto',
            autocomplete: 'off',
            enterkeyhint: 'send',
            data: { testid: 'composer-input' },
            on: {
                input: () => this.changed(),
                keydown: (event) => this.key(event),
                click: () => this.suggest(),
                blur: () => setTimeout(() => this.hide_suggestions(), 150),
            },
        });
        this.send_button = h(
            'button',
            {
                type: 'submit',
                class: 'send',
                'aria-label': 'Send',
                title: 'Send',
                disabled: true,
                data: { testid: 'composer-send' },
            },
            icon('send'),
        );
        this.count = h('span', { class: 'composer-count', 'aria-live': 'polite' });
        this.form = h(
            'form',
            {
                class: 'composer-form',
                on: {
                    submit: (event) => {
                        event.preventDefault();
                        this.submit();
                    },
                },
            },
            icon_button('smile', 'Emoji', (event) => this.emoji(event.currentTarget)),
            this.input,
            this.count,
            this.send_button,
        );
        this.closed = h('div', { class: 'composer-closed', hidden: true });
        this.element = h(
            'div',
            { class: 'composer' },
            this.suggestions,
            this.mode,
            this.form,
            this.closed,
        );
    }

    show(room) {
        this.keep_draft();
        this.room = room;
        this.replying = this.editing = null;
        this.typed_at = 0;
        this.hide_suggestions();
        if (!room) return;
        this.input.value = this.app.drafts.get(room.id) || '';
        this.show_mode();
        this.update_rights();
        this.grow();
    }

    update_rights() {
        const { room } = this;
        if (!room) return;
        const { me } = this.app.store;
        const name = this.app.store.title_of(room);
        const notes = room.kind === 'direct' && (!room.peer || room.peer === me);
        this.input.placeholder = notes ? 'Write a note' : `Message ${name}`;
        const blocked = room.kind === 'direct' && this.app.store.blocked.has(room.peer);
        const silent =
            room.settings.posting === 'admins' && room.role === 'member' && room.kind === 'channel';
        this.form.hidden = blocked || silent;
        this.closed.hidden = !blocked && !silent;
        if (silent) fill(this.closed, icon('lock', 16), 'Only admins may write in this channel.');
        if (blocked) fill(this.closed, ...this.blocked_words(room));
    }

    blocked_words(room) {
        const lift = () => this.app.attempt(() => this.app.actions.block(room.peer, false));
        return [
            icon('block', 16),
            `You blocked ${this.app.store.name_of(room.peer)}.`,
            h('button', { type: 'button', class: 'link-button', on: { click: lift } }, 'Unblock'),
        ];
    }

    focus() {
        this.input.focus();
    }

    keep_draft() {
        if (!this.room || this.editing) return;
        this.app.drafts.set(this.room.id, this.input.value);
    }

    // ---- modes

    reply(message) {
        if (this.editing) this.leave_mode();
        this.replying = message;
        this.show_mode();
        this.focus();
    }

    edit(message) {
        this.keep_draft();
        this.replying = null;
        this.editing = message;
        this.input.value = message.text;
        this.show_mode();
        this.grow();
        this.focus();
        this.input.setSelectionRange(message.text.length, message.text.length);
    }

    leave_mode() {
        if (this.editing) this.input.value = this.app.drafts.get(this.room.id) || '';
        this.replying = this.editing = null;
        this.show_mode();
        this.grow();
    }

    show_mode() {
        const message = this.editing || this.replying;
        this.mode.hidden = !message;
        if (!message) {
            fill(this.mode);
            return;
        }
        const { app } = this;
        const title = this.editing ? 'Edit message' : `Reply to ${app.store.name_of(message.from)}`;
        fill(
            this.mode,
            icon(this.editing ? 'edit' : 'reply', 18),
            h(
                'div',
                { class: 'composer-mode-text' },
                h('strong', {}, title),
                h('span', { dir: 'auto' }, summary_of(app, message)),
            ),
            icon_button('close', 'Cancel', () => {
                this.leave_mode();
                this.focus();
            }),
        );
    }

    // ---- writing

    changed() {
        this.grow();
        this.suggest();
        if (!this.editing) this.tell_typing(this.input.value.trim() !== '');
    }

    // One signal every few seconds while writing, and one when all is taken back.
    tell_typing(on) {
        const now = Date.now();
        if (on ? now - this.typed_at < TYPING_EVERY_MS : this.typed_at === 0) return;
        this.typed_at = on ? now : 0;
        this.app.client.tell('typing', { room: this.room.id, on });
    }

    grow() {
        const { input } = this;
        input.style.setProperty('height', 'auto');
        input.style.setProperty('height', `${Math.min(input.scrollHeight, 200)}px`);
        const bytes = input.value.length > 3000 ? new TextEncoder().encode(input.value).length : 0;
        const over = bytes > TEXT_BYTES;
        const left = TEXT_BYTES - bytes;
        const near = left < 2000 ? `${left} bytes left` : '';
        fill(this.count, over ? `${-left} bytes too long` : near);
        this.count.classList.toggle('is-over', over);
        this.send_button.disabled = input.value.trim() === '' || over;
    }

    emoji(anchor) {
        pick_emoji(anchor, (sign) => {
            const { input } = this;
            this.focus();
            input.setRangeText(sign, input.selectionStart, input.selectionEnd, 'end');
            this.changed();
        });
    }

    submit() {
        if (this.send_button.disabled) return;
        const text = this.input.value;
        const { room, editing, replying } = this;
        this.input.value = '';
        this.typed_at = 0;
        if (editing) {
            this.leave_mode();
            if (text !== editing.text) this.app.actions.edit_message(room.id, editing, text);
            return;
        }
        this.replying = null;
        this.app.drafts.set(room.id, '');
        this.show_mode();
        this.grow();
        this.app.actions.send_message(room.id, text, replying?.seq);
        this.app.timeline.to_newest();
        this.focus();
    }

    key(event) {
        if (event.isComposing) return;
        if (!this.suggestions.hidden && this.suggestion_key(event)) return;
        if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
            event.preventDefault();
            this.submit();
        } else if (event.key === 'Escape' && (this.editing || this.replying)) {
            event.preventDefault();
            event.stopPropagation();
            this.leave_mode();
        } else if (event.key === 'ArrowUp' && this.input.value === '' && !this.editing) {
            const last = this.app.timeline.last_own;
            if (!last) return;
            event.preventDefault();
            this.edit(last);
        }
    }

    // ---- completion of names

    suggest() {
        const before = this.input.value.slice(0, this.input.selectionStart);
        const match = /(?:^|\s)@([a-z0-9._-]{0,20})$/i.exec(before);
        const people = match ? this.app.people_here(this.room) : [];
        const wanted = match?.[1].toLowerCase() ?? '';
        const fits = people
            .filter(
                (user) =>
                    user.username.startsWith(wanted) ||
                    user.display_name?.toLowerCase().includes(wanted),
            )
            .slice(0, SUGGESTIONS_MAX);
        // A whole name needs no completion: Enter is to send then.
        const whole = fits.some((user) => user.username === wanted);
        this.suggestions.hidden = whole || fits.length === 0;
        this.chosen = 0;
        fill(
            this.suggestions,
            fits.map((user, at) =>
                h(
                    'button',
                    {
                        type: 'button',
                        role: 'option',
                        class: 'suggestion',
                        'aria-selected': at === 0 ? 'true' : 'false',
                        data: { username: user.username },
                        tabindex: -1,
                        on: {
                            mousedown: (event) => {
                                event.preventDefault();
                                this.complete(user.username);
                            },
                        },
                    },
                    user_avatar(this.app, user.id, 'xs'),
                    h('bdi', {}, user.display_name || user.username),
                    h('span', { class: 'muted' }, `@${user.username}`),
                ),
            ),
        );
    }

    suggestion_key(event) {
        const options = [...this.suggestions.children];
        if (event.key === 'Escape') this.hide_suggestions();
        else if (event.key === 'Enter' || event.key === 'Tab') {
            this.complete(options[this.chosen].dataset.username);
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            const step = event.key === 'ArrowDown' ? 1 : -1;
            this.chosen = (this.chosen + step + options.length) % options.length;
            options.forEach((option, at) =>
                option.setAttribute('aria-selected', String(at === this.chosen)),
            );
        } else return false;
        event.preventDefault();
        event.stopPropagation();
        return true;
    }

    hide_suggestions() {
        this.suggestions.hidden = true;
    }

    complete(username) {
        const { input } = this;
        const end = input.selectionStart;
        const start = input.value.lastIndexOf('@', end - 1);
        input.setRangeText(`@${username} `, start, end, 'end');
        this.hide_suggestions();
        this.grow();
        this.focus();
    }
}
