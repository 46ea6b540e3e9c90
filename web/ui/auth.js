// The first page: signing in, or signing up and in at once.

import { fill, h } from './dom.js';
import { mark } from './icons.js';
import { labelled } from './forms.js';

export class AuthPage {
    constructor(app) {
        this.app = app;
        this.registering = false;
        this.username = h('input', {
            class: 'field',
            name: 'username',
            autocomplete: 'username',
            autocapitalize: 'none',
            spellcheck: 'false',
            required: true,
            maxlength: 20,
            data: { testid: 'auth-username' },
        });
        this.display = h('input', {
            class: 'field',
            name: 'name',
            autocomplete: 'name',
            maxlength: 64,
            placeholder: 'Optional',
            data: { testid: 'auth-display' },
        });
        this.password = h('input', {
            class: 'field',
            type: 'password',
            name: 'password',
            required: true,
            data: { testid: 'auth-password' },
        });
        this.error = h('p', { class: 'form-error', role: 'alert', data: { testid: 'auth-error' } });
        this.button = h('button', {
            type: 'submit',
            class: 'button button-main button-large',
            data: { testid: 'auth-submit' },
        });
        this.title = h('h1', {});
        this.toggle = h('button', {
            type: 'button',
            class: 'link-button',
            data: { testid: 'auth-toggle' },
            on: { click: () => this.set_mode(!this.registering) },
        });
        this.question = h('span', {});
        this.display_line = labelled(
            'Display name',
            this.display,
            'What others see. You can change it at any time.',
        );
        this.password_line = labelled(
            'Password',
            this.password,
            'At least 8 characters. Longer is better than complicated.',
        );
        this.rule = this.password_line.querySelector('.hint');
        this.name_line = labelled(
            'Username',
            this.username,
            '3 to 20 letters, digits, dots, dashes or underscores.',
        );
        this.name_rule = this.name_line.querySelector('.hint');
        this.element = this.build();
        this.set_mode(false);
    }

    build() {
        const form = h(
            'form',
            {
                class: 'auth-form',
                on: {
                    submit: (event) => {
                        event.preventDefault();
                        this.submit();
                    },
                },
            },
            this.title,
            this.name_line,
            this.display_line,
            this.password_line,
            this.error,
            this.button,
            h('p', { class: 'auth-switch' }, this.question, ' ', this.toggle),
        );
        return h(
            'main',
            { class: 'auth' },
            h(
                'div',
                { class: 'auth-card' },
                h('div', { class: 'auth-brand' }, mark(44), h('span', {}, 'Chattifier')),
                form,
            ),
            h('p', { class: 'auth-foot' }, 'Your own place to talk.'),
        );
    }

    set_mode(registering) {
        this.registering = registering;
        fill(this.title, registering ? 'Create your account' : 'Welcome back');
        fill(this.button, registering ? 'Sign up' : 'Sign in');
        fill(this.question, registering ? 'Already have an account?' : 'New here?');
        fill(this.toggle, registering ? 'Sign in' : 'Create an account');
        this.display_line.hidden = this.rule.hidden = this.name_rule.hidden = !registering;
        this.password.setAttribute(
            'autocomplete',
            registering ? 'new-password' : 'current-password',
        );
        fill(this.error);
    }

    focus() {
        this.username.focus();
        this.ask_registration();
    }

    // An installation may not take new accounts.
    async ask_registration() {
        try {
            const { registration } = await this.app.session.request('GET', '/api/info', undefined, {
                open: true,
            });
            const closed = registration === false || registration === 'closed';
            this.toggle.parentNode.hidden = closed;
            if (closed) this.set_mode(false);
        } catch {
            // Then the form tells it when it is used.
        }
    }

    async submit() {
        const { app, username, password, display } = this;
        fill(this.error);
        this.button.disabled = true;
        try {
            const name = username.value.trim();
            if (this.registering)
                await app.session.register(name, password.value, display.value.trim());
            await app.session.login(name, password.value, device_name());
            password.value = '';
            app.enter();
        } catch (error) {
            fill(this.error, words_for(app, error));
            (error.field === 'password' ? password : username).focus();
        } finally {
            this.button.disabled = false;
        }
    }
}

function words_for(app, error) {
    if (error.code === 'unauthorized') return 'That username and password do not belong together.';
    if (error.code === 'conflict') return 'That username is taken.';
    if (error.field === 'username') {
        return 'Usernames have 3 to 20 letters, digits, dots, dashes or underscores. Some are reserved.';
    }
    if (error.field === 'password')
        return 'Passwords have 8 to 128 characters and are not among the most common ones.';
    return app.words(error);
}

function device_name() {
    const { userAgent } = navigator;
    const first = (list) => list.find(([sign]) => userAgent.includes(sign))?.[1];
    const browser = first([
        ['Firefox', 'Firefox'],
        ['Edg/', 'Edge'],
        ['Chrome', 'Chrome'],
        ['Safari', 'Safari'],
    ]);
    const system = first([
        ['Android', 'Android'],
        ['iPhone', 'iPhone'],
        ['iPad', 'iPad'],
        ['Windows', 'Windows'],
        ['Mac', 'Mac'],
        ['Linux', 'Linux'],
    ]);
    return [browser || 'Browser', system].filter(Boolean).join(' on ');
}
