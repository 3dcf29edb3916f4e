// The list of groups: filtered, paged, and told live what becomes of those that are shown.
import { get } from './api.js';
import { el, setText, setClass, patch, show, tag, verdict, groupLink, empty } from './dom.js';
import { number, duration, due, policyName, fullTime, short } from './format.js';
import * as figures from './figures.js';
import * as live from './live.js';

const pageSize = 100;

const states = [['open', 'Open'], ['resolved', 'Resolved lately'], ['success', 'Succeeded lately'], ['failure', 'Failed lately']];
const ages = [['', 'any age'], ['10s', '10 seconds'], ['1min', '1 minute'], ['5min', '5 minutes'], ['1h', '1 hour'], ['24h', '1 day']];

const options = (list, chosen) => list.map(([value, name]) => el('option', { value, selected: value === chosen }, name));

function filters(query, apply) {
  const state = el('select', { name: 'state' }, options(states, query.get('state') ?? 'open'));
  const older = el('select', { name: 'older' }, options(ages, query.get('older') ?? ''));
  const order = el('select', { name: 'order' }, options([['deadline', 'due first'], ['id', 'group id']], query.get('order') ?? 'deadline'));
  const label = el('input', { name: 'label', placeholder: 'name:value', value: query.get('label') ?? '', autocomplete: 'off', spellcheck: 'false' });
  const form = el('form', { class: 'filters', 'aria-label': 'Filter' },
    el('label', {}, 'State', state), el('label', {}, 'Label', label), el('label', {}, 'Older than', older), el('label', {}, 'Order', order),
    el('button', {}, 'Show'));
  const read = () => {
    const chosen = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value) chosen.set(name, value);
    apply(chosen);
  };
  form.addEventListener('submit', (event) => { event.preventDefault(); read(); });
  for (const select of [state, older, order]) select.addEventListener('change', read);
  return form;
}

function labelsOf(group) {
  return Object.entries(group.labels ?? {}).slice(0, 4).map(([name, value]) => el('span', { class: 'chip' }, `${name}: ${short(value, 40)}`));
}

function makeRow(group) {
  const open = group.state === 'open';
  return el('tr', {}, el('td', { class: 'grow' }, groupLink(group.id), el('div', {}, labelsOf(group))), el('td', {}, tag(group.state, group.cause)),
    el('td', { class: 'num' }), el('td', { class: 'wide' }), el('td', { class: 'num wide', title: fullTime(open ? group.created : group.resolved) }), el('td', { class: 'num right' }));
}

function updateRow(row, group) {
  row.dataset.id = group.id;
  const [, , settled, waits, , left] = row.children;
  if (group.state === 'open') {
    row.dataset.deadline = String(Date.parse(group.deadline));
    row.dataset.created = String(Date.parse(group.created));
    setText(settled, `${number(group.expectedCount - group.missingCount)} of ${number(group.expectedCount)}`);
    const rest = group.missingCount - Math.min(2, group.missing.length);
    setText(waits, group.missing.slice(0, 2).join(', ') + (rest > 0 ? ` +${number(rest)}` : '') || (group.sealed ? '' : 'its seal'));
    setClass(waits, 'id wide');
    row.title = `policy ${policyName(group.policy)}`;
  } else {
    row.dataset.resolved = String(Date.parse(group.resolved));
    setText(waits, group.state === 'success' ? '' : short(group.error ?? '', 100));
    setClass(waits, 'wide');
    setText(left, '');
  }
}

/** Times that pass: what is left, how old. */
function tick(rows) {
  const now = figures.serverNow();
  for (const row of rows) {
    const age = row.children[4], left = row.children[5];
    if (row.dataset.ended) continue;
    if (row.dataset.deadline) {
      setText(age, duration(now - Number(row.dataset.created)));
      const { text, colour } = due(Number(row.dataset.deadline), now);
      setText(left, text);
      setClass(left, `num right ${colour}`);
    } else {
      setText(age, `${duration(now - Number(row.dataset.resolved))} ago`);
    }
  }
}

