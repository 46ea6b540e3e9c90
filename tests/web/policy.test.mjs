// The rules that keep the page safe and whole, read from its sources: nothing makes markup from text,
// nothing is inline, everything that is named exists.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WEB = join(dirname(fileURLToPath(import.meta.url)), '../../web');
const read = (name) => readFileSync(join(WEB, name), 'utf8');
const files = (folder, end) =>
    readdirSync(join(WEB, folder))
        .filter((name) => name.endsWith(end))
        .map((name) => join(folder, name));
const scripts = [...files('.', '.js'), ...files('ui', '.js')];
const sheets = files('css', '.css');

test('no script makes markup or code from text', () => {
    const banned =
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|srcdoc|setAttribute\('style'/;
    for (const name of scripts) assert.doesNotMatch(read(name), banned, name);
});

test('the page has no inline script, style or handler and loads nothing from elsewhere', () => {
    const page = read('index.html');
    assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:/i);
    for (const name of sheets) assert.doesNotMatch(read(name), /@import|url\(|https?:/i, name);
});

test('everything the page names exists', () => {
    for (const [, path] of read('index.html').matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
        assert.ok(existsSync(join(WEB, path)), path);
    }
    for (const name of scripts) {
        for (const [, path] of read(name).matchAll(/from '(\.[^']+)'/g)) {
            assert.ok(existsSync(join(WEB, dirname(name), path)), `${name}: ${path}`);
        }
    }
    JSON.parse(read('manifest.webmanifest'));
});

test('every colour that is used has a value, in light and in dark', () => {
    const all = sheets.map(read).join('\n');
    const used = new Set([...all.matchAll(/var\((--[\w-]+)/g)].map((match) => match[1]));
    for (const name of used) assert.ok(all.includes(`${name}:`), name);
    const block = (start) => all.slice(all.indexOf(start)).split('}')[0];
    const names = (text) => [...text.matchAll(/(--[\w-]+):/g)].map((match) => match[1]);
    const chosen = names(block(":root[data-theme='dark'] {"));
    const system = names(block(':root:not([data-theme]) {'));
    assert.ok(chosen.length > 10);
    assert.deepEqual(chosen, system);
});

test('tokens are not written to local storage', () => {
    for (const name of scripts) {
        const code = read(name).replace(/\/\/.*/g, '');
        for (const line of code.split('\n').filter((text) => text.includes('localStorage'))) {
            assert.doesNotMatch(line, /token|refresh|access/i, name);
        }
    }
});
