// One's own account: profile, look, password, devices, blocked people, the way out.

import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { user_avatar } from './avatar.js';
import { confirm_dialog, open_dialog, toast } from './overlay.js';
import { async_form, labelled, segmented } from './forms.js';
import { ago } from './format.js';
import { set_theme, theme } from './theme_switch.js';

export function account_dialog(app) {
    open_dialog(
        'Your account',
        (close) => {
            const top = h('div', {}, hero(app));
            const parts = [
                top,
                profile(app, () => fill(top, hero(app))),
                look(),
                password(app),
                devices(app),
                blocks(app),
                exits(app, close),
            ];
            return h('div', { class: 'account' }, parts);
        },
        { wide: true },
    );
}

function hero(app) {
    const user = app.store.user(app.store.me);
    return h(
        'div',
        { class: 'account-hero' },
        user_avatar(app, user.id, 'l'),
        h(
            'div',
            {},
            h('bdi', { class: 'account-name' }, app.store.name_of(user.id)),
            h('p', { class: 'muted' }, `@${user.username}`),
        ),
    );
}

const section = (title, ...children) =>
    h('section', { class: 'account-section' }, h('h3', {}, title), children);

function profile(app, changed) {
    const name = h('input', { class: 'field', maxlength: 64, data: { testid: 'display-name' } });
    const bio = h('textarea', { class: 'field', maxlength: 500, rows: 2 });
    const load = async () => {
        const user = await app.actions.my_profile();
        name.value = user.display_name || '';
        bio.value = user.bio || '';
    };
    app.attempt(load);
    const submit = async () => {
        await app.actions.save_profile({
            display_name: name.value.trim() || null,
            bio: bio.value.trim() || null,
        });
        changed();
        toast('Saved.');
    };
    return section(
        'Profile',
        async_form(
            app,
            { submit, label: 'Save', testid: 'profile-save' },
            labelled('Display name', name),
            labelled('About you', bio),
        ),
    );
}

function look() {
    return section(
        'Look',
        segmented(
            'theme',
            [
                ['auto', 'System'],
                ['light', 'Light'],
                ['dark', 'Dark'],
            ],
            theme(),
            set_theme,
        ),
    );
}

function password(app) {
    const make = (autocomplete) =>
        h('input', { type: 'password', class: 'field', required: true, autocomplete });
    const before = make('current-password');
    const after = make('new-password');
    const submit = async () => {
        await app.actions.change_password(before.value, after.value);
        before.value = after.value = '';
        toast('Password changed. Other devices are signed out.');
    };
    return section(
        'Password',
        async_form(
            app,
            { submit, label: 'Change password' },
            labelled('Current password', before),
            labelled('New password', after, 'At least 8 characters.'),
        ),
    );
}

function devices(app) {
    const list = h('ul', { class: 'device-list' });
    const load = async () => {
        const rows = await app.actions.devices();
        fill(
            list,
            rows.map((row) => device_row(app, row, load)),
        );
    };
    app.attempt(load);
    return section('Devices', list);
}

function device_row(app, row, reload) {
    const here = row.id === app.session.device?.id;
    const sign_out = () =>
        app.attempt(async () => {
            await app.actions.drop_device(row.id);
            await reload();
        });
    const seen = row.last_seen ? `Last used ${ago(row.last_seen, app.client.server_now())}` : '';
    return h(
        'li',
        { class: 'device-row' },
        icon('device'),
        h(
            'span',
            { class: 'person-text' },
            h('bdi', { class: 'person-name' }, row.name || 'Unnamed device'),
            h('span', { class: 'person-username' }, here ? 'This device' : seen),
        ),
        !here &&
            h('button', { type: 'button', class: 'button', on: { click: sign_out } }, 'Sign out'),
    );
}

function blocks(app) {
    const list = h('ul', { class: 'device-list' });
    const load = async () => {
        const ids = await app.actions.load_blocks();
        fill(
            list,
            ids.length
                ? ids.map((id) => block_row(app, id, load))
                : h('li', { class: 'hint' }, 'Nobody is blocked.'),
        );
    };
    app.attempt(load);
    return section('Blocked people', list);
}

function block_row(app, id, reload) {
    const lift = () =>
        app.attempt(async () => {
            await app.actions.block(id, false);
            await reload();
        });
    return h(
        'li',
        { class: 'device-row' },
        user_avatar(app, id, 's'),
        h(
            'span',
            { class: 'person-text' },
            h('bdi', { class: 'person-name' }, app.store.name_of(id)),
        ),
        h('button', { type: 'button', class: 'button', on: { click: lift } }, 'Unblock'),
    );
}

function exits(app, close) {
    const everywhere = async () => {
        const sure = await confirm_dialog({
            title: 'Sign out everywhere?',
            text: 'All your devices have to sign in again.',
            action: 'Sign out everywhere',
        });
        if (sure) leave_with(() => app.actions.sign_out(true));
    };
    const leave_with = (act) => {
        close();
        app.attempt(act);
    };
    return section(
        'Leave',
        h(
            'div',
            { class: 'account-exits' },
            h(
                'button',
                {
                    type: 'button',
                    class: 'button',
                    data: { testid: 'sign-out' },
                    on: { click: () => leave_with(() => app.actions.sign_out(false)) },
                },
                icon('door', 18),
                'Sign out',
            ),
            h(
                'button',
                { type: 'button', class: 'button', on: { click: everywhere } },
                'Sign out everywhere',
            ),
            h(
                'button',
                {
                    type: 'button',
                    class: 'button button-quiet-danger',
                    on: { click: () => delete_dialog(app, close) },
                },
                'Delete account',
            ),
        ),
    );
}

function delete_dialog(app, close_account) {
    const password = h('input', {
        type: 'password',
        class: 'field',
        required: true,
        autocomplete: 'current-password',
    });
    open_dialog('Delete your account', (close) =>
        async_form(
            app,
            {
                label: 'Delete for ever',
                danger: true,
                submit: async () => {
                    await app.actions.delete_account(password.value);
                    close();
                    close_account();
                },
            },
            h(
                'p',
                { class: 'muted' },
                'You leave all rooms. Your messages stay, without your name. ' +
                    'Nobody can take your username again. This cannot be taken back.',
            ),
            labelled('Your password', password),
        ),
    );
}
