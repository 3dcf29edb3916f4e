// Building and updating the page. Everything that comes from outside becomes text nodes or property values, never markup.

const svgNames = 'http://www.w3.org/2000/svg';

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') node.setAttribute('class', value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value') node.value = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const el = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
export const svg = (tag, properties, ...children) => fill(document.createElementNS(svgNames, tag), properties, children);

/** Sets the text, and only if it differs, so that nothing is painted anew for nothing. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
  if (node.getAttribute('class') !== name) node.setAttribute('class', name);
}

/** Makes the children of `parent` the rows for `items`: those that are there already (by key) are kept and updated. */
export function patch(parent, items, keyOf, make, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let row = old.get(key);
    old.delete(key);
    if (!row) {
      row = make(item);
      row.dataset.key = key;
    }
    update?.(row, item);
    if (row === at) at = at.nextElementSibling;
    else parent.insertBefore(row, at);
  }
  for (const row of old.values()) row.remove();
}

/** Shows only one of several blocks that stay in the page. */
export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

const symbols = { open: '○', waiting: '◌', success: '✓', failure: '✕', timeout: '◷', cancelled: '⊘', resolved: '●' };
const colours = { open: 'wait', waiting: 'dim', success: 'ok', failure: 'bad', timeout: 'late', cancelled: 'late', resolved: 'dim' };

/** What became of a group, in a word with a sign of its own: never by colour alone. */
export function verdict(state, cause) {
  const name = state === 'failure' && (cause === 'timeout' || cause === 'cancelled') ? cause : state;
  return { name, colour: colours[name] ?? 'dim', symbol: symbols[name] ?? '●' };
}

export function tag(state, cause) {
  const { name, colour, symbol } = verdict(state, cause);
  return el('span', { class: `tag ${colour}` }, el('span', { 'aria-hidden': 'true' }, symbol), name);
}

export const groupLink = (id) => el('a', { class: 'id', href: `#/groups/${encodeURIComponent(id)}` }, id);

export const empty = (title, hint) => el('div', { class: 'empty' }, el('b', {}, title), hint);