/** A row whose group was resolved stays where it is, and says so. */
function markResolved(row, outcome) {
  row.dataset.ended = 'true';
  row.children[1].replaceChildren(tag(outcome.state, outcome.cause));
  setText(row.children[5], verdict(outcome.state, outcome.cause).name === 'success' ? 'done' : 'ended');
  setClass(row.children[5], 'num right dim');
  row.classList.add('fresh');
}

export function page(query, navigate) {
  const body = el('tbody', { class: 'rows' });
  const resolvedOnes = !['open', null].includes(query.get('state'));
  const heads = resolvedOnes ? ['Group', 'Outcome', '', 'Why', 'Resolved', ''] : ['Group', 'State', 'Settled', 'Waits for', 'Age', 'Due in'];
  const table = el('div', { class: 'scroll' }, el('table', { class: 'groups' }, el('caption', { class: 'hidden' }, 'Groups'), el('thead', {}, el('tr', {},
    heads.map((name, i) => el('th', { scope: 'col', class: [3, 4].includes(i) ? 'wide' : i === 5 ? 'right' : '' }, name)))), body));
  const status = el('p', { class: 'dim', role: 'status' }, 'Loading…');
  const notice = el('p', { class: 'notice', hidden: true });
  const nothing = empty(resolvedOnes ? 'No such outcome is remembered' : 'No open group matches',
    resolvedOnes ? 'Outcomes of the last while are kept in memory; older ones are on the output topic.' : 'Change the filter, or open a group.');
  show(nothing, false);
  const first = el('button', { type: 'button', disabled: true }, 'First page'), next = el('button', { type: 'button', disabled: true }, 'Next page'), again = el('button', { type: 'button' }, 'Refresh');
  const node = el('div', { class: 'contents' }, el('div', { class: 'head' }, el('h1', {}, 'Groups'), el('span', { class: 'push' }, status)),
    el('section', { class: 'card' }, filters(query, (chosen) => navigate(`#/groups?${chosen}`))), notice,
    el('section', { class: 'card' }, table, nothing, el('div', { class: 'more' }, first, next, again)));

  let after = '', number_ = 1, following = '';
  const load = async (focus) => {
    const asked = new URLSearchParams(query);
    if (!asked.has('order')) asked.set('order', 'deadline');
    if (!asked.get('older')) asked.delete('older');
    asked.set('limit', String(pageSize));
    if (after) asked.set('after', after);
    try {
      const list = await get(`/v1/groups?${asked}`);
      following = list.next ?? '';
      patch(body, list.groups, (group) => `${group.id} ${group.created ?? group.resolved}`, makeRow, updateRow);
      tick(body.children);
      show(table, list.groups.length > 0);
      show(nothing, list.groups.length === 0 && !following);
      next.disabled = !following;
      first.disabled = number_ === 1;
      const open = figures.now()?.open;
      setText(status, list.groups.length === 0 && following ? 'Nothing in this part; there is more to look through.'
        : `Page ${number_}, ${number(list.groups.length)} groups${!resolvedOnes && open !== undefined ? ` of ${number(open)} open` : ''}`);
      show(notice, Boolean(list.incomplete));
      if (list.incomplete) setText(notice, `Not all is here: nobody answers for home ${list.incomplete.homes.join(', ')}. ${list.incomplete.reason}`);
      if (focus) scrollTo(0, 0);
    } catch (failure) {
      setText(status, '');
      show(notice, true);
      setText(notice, failure.message);
    }
  };
  next.addEventListener('click', () => { after = following; ++number_; load(true); });
  first.addEventListener('click', () => { after = ''; number_ = 1; load(true); });
  again.addEventListener('click', () => load(false));
  const timer = setInterval(() => tick(body.children), 1000);
  const stops = [live.on('outcome', (outcome) => {
    for (const row of body.children) {
      if (!row.dataset.ended && row.dataset.deadline && row.dataset.id === outcome.id) markResolved(row, outcome);
    }
  })];
  load(false);
  return { node, title: 'Groups', end: () => { clearInterval(timer); stops.forEach((stop) => stop()); } };
}
