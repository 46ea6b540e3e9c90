// Messages and the events that change them, as pure functions over one sorted list.
//
// Happy path: history or a `message` event gives a message; edits, deletions and reactions are
// folded into it as they come.
// How it fails: it cannot. What is unknown, old or already contained is left alone: every message
// knows up to which seq of the room it is true (`asof`), and events at or below are no news for it.

export function index_of(list, seq) {
    let low = 0;
    let high = list.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (list[middle].seq < seq) low = middle + 1;
        else high = middle;
    }
    return low;
}

export function find(list, seq) {
    const at = index_of(list, seq);
    return list[at]?.seq === seq ? list[at] : null;
}

export function message_from(source, asof) {
    return {
        key: `s${source.seq}`,
        seq: source.seq,
        n: source.n,
        from: source.from,
        ts: source.ts,
        cid: source.cid,
        text: source.text ?? '',
        reply_to: source.reply_to || 0,
        mentions: source.mentions || [],
        edited: Boolean(source.edited_seq),
        deleted: Boolean(source.deleted) || source.text === undefined,
        reactions: (source.reactions || []).map((reaction) => ({ ...reaction })),
        state: 'sent',
        asof,
        version: 0,
    };
}

// Puts a message in its place. One that is there already takes what is newer.
export function put(list, message) {
    const at = index_of(list, message.seq);
    const have = list[at];
    if (have?.seq !== message.seq) {
        list.splice(at, 0, message);
        return message;
    }
    if (message.asof >= have.asof) {
        const { key } = have;
        Object.assign(have, message, { key, version: have.version + 1 });
    }
    return have;
}

function news(message, event) {
    if (!message || event.seq <= message.asof) return false;
    message.asof = event.seq;
    message.version += 1;
    return true;
}

export function fold_edited(message, event) {
    // An edit without a text belongs to a message that was deleted since.
    if (!news(message, event) || message.deleted || event.text === undefined) return;
    message.text = event.text;
    message.edited = true;
}

export function fold_deleted(message, event) {
    if (!news(message, event)) return;
    Object.assign(message, { deleted: true, text: '', reactions: [], mentions: [], reply_to: 0 });
}

export function fold_reaction(message, event, me) {
    // A reaction without a key belongs to a message that was deleted since.
    if (!news(message, event) || message.deleted || event.key === undefined) return;
    const mine = event.by === me;
    const have = message.reactions.find((reaction) => reaction.key === event.key);
    if (event.on && !have) {
        message.reactions.push({ key: event.key, count: 1, me: mine });
        return;
    }
    if (!have) return;
    have.count += event.on ? 1 : -1;
    if (mine) have.me = event.on;
    message.reactions = message.reactions.filter((reaction) => reaction.count > 0);
}

// Whom a text names: `@name` of people who are known here.
export function mentions_in(text, people) {
    const by_name = new Map(people.map((person) => [person.username, person.id]));
    const found = new Set();
    for (const match of text.matchAll(/(?:^|[^\w@.-])@([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)/gi)) {
        const id = by_name.get(match[1].toLowerCase());
        if (id) found.add(id);
    }
    return [...found].slice(0, 50);
}
