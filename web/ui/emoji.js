// The reactions and the small emoji picker.

import { h } from './dom.js';
import { close_popover, open_popover } from './overlay.js';

const EMOJI = [
    ['👍', 'thumbs up'],
    ['❤️', 'heart'],
    ['😂', 'tears of joy'],
    ['🎉', 'party'],
    ['🙏', 'thank you'],
    ['🔥', 'fire'],
    ['👀', 'eyes'],
    ['✅', 'done'],
    ['😊', 'smile'],
    ['😍', 'in love'],
    ['🤔', 'thinking'],
    ['😮', 'surprised'],
    ['😢', 'sad'],
    ['😅', 'phew'],
    ['👏', 'applause'],
    ['💯', 'hundred'],
    ['🚀', 'rocket'],
    ['👋', 'wave'],
    ['💡', 'idea'],
    ['☕', 'coffee'],
    ['🍀', 'luck'],
    ['🐛', 'bug'],
    ['👎', 'thumbs down'],
    ['👌', 'perfect'],
];

export function pick_emoji(anchor, on_pick) {
    const buttons = EMOJI.map(([sign, name]) =>
        h(
            'button',
            {
                type: 'button',
                class: 'emoji-button',
                'aria-label': name,
                title: name,
                on: {
                    click: () => {
                        close_popover();
                        on_pick(sign);
                    },
                },
            },
            sign,
        ),
    );
    open_popover(anchor, h('div', { class: 'emoji-grid' }, buttons), {
        role: 'dialog',
        label: 'Emoji',
    });
}
