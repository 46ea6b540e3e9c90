// Pieces that all forms share: labelled fields, a line for errors, a button that shows it is busy.

import { fill, h } from './dom.js';

let last_id = 0;

// A label and its field. What is not one field becomes a group with that name.
export function labelled(label, control, hint) {
    const id = `field${++last_id}`;
    const single = control.matches('input, textarea');
    if (single) control.id = id;
    if (hint && single) control.setAttribute('aria-describedby', `${id}h`);
    const title = single
        ? h('label', { for: id }, label)
        : h('span', { class: 'label', id: `${id}l` }, label);
    return h(
        'div',
        single
            ? { class: 'labelled' }
            : { class: 'labelled', role: 'group', 'aria-labelledby': `${id}l` },
        title,
        control,
        hint && h('p', { class: 'hint', id: `${id}h` }, hint),
    );
}

export function segmented(name, options, value, on_change) {
    return h(
        'div',
        { class: 'segmented', role: 'radiogroup', 'aria-label': name },
        options.map(([key, label]) =>
            h(
                'label',
                { class: 'segment' },
                h('input', {
                    type: 'radio',
                    name,
                    value: key,
                    checked: key === value,
                    class: 'visually-hidden',
                    on: { change: () => on_change(key) },
                }),
                h('span', {}, label),
            ),
        ),
    );
}

// A form whose submit is awaited: errors are shown in it, success calls nothing more.
export function async_form(app, { submit, label, danger = false, testid }, ...children) {
    const error = h('p', { class: 'form-error', role: 'alert' });
    const button = h(
        'button',
        {
            type: 'submit',
            class: danger ? 'button button-danger' : 'button button-main',
            data: { testid },
        },
        label,
    );
    const form = h(
        'form',
        { class: 'stack' },
        children,
        error,
        h('div', { class: 'dialog-actions' }, button),
    );
    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        fill(error);
        button.disabled = true;
        try {
            await submit();
        } catch (problem) {
            fill(error, app.words(problem));
        } finally {
            button.disabled = false;
        }
    });
    return form;
}
