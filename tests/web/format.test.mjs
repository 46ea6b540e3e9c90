import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hue_of, initials, list_names, only_emoji, pieces } from '../../web/ui/format.js';

const links = (text) =>
    pieces(text)
        .filter((piece) => piece.link)
        .map((piece) => piece.text);
const whole = (text, names) =>
    pieces(text, names)
        .map((piece) => piece.text)
        .join('');

test('only http and https become links', () => {
    assert.deepEqual(links('see https://a.org/x and http://b.org'), [
        'https://a.org/x',
        'http://b.org',
    ]);
    for (const text of [
        'javascript:alert(1)',
        'data:text/html,x',
        'ftp://a.org',
        'JaVaScRiPt://x',
        'https://',
        'file:///etc',
        'vbscript:x',
        '//a.org',
        'http://',
    ])
        assert.deepEqual(links(text), [], text);
});

test('the end of a sentence is no part of a link', () => {
    assert.deepEqual(links('(https://a.org/x).'), ['https://a.org/x']);
    assert.deepEqual(links('https://a.org/a_(b)!'), ['https://a.org/a_(b)']);
    assert.deepEqual(links('https://a.org/?q=1, then'), ['https://a.org/?q=1']);
    assert.deepEqual(links('<https://a.org>'), ['https://a.org']);
});

test('the pieces joined are the text', () => {
    const names = new Map([['ann', '1']]);
    for (const text of [
        '',
        'plain',
        '@ann',
        '@ann https://a.org.',
        'https://a.org/(((',
        'a@ann @bob',
        '\n\n@ann\n',
        '🏳️‍🌈 https://ü.example/ß',
        '<img src=x onerror=alert(1)>',
        'https://a.org)))',
        'http://[',
        'http://%',
    ]) {
        assert.equal(whole(text, names), text);
    }
});

test('a mention is a known name that stands alone', () => {
    const names = new Map([['ann', '1']]);
    const found = (text) => pieces(text, names).filter((piece) => piece.mention).length;
    assert.equal(found('hello @ann, @Ann!'), 2);
    assert.equal(found('mail@ann.org'), 0);
    assert.equal(found('@bob'), 0);
});

test('initials come from the first and last word', () => {
    assert.equal(initials('Mira Lindqvist'), 'ML');
    assert.equal(initials('kofi'), 'K');
    assert.equal(initials('jan.van.eyck'), 'JE');
    assert.equal(initials('😀 x'), '😀X');
    assert.equal(initials('   '), '?');
});

test('colours are stable and in range', () => {
    assert.equal(hue_of('abc'), hue_of('abc'));
    for (let i = 0; i < 200; i += 1) assert.ok(hue_of(`user${i}`) < 12);
});

test('lists of names read as a sentence', () => {
    assert.equal(list_names([]), '');
    assert.equal(list_names(['a']), 'a');
    assert.equal(list_names(['a', 'b', 'c']), 'a, b and c');
    assert.equal(list_names(['a', 'b', 'c', 'd', 'e']), 'a, b, c and 2 more');
});

test('only short texts of emoji are large', () => {
    assert.equal(only_emoji('👍'), true);
    assert.equal(only_emoji('🏳️‍🌈'), true);
    assert.equal(only_emoji('❤️ 🎉'), true);
    for (const text of ['1', '#', '👍 ok', '👍👍👍👍', '', ' '])
        assert.equal(only_emoji(text), false, text);
});
