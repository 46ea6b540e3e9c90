// One row of a conversation: a bubble with its quote, reactions, state and actions.

import { h } from './dom.js';
import { icon } from './icons.js';
import { user_avatar } from './avatar.js';
import { clock_time, full_time, list_names, only_emoji, pieces } from './format.js';
import { icon_button, open_menu } from './overlay.js';
import { pick_emoji } from './emoji.js';

function text_nodes(app, text, mentions) {
    const names = new Map();
    for (const id of mentions) names.set(app.store.user(id).username, id);
    return pieces(text, names).map((piece) => {
        if (piece.link) {
            return h(
                'a',
                { href: piece.link, target: '_blank', rel: 'noopener noreferrer' },
                piece.text,
            );
        }
        if (!piece.mention) return piece.text;
        const mine = piece.mention === app.store.me;
        return h('span', { class: mine ? 'mention mention-me' : 'mention' }, piece.text);
    });
}

export function summary_of(app, message) {
    if (!message) return 'An earlier message';
    if (message.deleted) return 'Deleted message';
    return message.text.length > 160 ? `${message.text.slice(0, 160)}…` : message.text;
}

// place: {first, last} of the author's group, direct, quoted (the message replied to), seen
// (names).
export function message_row(app, room, message, place) {
    const mine = message.from === app.store.me;
    const classes = [
        'message',
        mine && 'is-mine',
        place.first && 'is-first',
        place.last && 'is-last',
        message.deleted && 'is-deleted',
        place.direct && 'is-direct',
    ];
    const row = h(
        'div',
        {
            class: classes.filter(Boolean).join(' '),
            role: 'article',
            tabindex: -1,
            'aria-label': label_of(app, message, mine),
            data: { testid: 'message', seq: message.seq, state: message.state, key: message.key },
        },
        !mine &&
            !place.direct &&
            h('div', { class: 'message-side' }, place.last && user_avatar(app, message.from, 's')),
        h(
            'div',
            { class: 'message-stack' },
            place.first && !mine && !place.direct && author_line(app, message),
            h(
                'div',
                { class: 'message-line' },
                bubble(app, room, message, place, mine),
                message.state === 'sent' && !message.deleted && actions(app, room, message, mine),
            ),
            message.reactions.length > 0 && reactions(app, room, message),
            message.state === 'failed' && failure(app, room, message),
            place.seen?.length > 0 && seen_by(app, place.seen),
        ),
    );
    return row;
}

function label_of(app, message, mine) {
    const who = mine ? 'You' : app.store.name_of(message.from);
    const text = message.deleted ? 'deleted message' : message.text.slice(0, 300);
    return `${who}, ${clock_time(message.ts)}: ${text}`;
}

const author_line = (app, message) => {
    const { username } = app.store.user(message.from);
    return h(
        'div',
        { class: 'message-author' },
        h('bdi', {}, app.store.name_of(message.from)),
        username && h('span', { class: 'message-username' }, `@${username}`),
    );
};

function bubble(app, room, message, place, mine) {
    const big = !message.deleted && !message.reply_to && only_emoji(message.text);
    return h(
        'div',
        { class: big ? 'bubble is-big' : 'bubble' },
        message.reply_to > 0 && quote(app, room, message, place.quoted),
        message.deleted
            ? h(
                  'span',
                  { class: 'message-text', data: { testid: 'message-text' } },
                  icon('block', 15),
                  ' This message was deleted',
              )
            : h(
                  'span',
                  { class: 'message-text', dir: 'auto', data: { testid: 'message-text' } },
                  text_nodes(app, message.text, message.mentions),
              ),
        meta(app, message, place, mine),
    );
}

function meta(app, message, place, mine) {
    return h(
        'span',
        { class: 'message-meta' },
        message.edited && !message.deleted && h('span', { class: 'message-edited' }, 'edited'),
        h('time', { title: full_time(message.ts) }, clock_time(message.ts)),
        mine && !message.deleted && state_sign(message, place),
    );
}

function state_sign(message, place) {
    const signs = {
        sending: ['clock', 'Sending'],
        failed: ['alert', 'Not sent'],
        sent: ['check', 'Sent'],
    };
    let [name, label] = signs[message.state];
    if (place.read) [name, label] = ['checks', 'Read'];
    return h(
        'span',
        { class: 'message-state', role: 'img', 'aria-label': label, title: label },
        icon(name, 15),
    );
}

function quote(app, room, message, quoted) {
    const who = quoted ? app.store.name_of(quoted.from) : '';
    return h(
        'button',
        {
            type: 'button',
            class: 'quote',
            title: 'Show that message',
            on: { click: () => app.jump_to(room.id, message.reply_to) },
        },
        h('span', { class: 'visually-hidden' }, 'Reply to '),
        who && h('span', { class: 'quote-who' }, h('bdi', {}, who)),
        h('span', { class: 'quote-text', dir: 'auto' }, summary_of(app, quoted)),
    );
}

function reactions(app, room, message) {
    return h(
        'div',
        { class: 'reactions' },
        message.reactions.map((reaction) =>
            h(
                'button',
                {
                    type: 'button',
                    class: reaction.me ? 'reaction is-mine' : 'reaction',
                    'aria-pressed': reaction.me ? 'true' : 'false',
                    'aria-label': `${reaction.key}, ${reaction.count}`,
                    on: {
                        click: () =>
                            app.actions.react(room.id, message, reaction.key, !reaction.me),
                    },
                },
                h('span', { class: 'reaction-sign' }, reaction.key),
                h('span', {}, reaction.count),
            ),
        ),
        h(
            'button',
            {
                type: 'button',
                class: 'reaction reaction-add',
                'aria-label': 'Add a reaction',
                on: { click: (event) => choose_reaction(app, room, message, event.currentTarget) },
            },
            icon('smile', 16),
        ),
    );
}

