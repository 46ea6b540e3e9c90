// The words for each code of the protocol's error table.

const WORDS = {
    offline: 'The server cannot be reached.',
    bad_field: 'Something in there is not accepted.',
    too_large: 'That is too long.',
    unauthorized: 'Please sign in again.',
    forbidden: 'You may not do that.',
    not_found: 'That does not exist any more.',
    not_member: 'You are not in this room.',
    muted: 'You are muted in this room.',
    conflict: 'That is taken already.',
    target_deleted: 'That message was deleted.',
    rate_limited: 'Too many at once. Wait a moment.',
    overloaded: 'The server is busy. Try again in a moment.',
    unavailable: 'The server is busy. Try again in a moment.',
    timeout: 'No answer in time.',
    internal: 'Something went wrong on the server.',
};

const FIELDS = {
    name: 'That name is not possible.',
    topic: 'That topic is not possible.',
    text: 'That text is not possible.',
    password: 'Passwords have 8 to 128 characters and are not among the most common ones.',
    old_password: 'The current password is wrong.',
    new_password: 'Passwords have 8 to 128 characters and are not among the most common ones.',
    display_name: 'That display name is not possible.',
    q: 'That cannot be searched for.',
};

export function words_of(error) {
    if (error?.code === 'muted' && error.retry_after_ms) {
        const minutes = Math.max(1, Math.ceil(error.retry_after_ms / 60_000));
        return `You are muted here for ${minutes} more ${minutes === 1 ? 'minute' : 'minutes'}.`;
    }
    if (error?.code === 'rate_limited' && error.retry_after_ms > 60_000)
        return `Too many tries. It goes on in ${Math.ceil(error.retry_after_ms / 60_000)} minutes.`;
    if (error?.code === 'conflict' && error.field === 'after')
        return 'Too old to be sent again safely.';
    if (error?.code === 'bad_field' && FIELDS[error.field]) return FIELDS[error.field];
    if (error?.code === 'forbidden' && /password/.test(error.field ?? ''))
        return FIELDS.old_password;
    return WORDS[error?.code] || error?.message || 'Something went wrong.';
}
