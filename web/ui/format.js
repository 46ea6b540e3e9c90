// Words for times and names, and the pieces of a text. Pure functions.

const DAY_MS = 86_400_000;
const clock_form = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekday_form = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const short_weekday_form = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const date_form = new Intl.DateTimeFormat(undefined, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
});
const short_date_form = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const year_form = new Intl.DateTimeFormat(undefined, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
});
const full_form = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

export const clock_time = (ts) => clock_form.format(ts);
export const full_time = (ts) => full_form.format(ts);

export function day_of(ts) {
    const date = new Date(ts);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

const days_between = (ts, now) => Math.round((day_of(now) - day_of(ts)) / DAY_MS);

export function day_label(ts, now) {
    const days = days_between(ts, now);
    if (days === 0) return 'Today';
    if (days === 1) return 'Yesterday';
    if (days > 1 && days < 7) return weekday_form.format(ts);
    const same_year = new Date(ts).getFullYear() === new Date(now).getFullYear();
    return (same_year ? date_form : year_form).format(ts);
}

export function short_when(ts, now) {
    const days = days_between(ts, now);
    if (days <= 0) return clock_time(ts);
    if (days === 1) return 'Yesterday';
    return days < 7 ? short_weekday_form.format(ts) : short_date_form.format(ts);
}

export function ago(ts, now) {
    const minutes = Math.max(0, Math.round((now - ts) / 60_000));
    if (minutes < 1) return 'just now';
    if (minutes < 60) return `${minutes} min ago`;
    const hours = Math.round(minutes / 60);
    if (hours < 24) return `${hours} h ago`;
    const days = Math.round(hours / 24);
    return days === 1 ? 'yesterday' : `${days} days ago`;
}

export function initials(name) {
    const words = name
        .trim()
        .split(/[\s._-]+/u)
        .filter(Boolean);
    const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0] || '?'];
    return letters
        .map((word) => [...word][0])
        .join('')
        .toLocaleUpperCase();
}

// The same person has the same colour everywhere.
export function hue_of(id, hues = 12) {
    let hash = 2166136261;
    for (const character of String(id)) {
        hash = Math.imul(hash ^ character.codePointAt(0), 16777619) >>> 0;
    }
    return hash % hues;
}

export function list_names(names, max = 3) {
    if (names.length <= 1) return names.join('');
    const shown = names.slice(0, max);
    const rest = names.length - shown.length;
    if (rest) return `${shown.join(', ')} and ${rest} more`;
    return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

// Splits a text into {text}, {link, text} and {mention, text}. Joined, the texts are the whole
// text. A link is http or https and nothing else.
export function pieces(text, names = new Map()) {
    const found = [];
    let at = 0;
    for (const match of text.matchAll(
        /https?:\/\/[^\s<>"`]+|@[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?/giu,
    )) {
        const piece = match[0][0] === '@' ? mention_at(text, match, names) : link_at(match[0]);
        if (!piece) continue;
        if (match.index > at) found.push({ text: text.slice(at, match.index) });
        found.push(piece);
        at = match.index + piece.text.length;
    }
    if (at < text.length) found.push({ text: text.slice(at) });
    return found;
}

function mention_at(text, match, names) {
    const user = names.get(match[0].slice(1).toLowerCase());
    const before = text[match.index - 1];
    if (!user || (before && /[\w@.-]/.test(before))) return null;
    return { mention: user, text: match[0] };
}

function link_at(raw) {
    let text = raw.replace(/[.,;:!?'"*_~]+$/u, '');
    const count = (sign) => text.split(sign).length;
    while (
        /[)\]}]$/.test(text) &&
        count(')') + count(']') + count('}') > count('(') + count('[') + count('{')
    )
        text = text.slice(0, -1).replace(/[.,;:!?]+$/u, '');
    try {
        const { protocol, href, hostname } = new URL(text);
        if ((protocol !== 'http:' && protocol !== 'https:') || !hostname) return null;
        return { link: href, text };
    } catch {
        return null;
    }
}

// Up to three emoji and nothing else are shown large.
export function only_emoji(text) {
    if (text.length > 24 || !/\p{Extended_Pictographic}/u.test(text)) return false;
    const rest = text.replace(
        /\p{Extended_Pictographic}|\p{Emoji_Modifier}|[\u200d\ufe0f\s]/gu,
        '',
    );
    return rest === '' && (text.match(/\p{Extended_Pictographic}/gu) || []).length <= 3;
}
