// The account side of the protocol: HTTP requests, tokens and tickets.
//
// Happy path: login() stores a token pair, request() sends the access token, refresh() replaces the
// pair when it is used up, ticket() buys one WebSocket upgrade.
// How it fails: every failure is an ApiError with a code of the protocol's table; a server that
// cannot be reached is the code "offline". When a refresh is refused the session is over and
// onSignedOut is called once.
//
// The access token lives in memory only. The refresh token is also put into sessionStorage, so that
// reloading the page does not sign the user out; unlike localStorage that is gone with the tab and
// is never shared with other tabs. Nothing secret is written anywhere else.

const KEEP = 'chattifier.session';

export class ApiError extends Error {
    constructor(error, status = 0) {
        super(error.message || error.code);
        this.code = error.code;
        this.status = status;
        this.retry = Boolean(error.retry);
        this.field = error.field;
        this.retry_after_ms = error.retry_after_ms;
    }
}

export const offlineError = () =>
    new ApiError({ code: 'offline', message: 'The server cannot be reached.', retry: true });

export class Session {
    constructor({ fetch, storage, channel, onSignedOut } = {}) {
        this.fetch = fetch;
        this.storage = storage;
        this.channel = channel;
        this.onSignedOut = onSignedOut || (() => {});
        this.access = null;
        this.refreshToken = null;
        this.user = null;
        this.device = null;
        this.refreshing = null;
        if (channel) channel.onmessage = (event) => this.adopt(event.data);
    }

    get signedIn() {
        return this.refreshToken !== null;
    }

    // Takes up the session of this tab again after a reload. True if there was one.
    restore() {
        const kept = this.storage?.get(KEEP);
        if (!kept?.refresh_token) return false;
        this.refreshToken = kept.refresh_token;
        this.user = kept.user;
        this.device = kept.device;
        return true;
    }

    async register(username, password, display_name) {
        const body = { username, password };
        if (display_name) body.display_name = display_name;
        return this.request('POST', '/user/register', body, { open: true });
    }

    async login(username, password, deviceName) {
        const known = this.storage?.getDevice(username);
        const device = { name: deviceName };
        if (known) device.id = known;
        const body = { username, password, device };
        const answer = await this.request('POST', '/user/login', body, { open: true });
        this.take(answer);
        this.storage?.setDevice(username, answer.device?.id);
        return answer.user;
    }

    take(answer) {
        this.access = answer.access_token;
        this.refreshToken = answer.refresh_token;
        if (answer.user) this.user = answer.user;
        if (answer.device) this.device = answer.device;
        this.keep();
    }

    keep() {
        this.storage?.set(KEEP, {
            refresh_token: this.refreshToken,
            user: this.user,
            device: this.device,
        });
    }

    // A duplicated tab starts with a copy of the refresh token. Whoever refreshes first tells the
    // others, because an old token that comes back late would revoke the device.
    adopt(news) {
        if (!this.device || news?.device !== this.device.id) return;
        this.access = news.access_token;
        this.refreshToken = news.refresh_token;
        this.keep();
    }

    refresh() {
        if (!this.refreshing) {
            this.refreshing = this.refreshOnce().finally(() => {
                this.refreshing = null;
            });
        }
        return this.refreshing;
    }

    async refreshOnce() {
        if (!this.refreshToken) throw new ApiError({ code: 'unauthorized' }, 401);
        try {
            const body = { refresh_token: this.refreshToken };
            this.take(await this.request('POST', '/user/refresh', body, { open: true }));
        } catch (error) {
            if (error.code === 'unauthorized') this.end();
            throw error;
        }
        this.channel?.postMessage({
            device: this.device?.id,
            access_token: this.access,
            refresh_token: this.refreshToken,
        });
        return this.access;
    }

    // Forgets everything; the server is not asked.
    end() {
        const was = this.signedIn;
        this.access = null;
        this.refreshToken = null;
        this.storage?.remove(KEEP);
        if (was) this.onSignedOut();
    }

    async logout(everywhere = false) {
        const path = everywhere ? '/user/logout-all' : '/user/logout';
        try {
            await this.request('POST', path);
        } finally {
            this.end();
        }
    }

    async ticket() {
        return (await this.request('POST', '/user/ticket')).ticket;
    }

    // One request. `open` is for routes that take no token. An expired access token is replaced and
    // the request repeated once.
    async request(method, path, body, { open = false } = {}) {
        if (open) return this.once(method, path, body, null);
        if (!this.access) await this.refresh();
        const used = this.access;
        try {
            return await this.once(method, path, body, used);
        } catch (error) {
            if (error.status !== 401) throw error;
            if (this.access === used) await this.refresh();
            return this.once(method, path, body, this.access);
        }
    }

    async once(method, path, body, token) {
        const headers = { Accept: 'application/json' };
        if (token) headers.Authorization = `Bearer ${token}`;
        if (body !== undefined) headers['Content-Type'] = 'application/json';
        let response;
        try {
            response = await this.fetch(path, {
                method,
                headers,
                cache: 'no-store',
                credentials: 'omit',
                body: body === undefined ? undefined : JSON.stringify(body),
            });
        } catch {
            throw offlineError();
        }
        const answer = await response.json().catch(() => ({}));
        if (response.ok) return answer;
        throw new ApiError(answer.error || fromStatus(response.status), response.status);
    }
}

// An answer that is not ours, from a proxy for example.
function fromStatus(status) {
    if (status === 401) return { code: 'unauthorized', message: 'Please sign in.' };
    const retry = status >= 500 || status === 429;
    return { code: retry ? 'unavailable' : 'internal', message: `Answer ${status}.`, retry };
}
