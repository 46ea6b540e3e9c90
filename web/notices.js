// The lines between messages ("Ann joined"), as pure functions over events of the log.
//
// Happy path: the events of a stretch of history give its notices; many who joined one after the
// other become one line.
// How it fails: it cannot. Whether somebody is new is known only from what came before: where that
// is not in memory, a plain member counts as new and a role as given.

const KINDS = new Set(['member', 'room.created', 'room.updated']);

// The creator's own joining is told by the creation.
export const is_told = (event) =>
    KINDS.has(event.type) &&
    !(event.type === 'member' && event.seq === 2 && event.role === 'owner' && event.by === event.user);

// [{event, fresh}] of a page of room.events, in order.
export function notices_from(events) {
    const here = new Map();
    const found = [];
    for (const event of events) {
        if (is_told(event)) found.push({ event, fresh: is_fresh(event, here) });
        if (event.type === 'member') here.set(event.user, event.state === 'joined');
    }
    return found;
}

function is_fresh(event, here) {
    if (event.type !== 'member' || event.state !== 'joined') return undefined;
    if (here.has(event.user)) return !here.get(event.user);
    return event.role === 'member' || event.by === event.user;
}

const joined = (row) =>
    row?.notice?.type === 'member' &&
    row.notice.state === 'joined' &&
    row.fresh !== false &&
    !row.notice.muted_until;

const same_kind = (one, other) =>
    joined(one) && joined(other) && own_way(one.notice) === own_way(other.notice);

// Who came by themselves and who was added are told in different words.
const own_way = ({ by, user }) => (!by || by === user ? '' : by);

// The rows from `at` on that are told in one line: at least the one there.
export function crowd_at(rows, at, same_day) {
    let end = at + 1;
    while (end < rows.length && same_kind(rows[at], rows[end]) && same_day(rows[at], rows[end]))
        end += 1;
    return rows.slice(at, end);
}
