// Ctrl+K: type a few letters, press Enter, be there.

import { debounce, fill, h } from './dom.js';
import { room_avatar, user_avatar } from './avatar.js';
import { open_dialog } from './overlay.js';

const ROWS_MAX = 9;

export function open_switcher(app) {
    let choices = [];
    let chosen = 0;
    const list = h('ul', {
        class: 'switch-list',
        role: 'listbox',
        id: 'switch-list',
        'aria-label': 'Results',
    });
    const input = h('input', {
        type: 'text',
        class: 'switch-input',
        placeholder: 'Jump to a room or a person',
        role: 'combobox',
        'aria-label': 'Jump to',
        'aria-expanded': 'true',
        'aria-controls': 'switch-list',
        autocomplete: 'off',
        spellcheck: 'false',
        autofocus: true,
        data: { testid: 'switcher' },
    });
    const dialog = open_dialog('Jump to', () => h('div', { class: 'switcher' }, input, list));
    dialog.classList.add('dialog-switcher');

    const go = (choice) => {
        dialog.close();
        if (choice.room) app.open_room(choice.room.id);
        else app.actions.open_direct(choice.user.id);
    };
    const draw = () =>
        fill(
            list,
            choices.map((choice, at) =>
                h(
                    'li',
                    {
                        role: 'option',
                        id: `switch${at}`,
                        class: 'switch-row',
                        'aria-selected': String(at === chosen),
                        on: {
                            click: () => go(choice),
                            mousemove: () => {
                                if (chosen !== at) {
                                    chosen = at;
                                    mark();
                                }
                            },
                        },
                    },
                    choice.room
                        ? room_avatar(app, choice.room, 's')
                        : user_avatar(app, choice.user.id, 's'),
                    h('bdi', {}, choice.name),
                    choice.user && h('span', { class: 'muted' }, `@${choice.user.username}`),
                ),
            ),
        );
    const mark = () => {
        [...list.children].forEach((row, at) =>
            row.setAttribute('aria-selected', String(at === chosen)),
        );
        input.setAttribute('aria-activedescendant', choices.length ? `switch${chosen}` : '');
    };
    const find_people = debounce(async (q) => {
        const users = await app.actions.find_people(q).catch(() => []);
        if (q !== input.value.trim().toLowerCase() || !input.isConnected) return;
        const have = new Set(choices.map((choice) => choice.room?.peer));
        const more = users.filter((user) => !have.has(user.id) && user.id !== app.store.me);
        choices = [
            ...choices,
            ...more.map((user) => ({ user, name: user.display_name || user.username })),
        ].slice(0, ROWS_MAX);
        draw();
        mark();
    }, 150);
    const find = () => {
        const q = input.value.trim().toLowerCase();
        choices = app.store
            .sorted_rooms()
            .map((room) => ({ room, name: app.store.title_of(room) }))
            .filter((choice) => choice.name.toLowerCase().includes(q))
            .slice(0, ROWS_MAX);
        chosen = 0;
        draw();
        mark();
        if (/^[a-z0-9][a-z0-9._-]+$/.test(q)) find_people(q);
    };
    input.addEventListener('input', find);
    input.addEventListener('keydown', (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (event.key === 'Enter' && choices[chosen]) go(choices[chosen]);
        if (!step || choices.length === 0) return;
        chosen = (chosen + step + choices.length) % choices.length;
        event.preventDefault();
        mark();
    });
    find();
}
