// What lies above the page: dialogs, menus beside a button, short notes at the bottom.
//
// Focus goes in when something opens and back to where it was when it closes; Escape closes.

import { h, fill } from './dom.js';
import { icon } from './icons.js';

let toasts = null;

export function toast(text, { kind = 'info', wait_ms = 4000 } = {}) {
    if (!toasts) {
        const says = { role: 'status', 'aria-live': 'polite', popover: 'manual' };
        toasts = h('div', { class: 'toasts', ...says });
        document.body.append(toasts);
    }
    const note = h('div', { class: 'toast', data: { kind, testid: 'toast' } }, text);
    toasts.append(note);
    lift(toasts);
    setTimeout(() => note.remove(), wait_ms);
}

// Notes are to lie above an open dialog too.
function lift(element) {
    if (!element.showPopover) return;
    if (element.matches(':popover-open')) element.hidePopover();
    element.showPopover();
}

export function icon_button(name, label, on_click, more = {}) {
    const { data, ...rest } = more;
    return h(
        'button',
        {
            type: 'button',
            class: 'icon-button',
            'aria-label': label,
            title: label,
            data,
            on: { click: on_click },
            ...rest,
        },
        icon(name),
    );
}

// A modal dialog. `content` gets a function that closes it.
export function open_dialog(title, content, { wide = false } = {}) {
    const dialog = h('dialog', {
        class: wide ? 'dialog dialog-wide' : 'dialog',
        'aria-label': title,
    });
    const close = () => dialog.close();
    fill(
        dialog,
        h(
            'header',
            { class: 'dialog-head' },
            h('h2', {}, title),
            icon_button('close', 'Close', close),
        ),
        h('div', { class: 'dialog-body' }, content(close)),
    );
    dialog.addEventListener('close', () => dialog.remove());
    dialog.addEventListener('mousedown', (event) => {
        if (event.target === dialog) close();
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('[autofocus], input, textarea')?.focus();
    return dialog;
}

export function confirm_dialog({ title, text, action, danger = true }) {
    return new Promise((resolve) => {
        let answer = false;
        const decide = (close) => {
            answer = true;
            close();
        };
        const dialog = open_dialog(title, (close) =>
            h(
                'div',
                { class: 'stack' },
                h('p', { class: 'muted' }, text),
                h(
                    'div',
                    { class: 'dialog-actions' },
                    h(
                        'button',
                        { type: 'button', class: 'button', on: { click: close } },
                        'Cancel',
                    ),
                    h(
                        'button',
                        {
                            type: 'button',
                            class: danger ? 'button button-danger' : 'button button-main',
                            autofocus: true,
                            data: { testid: 'confirm' },
                            on: { click: () => decide(close) },
                        },
                        action,
                    ),
                ),
            ),
        );
        dialog.addEventListener('close', () => resolve(answer));
    });
}

let closing = null;

export function close_popover() {
    closing?.();
}

// A small surface beside `anchor`; only one is open.
export function open_popover(anchor, element, { role = 'menu', label } = {}) {
    close_popover();
    const before = document.activeElement;
    const surface = h(
        'div',
        { class: 'popover', role, 'aria-label': label, tabindex: -1 },
        element,
    );
    const host = anchor.closest('dialog') || document.body;
    host.append(surface);
    place(surface, anchor.getBoundingClientRect());
    anchor.classList.add('is-open');
    const on_down = (event) => {
        if (!surface.contains(event.target) && !anchor.contains(event.target)) closing?.();
    };
    const on_key = (event) => {
        if (event.key !== 'Escape' && event.key !== 'Tab') return;
        event.preventDefault();
        event.stopPropagation();
        closing?.();
    };
    closing = () => {
        closing = null;
        anchor.classList.remove('is-open');
        document.removeEventListener('mousedown', on_down, true);
        const inside = surface.contains(document.activeElement);
        surface.remove();
        if (inside && before?.isConnected) before.focus({ preventScroll: true });
    };
    document.addEventListener('mousedown', on_down, true);
    surface.addEventListener('keydown', on_key);
    surface.addEventListener('keydown', walk);
    (surface.querySelector('button, input') || surface).focus();
    return closing;
}

function place(surface, anchor) {
    const { width, height } = surface.getBoundingClientRect();
    const left = Math.min(Math.max(8, anchor.right - width), innerWidth - width - 8);
    const below = anchor.bottom + 6;
    const top = below + height < innerHeight - 8 ? below : Math.max(8, anchor.top - height - 6);
    surface.style.setProperty('left', `${Math.round(left)}px`);
    surface.style.setProperty('top', `${Math.round(top)}px`);
}

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function walk(event) {
    const step = STEPS[event.key];
    if (!step || event.target.tagName === 'INPUT') return;
    const buttons = [...event.currentTarget.querySelectorAll('button:not([disabled])')];
    const at = buttons.indexOf(document.activeElement);
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
    event.preventDefault();
}

// items: {icon, label, act, danger} or null, which is left out.
export function open_menu(anchor, items) {
    const rows = items.filter(Boolean).map((item) =>
        h(
            'button',
            {
                type: 'button',
                role: 'menuitem',
                class: item.danger ? 'menu-item is-danger' : 'menu-item',
                data: { testid: item.testid },
                on: {
                    click: () => {
                        close_popover();
                        item.act();
                    },
                },
            },
            icon(item.icon, 18),
            item.label,
        ),
    );
    if (rows.length) open_popover(anchor, h('div', { class: 'menu' }, rows));
}
