// What was put aside lately, and why.
import { get } from './api.js';
import { el, setText, patch, show, empty } from './dom.js';
import { number, clockTime, fullTime, pretty } from './format.js';
import * as figures from './figures.js';
import * as live from './live.js';

const meanings = {
  'not-json': 'It is no JSON.', 'no-type': 'It has no type.', 'unknown-type': 'Its type begins like ours, but is none.',
  'invalid-create': 'A Create with a fault.', 'invalid-done': 'An EntityDone with a fault.', 'invalid-update': 'An Update with a fault.', 'invalid-cancel': 'A Cancel with a fault.',
  'too-large': 'The message is too large.', 'too-deep': 'Its JSON is nested too deep.', 'no-such-group': 'No Create came for its group.',
  'already-settled': 'The entity had settled otherwise.', 'unexpected-entity': 'The group doesn’t expect the entity.', sealed: 'The group is sealed.',
  'already-open': 'The group was open already.', late: 'The group had its outcome.', 'handler-refused': 'The handler’s topic is not allowed, missing or refused it.',
};

function makeRow(letter) {
  const value = letter.value ?? '';
  const cut = letter.valueBytes > new TextEncoder().encode(value).length;
  return el('tr', {}, el('td', { class: 'num', title: fullTime(letter.time) }, clockTime(letter.time)),
    el('td', {}, el('span', { class: 'tag late', title: meanings[letter.reason] }, el('span', { 'aria-hidden': 'true' }, '!'), letter.reason || 'unknown'), el('p', {}, letter.detail)),
    el('td', { class: 'id wide key' }, letter.key ?? '–'), el('td', { class: 'id wide from' }, letter.from),
    el('td', { class: 'grow' }, letter.value === null ? el('span', { class: 'dim' }, 'no value') : el('details', {}, el('summary', {}, `${number(letter.valueBytes)} bytes`),
      el('pre', { tabindex: '0' }, cut ? `${value}…` : pretty(value)))));
}

export function page() {
  const body = el('tbody', {});
  const reason = el('select', {}, el('option', { value: '' }, 'any reason'), Object.keys(meanings).map((name) => el('option', { value: name }, name)));
  const status = el('p', { class: 'dim', role: 'status' }, 'Loading…');
  const notice = el('p', { class: 'notice', role: 'alert', hidden: true });
  const table = el('div', { class: 'scroll' }, el('table', { class: 'letters' }, el('caption', { class: 'hidden' }, 'Dead letters'), el('thead', {}, el('tr', {},
    [['When', ''], ['Reason', ''], ['Key', 'wide key'], ['From', 'wide from'], ['Message', '']].map(([name, classes]) => el('th', { scope: 'col', class: classes }, name)))), body));
  const nothing = empty('No dead letters', 'Everything that came could be used.');
  show(nothing, false);
  const node = el('div', { class: 'contents' }, el('div', { class: 'head' }, el('h1', {}, 'Dead letters'), el('span', { class: 'push' }, status)), notice,
    el('section', { class: 'card' }, el('form', { class: 'filters', 'aria-label': 'Filter' }, el('label', {}, 'Reason', reason))),
    el('section', { class: 'card' }, table, nothing));
  let letters = [];
  const draw = () => {
    const wanted = letters.filter((letter) => !reason.value || letter.reason === reason.value);
    patch(body, wanted, (letter) => letter.offset, makeRow);
    show(table, wanted.length > 0);
    show(nothing, wanted.length === 0);
    setText(status, `The latest ${number(letters.length)}${reason.value ? `, ${number(wanted.length)} of them ${reason.value}` : ''}`);
  };
  const load = async () => {
    try {
      ({ deadLetters: letters } = await get('/v1/dead-letters?limit=200'));
      show(notice, false);
      draw();
    } catch (failure) {
      setText(status, '');
      setText(notice, failure.message);
      show(notice, true);
    }
  };
  reason.addEventListener('change', draw);
  let before = figures.now()?.totals.deadLetters, asked = Date.now();
  const stops = [live.on('instances', () => {
    const count = figures.now().totals.deadLetters;
    if (count === before || Date.now() - asked < 2000) return;
    before = count;
    asked = Date.now();
    load();
  })];
  load();
  return { node, title: 'Dead letters', end: () => stops.forEach((stop) => stop()) };
}
