// Light, dark, or what the system says. The choice is kept on this device; theme.js applies it
// before the first paint.

const KEEP = 'chattifier.theme';

export function theme() {
    return document.documentElement.dataset.theme || 'auto';
}

export function set_theme(value) {
    try {
        if (value === 'auto') localStorage.removeItem(KEEP);
        else localStorage.setItem(KEEP, value);
    } catch {
        // Without storage the choice holds until the page is left.
    }
    if (value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
}
