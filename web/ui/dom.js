// Builds page elements. Text only ever becomes a text node, so nothing a person writes can be
// markup.
//
// h(tag, properties, ...children) makes an element, svg the same for pictures, reconcile keeps a
// list of children in step with data while leaving untouched elements (and the focus in them)
// alone.

const SVG = 'http://www.w3.org/2000/svg';

export function h(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) set(element, name, value);
    add(element, children);
    return element;
}

function set(element, name, value) {
    if (value === undefined || value === null || value === false) return;
    if (name === 'class') element.className = value;
    else if (name === 'on') {
        for (const [event, listener] of Object.entries(value))
            element.addEventListener(event, listener);
    } else if (name === 'data') {
        for (const [key, item] of Object.entries(value))
            if (item !== undefined) element.dataset[key] = item;
    } else if (
        name === 'value' ||
        name === 'checked' ||
        name === 'disabled' ||
        name === 'selected'
    ) {
        element[name] = value;
    } else element.setAttribute(name, value === true ? '' : String(value));
}

export function add(element, children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) continue;
        element.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return element;
}

export function fill(element, ...children) {
    element.replaceChildren();
    return add(element, children);
}

export function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    for (const child of children) element.append(child);
    return element;
}

// Makes the children of `parent` match `items`, each {key, sig, make}. An element is made anew only
// when its sig changed; others are at most moved.
const known = new WeakMap();

export function reconcile(parent, items) {
    const before = known.get(parent) || new Map();
    const after = new Map();
    let cursor = parent.firstChild;
    for (const item of items) {
        const have = before.get(item.key);
        const keep = have && have.sig === item.sig;
        const element = keep ? have.element : item.make();
        if (!keep && have) {
            if (cursor === have.element) cursor = cursor.nextSibling;
            hand_focus(have.element, element);
            have.element.remove();
        }
        if (cursor === element) cursor = cursor.nextSibling;
        else parent.insertBefore(element, cursor);
        before.delete(item.key);
        after.set(item.key, { sig: item.sig, element });
    }
    for (const gone of before.values()) gone.element.remove();
    known.set(parent, after);
}

export function element_of(parent, key) {
    return known.get(parent)?.get(key)?.element;
}

function hand_focus(from, to) {
    if (!from.contains(document.activeElement)) return;
    queueMicrotask(() => to.focus({ preventScroll: true }));
}

export function debounce(action, wait_ms) {
    let timer;
    return (...values) => {
        clearTimeout(timer);
        timer = setTimeout(() => action(...values), wait_ms);
    };
}
