// Applies the chosen theme before the first paint. A classic script, so that it runs at once.
try {
    const theme = localStorage.getItem('chattifier.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
    // Without storage the system's choice is used.
}
