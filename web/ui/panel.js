// The panel on the right: about the room, or search. On small screens it covers the conversation.

import { fill, h } from './dom.js';
import { icon_button } from './overlay.js';
import { info_panel } from './info_panel.js';
import { search_panel } from './search_panel.js';

export class Panel {
    constructor(app) {
        this.app = app;
        this.name = null;
        this.title = h('h2', { tabindex: -1 });
        this.body = h('div', { class: 'panel-body' });
        this.element = h(
            'aside',
            { class: 'panel', hidden: true, data: { testid: 'panel' } },
            h(
                'header',
                { class: 'panel-head' },
                this.title,
                icon_button('close', 'Close', () => this.close(), {
                    data: { testid: 'panel-close' },
                }),
            ),
            this.body,
        );
    }

    // `scope` is where a search begins: 'room' (if one is open) or 'all'.
    toggle(name, scope = 'room') {
        if (this.name === name && this.scope === scope) {
            this.close();
            return;
        }
        this.before = document.activeElement;
        this.name = name;
        this.scope = scope;
        this.show();
        (this.body.querySelector('[autofocus]') || this.title).focus();
    }

    close() {
        if (!this.name) return;
        this.name = null;
        this.element.hidden = true;
        delete this.app.shell.dataset.panel;
        if (this.before?.isConnected) this.before.focus();
    }

    show() {
        const { app } = this;
        if (this.name === 'info' && !app.room) {
            this.close();
            return;
        }
        this.element.hidden = false;
        app.shell.dataset.panel = this.name;
        fill(this.title, this.name === 'info' ? 'About' : 'Search');
        fill(
            this.body,
            this.name === 'info' ? info_panel(app, app.room) : search_panel(app, app.room, this.scope),
        );
    }

    // Search keeps what was found; only the info is drawn again.
    refresh() {
        if (this.name !== 'info') return;
        if (document.querySelector('.popover')) return;
        const { scrollTop } = this.body;
        const at = [...this.body.querySelectorAll('button')].indexOf(document.activeElement);
        this.show();
        this.body.scrollTop = scrollTop;
        if (at >= 0) this.body.querySelectorAll('button')[at]?.focus({ preventScroll: true });
    }

    room_changed() {
        if (this.name === 'info') this.show();
    }
}
