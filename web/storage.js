// What is kept in the browser between two loads of the page.
//
// In sessionStorage (gone with the tab): the refresh token and the drafts. In localStorage: the id
// of this device for each username, so that signing in again does not make another device. When
// storage is not allowed everything works until the page is left.

const DEVICE = 'chattifier.device.';
const DRAFTS = 'chattifier.drafts';

function guarded(action, otherwise = null) {
    try {
        return action();
    } catch {
        return otherwise;
    }
}

export const tab_storage = {
    get: (key) => guarded(() => JSON.parse(sessionStorage.getItem(key))),
    set: (key, value) => guarded(() => sessionStorage.setItem(key, JSON.stringify(value))),
    remove: (key) => guarded(() => sessionStorage.removeItem(key)),
    getDevice: (username) => guarded(() => localStorage.getItem(DEVICE + username.toLowerCase())),
    setDevice: (username, id) =>
        guarded(() => id && localStorage.setItem(DEVICE + username.toLowerCase(), id)),
};

class Drafts {
    constructor() {
        this.map = new Map(tab_storage.get(DRAFTS) || []);
    }

    get(room) {
        return this.map.get(room);
    }

    set(room, text) {
        if (text.trim()) this.map.set(room, text);
        else this.map.delete(room);
        tab_storage.set(DRAFTS, [...this.map]);
    }

    clear() {
        this.map.clear();
        tab_storage.remove(DRAFTS);
    }
}

export const drafts = new Drafts();