function choose_reaction(app, room, message, anchor) {
    pick_emoji(anchor, (key) => {
        const have = message.reactions.find((reaction) => reaction.key === key);
        app.actions.react(room.id, message, key, !have?.me);
    });
}

function actions(app, room, message, mine) {
    const more = (event) => message_menu(app, room, message, mine, event.currentTarget);
    return h(
        'div',
        { class: 'message-actions', role: 'toolbar', 'aria-label': 'Message actions' },
        icon_button('smile', 'React', (event) =>
            choose_reaction(app, room, message, event.currentTarget),
        ),
        icon_button('reply', 'Reply', () => app.composer.reply(message), {
            data: { testid: 'reply' },
        }),
        icon_button('more', 'More', more, {
            'aria-haspopup': 'menu',
            data: { testid: 'message-more' },
        }),
    );
}

function message_menu(app, room, message, mine, anchor) {
    const moderator = room.kind !== 'direct' && room.role !== 'member';
    open_menu(anchor, [
        { icon: 'reply', label: 'Reply', act: () => app.composer.reply(message) },
        { icon: 'copy', label: 'Copy text', act: () => app.copy(message.text) },
        mine && {
            icon: 'edit',
            label: 'Edit',
            testid: 'edit',
            act: () => app.composer.edit(message),
        },
        !mine && {
            icon: 'chat',
            label: 'Message the author',
            act: () => app.actions.open_direct(message.from),
        },
        (mine || moderator) && {
            icon: 'trash',
            label: 'Delete',
            danger: true,
            testid: 'delete',
            act: () => app.actions.remove_message(room.id, message),
        },
    ]);
}

function failure(app, room, message) {
    return h(
        'div',
        { class: 'failure', role: 'alert' },
        h('span', {}, message.error || 'Not sent.'),
        h(
            'button',
            {
                type: 'button',
                class: 'link-button',
                data: { testid: 'retry' },
                on: { click: () => app.actions.retry(room.id, message) },
            },
            'Try again',
        ),
        h(
            'button',
            {
                type: 'button',
                class: 'link-button',
                on: { click: () => app.actions.discard(room.id, message) },
            },
            'Discard',
        ),
    );
}

function seen_by(app, users) {
    const names = users.map((id) => app.store.name_of(id));
    return h(
        'div',
        { class: 'seen', title: `Read by ${list_names(names, 30)}` },
        h('span', { class: 'visually-hidden' }, `Read by ${list_names(names, 30)}`),
        users.slice(0, 6).map((id) => user_avatar(app, id, 'xs')),
        users.length > 6 && h('span', { class: 'seen-more' }, `+${users.length - 6}`),
    );
}

// ---- what happened to the room, in one quiet line

// One notice, or several of people who came one after the other.
export function notice_row(app, crowd) {
    const [notice] = crowd;
    return h(
        'div',
        { class: 'notice', data: { seq: notice.seq, testid: 'notice' } },
        h('span', {}, crowd.length > 1 ? crowd_words(app, crowd) : notice_words(app, notice)),
    );
}

function crowd_words(app, crowd) {
    const { user, by } = crowd[0].notice;
    const all = new Set(crowd.map((row) => app.name(row.notice.user)));
    const others = [...all].filter((name) => name !== 'You');
    if (by && by !== user) {
        const added = list_names(all.has('You') ? ['you', ...others] : others);
        return `${app.name(by)} added ${added}`;
    }
    return `${list_names(all.has('You') ? ['You', ...others] : others)} joined`;
}

function notice_words(app, { notice: event, fresh }) {
    if (event.type === 'room.created')
        return event.by ? `${app.name(event.by)} created the room` : 'The room was created';
    if (event.type === 'room.updated') return updated_words(app, event);
    return member_words(app, event, fresh);
}

function updated_words(app, event) {
    if (event.name !== undefined)
        return `${app.name(event.by)} renamed the room to “${event.name}”`;
    if (event.topic !== undefined) return `${app.name(event.by)} changed the topic`;
    return `${app.name(event.by)} changed the settings`;
}

function member_words(app, event, fresh) {
    const who = app.name(event.user);
    const by = event.by && event.by !== event.user ? app.name(event.by) : null;
    const was = who === 'You' ? 'were' : 'was';
    if (event.state === 'left') return `${who} left`;
    if (event.state === 'removed') return `${who} ${was} removed${by ? ` by ${by}` : ''}`;
    if (event.state === 'banned') return `${who} ${was} banned${by ? ` by ${by}` : ''}`;
    if (event.state === 'unbanned') return `${who} may come back`;
    if (event.muted_until > Date.now()) return `${who} ${was} muted${by ? ` by ${by}` : ''}`;
    const article = event.role === 'member' ? 'a' : 'an';
    if (fresh === false)
        return `${who} ${who === 'You' ? 'are' : 'is'} now ${article} ${event.role}`;
    return by ? `${by} added ${who === 'You' ? 'you' : who}` : `${who} joined`;
}
