// Finds people by the beginning of their username, and lets one or several be chosen.

import { debounce, fill, h } from './dom.js';
import { user_avatar } from './avatar.js';
import { icon } from './icons.js';

// on_pick gets a user when a row is chosen. `many` shows the chosen ones above the field.
export function people_picker(
    app,
    { on_pick, many = false, exclude = new Set(), allow_me = false },
) {
    const chosen = new Map();
    const chips = h('div', { class: 'chips' });
    const results = h('ul', { class: 'people-results', 'aria-label': 'People' });
    const status = h(
        'p',
        { class: 'hint', 'aria-live': 'polite' },
        'Type at least two letters of a username.',
    );
    const input = h('input', {
        type: 'search',
        class: 'field',
        placeholder: 'Search by username',
        'aria-label': 'Search people',
        autocomplete: 'off',
        spellcheck: 'false',
        autofocus: true,
        data: { testid: 'user-search' },
    });

    const choose = (user) => {
        app.store.learn_users([user]);
        if (!many) {
            on_pick(user);
            return;
        }
        if (chosen.has(user.id)) chosen.delete(user.id);
        else chosen.set(user.id, user);
        input.value = '';
        find_now();
        draw_chips();
        on_pick([...chosen.values()]);
        input.focus();
    };
    const draw_chips = () =>
        fill(
            chips,
            [...chosen.values()].map((user) =>
                h(
                    'button',
                    {
                        type: 'button',
                        class: 'chip',
                        'aria-label': `Remove ${user.username}`,
                        on: { click: () => choose(user) },
                    },
                    user.display_name || user.username,
                    icon('close', 14),
                ),
            ),
        );
    const fits = (user) => !exclude.has(user.id) && (allow_me || user.id !== app.store.me);
    const show = (users) =>
        fill(
            results,
            users
                .filter(fits)
                .slice(0, 20)
                .map((user) =>
                    h(
                        'li',
                        {},
                        h(
                            'button',
                            {
                                type: 'button',
                                class: chosen.has(user.id) ? 'person is-chosen' : 'person',
                                data: { testid: 'user-result', username: user.username },
                                on: { click: () => choose(user) },
                            },
                            user_avatar(app, user.id, 's'),
                            h(
                                'span',
                                { class: 'person-text' },
                                h(
                                    'bdi',
                                    { class: 'person-name' },
                                    user.display_name || user.username,
                                ),
                                h('span', { class: 'person-username' }, `@${user.username}`),
                            ),
                            chosen.has(user.id) && icon('check', 18),
                        ),
                    ),
                ),
        );

    const asked = () => input.value.trim().replace(/^@/, '').toLowerCase();
    let shown_for; // the beginning of a name that the list answers
    const find_now = async () => {
        const prefix = asked();
        if (prefix.length < 2) {
            show(app.known_people().filter((user) => user.username.startsWith(prefix)));
            fill(status, 'Type at least two letters of a username.');
            shown_for = prefix;
            return;
        }
        try {
            const users = await app.actions.find_people(prefix);
            if (!input.isConnected || prefix !== asked()) return;
            show(users);
            const count = users.filter(fits).length;
            fill(
                status,
                count ? `${count} found` : `Nobody has a username that begins with “${prefix}”.`,
            );
            shown_for = prefix;
        } catch (error) {
            fill(status, app.words(error));
        }
    };
    // Whoever types fast means what was typed, not the first of a list that is older than it.
    const choose_first = async () => {
        const prefix = asked();
        if (!prefix) return;
        if (shown_for !== prefix) await find_now();
        if (shown_for === asked() && prefix === shown_for) results.querySelector('button')?.click();
    };
    input.addEventListener('input', debounce(find_now, 180));
    input.addEventListener('keydown', (event) => {
        if (event.key === 'ArrowDown') results.querySelector('button')?.focus();
        if (event.key === 'Enter') {
            event.preventDefault();
            choose_first();
        }
    });
    find_now();
    return h('div', { class: 'people-picker' }, chips, input, status, results);
}
