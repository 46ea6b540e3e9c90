// The pictures of the interface: one stroke, 24 by 24, in the colour of the text around them.

import { svg } from './dom.js';

const PATHS = {
    back: ['M15 5l-7 7 7 7'],
    plus: ['M12 5v14', 'M5 12h14'],
    search: ['M11 4a7 7 0 1 1 0 14a7 7 0 0 1 0-14', 'M20 20l-4-4'],
    info: ['M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18', 'M12 11v5', 'M12 8v.01'],
    close: ['M6 6l12 12', 'M18 6L6 18'],
    send: ['M5 12h13', 'M12 5.5l6.5 6.5-6.5 6.5'],
    smile: [
        'M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18',
        'M8.5 14a4 4 0 0 0 7 0',
        'M9 9.5v.01',
        'M15 9.5v.01',
    ],
    reply: ['M9 7l-5 5 5 5', 'M4 12h10a6 6 0 0 1 6 6v1'],
    more: ['M6 12v.01', 'M12 12v.01', 'M18 12v.01'],
    edit: ['M4 20h4L19 9l-4-4L4 16z', 'M13 7l4 4'],
    trash: ['M5 7h14', 'M10 7V4h4v3', 'M7 7l1 13h8l1-13'],
    copy: ['M9 9h11v11H9z', 'M5 15H4V4h11v1'],
    people: [
        'M9 5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7',
        'M2.5 20a6.5 6.5 0 0 1 13 0',
        'M16 5.5a3.5 3.5 0 0 1 0 6',
        'M18.5 14.5a6.5 6.5 0 0 1 3 5.5',
    ],
    person: ['M12 4a4 4 0 1 1 0 8a4 4 0 0 1 0-8', 'M4.5 20.5a7.5 7.5 0 0 1 15 0'],
    hash: ['M9 4L7 20', 'M17 4l-2 16', 'M4 9h16', 'M3.5 15h16'],
    lock: ['M6 11h12v9H6z', 'M8.5 11V8a3.5 3.5 0 0 1 7 0v3'],
    note: ['M6 3h9l4 4v14H6z', 'M10 11h5', 'M10 15h5'],
    down: ['M6 9l6 6 6-6'],
    check: ['M5 12.5l4.5 4.5L19 7.5'],
    checks: ['M2.5 12.5L7 17l8-9', 'M12 16.5l.5.5L21.5 8'],
    clock: ['M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 0 1 0-17', 'M12 8v4.5l3 2'],
    alert: ['M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 0 1 0-17', 'M12 8v5', 'M12 16v.01'],
    compass: ['M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18', 'M15.5 8.5l-2 5-5 2 2-5z'],
    moon: ['M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z'],
    sun: [
        'M12 8a4 4 0 1 1 0 8a4 4 0 0 1 0-8',
        'M12 2.5v2',
        'M12 19.5v2',
        'M2.5 12h2',
        'M19.5 12h2',
        'M5.3 5.3l1.4 1.4',
        'M17.3 17.3l1.4 1.4',
        'M18.7 5.3l-1.4 1.4',
        'M6.7 17.3l-1.4 1.4',
    ],
    auto: [
        'M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 0 1 0-17',
        'M12 3.5v17',
        'M12 8l6-2',
        'M12 13l8-2.5',
        'M12 18l6-3',
    ],
    door: ['M13 4H5v16h8', 'M10 12h11', 'M17 8l4 4-4 4'],
    chat: ['M4 5h16v11H11l-4.5 4v-4H4z'],
    device: ['M3 5h18v11H3z', 'M9 20h6', 'M12 16v4'],
    block: ['M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 0 1 0-17', 'M6 6l12 12'],
    key: ['M8 11a4 4 0 1 1 0 8a4 4 0 0 1 0-8', 'M11 12l9-9', 'M16 7l3 3'],
};

export function icon(name, size = 20) {
    const paths = PATHS[name].map((d) => svg('path', { d }));
    return svg(
        'svg',
        {
            viewBox: '0 0 24 24',
            width: size,
            height: size,
            fill: 'none',
            stroke: 'currentColor',
            'stroke-width': name === 'more' ? 3 : 1.8,
            'stroke-linecap': 'round',
            'stroke-linejoin': 'round',
            'aria-hidden': 'true',
            class: 'icon',
            focusable: 'false',
        },
        ...paths,
    );
}

// The mark of the product: two bubbles that make one.
export function mark(size = 32) {
    return svg(
        'svg',
        { viewBox: '0 0 32 32', width: size, height: size, 'aria-hidden': 'true', class: 'mark' },
        svg('path', { class: 'mark-back', d: 'M12 3h10a8 8 0 0 1 8 8v4a8 8 0 0 1-8 8h-1z' }),
        svg('path', {
            class: 'mark-front',
            d: 'M10 7h7a8 8 0 0 1 8 8v1a8 8 0 0 1-8 8h-5.5L6 28.5V23A8 8 0 0 1 2 16v-1a8 8 0 0 1 8-8z',
        }),
        svg('path', { class: 'mark-dots', d: 'M9 15.5v.01M13.5 15.5v.01M18 15.5v.01' }),
    );
}
