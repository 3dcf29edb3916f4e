// One group: what it waits for and why, or what became of it and why. Then who settled when, and everything else.
import { call, get, groupPath, Problem } from './api.js';
import { el, svg, setText, setClass, patch, show, tag, verdict, groupLink, empty } from './dom.js';
import { number, duration, due, policyName, clockTime, fullTime, short } from './format.js';
import { ask } from './dialogs.js';
import * as figures from './figures.js';
import * as live from './live.js';

const seenEvery = 2000;
const shownIds = 24;

const has = (object, key) => Object.hasOwn(object ?? {}, key);

/** What the policy makes of the entities that are still awaited. */
function rule(group) {
  const missing = group.missingCount;
  const policy = typeof group.policy === 'string' ? group.policy : Object.keys(group.policy)[0];
  const limit = typeof group.policy === 'string' ? 0 : Object.values(group.policy)[0];
  const wait = missing === 1 ? '1 entity' : `${number(missing)} entities`;
  const sealed = group.sealed ? '' : ' It is not sealed: more may be added, and it can’t succeed before it is.';
  switch (policy) {
    case 'any': return `Any of ${wait} with a result is enough.${sealed}`;
    case 'race': return `The first of ${wait} to settle decides.${sealed}`;
    case 'quorum': return `${number(Math.max(0, limit - group.resultCount))} more of ${wait} must give a result.${sealed}`;
    case 'tolerate': return `All must settle; ${number(limit)} may fail, ${number(group.errorCount)} did.${sealed}`;
    case 'allSettled': return `All must settle, with a result or an error.${sealed}`;
    default: return `All must give a result; the first error ends the group.${sealed}`;
  }
}

function waitsFor(group) {
  const left = el('span', { class: 'due' });
  const missing = group.missingCount;
  const ids = group.missing.slice(0, shownIds).map((id) => el('span', { class: 'id' }, id));
  const lastSettled = Object.values(group.settled ?? {}).sort().at(-1);
  const settledCount = group.expectedCount - missing;
  const since = lastSettled ? `The last one to settle did so ${duration(figures.serverNow() - Date.parse(lastSettled))} ago.`
    : settledCount === 0 && group.expectedCount > 0 ? 'Nothing has come since it was created.' : '';
  const title = missing === 0 ? el('p', {}, 'Waits for its ', el('span', { class: 'count' }, 'seal'), '. Ends in ', left, ' without it.')
    : el('p', {}, 'Waits for ', el('span', { class: 'count' }, `${number(missing)} of ${number(group.expectedCount)}`), '. Times out in ', left, '.');
  const node = el('section', { class: 'why wait', 'aria-label': 'What it waits for' }, title,
    ids.length > 0 && el('div', { class: 'ids' }, ids, missing > ids.length && el('span', { class: 'dim' }, `and ${number(missing - ids.length)} more`)),
    el('p', { class: 'then' }, `${rule(group)} ${since}`));
  const tick = () => {
    const { text, colour } = due(Date.parse(group.deadline), figures.serverNow());
    setText(left, text);
    setClass(left, `due ${colour}`);
  };
  tick();
  return { node, tick };
}

const causes = {
  error: (o) => ['Failed: ', el('span', { class: 'id' }, o.entity), ' had an error.'],
  timeout: (o) => [`Timed out, with ${number(o.missingCount ?? 0)} still missing.`],
  cancelled: () => ['Was cancelled.'],
  unmet: () => ['Failed: its policy could not be met any more.'],
  invalid: () => ['Failed: its Create is invalid.'],
  'too-large': () => ['Failed: the outcome would be too large.'],
};

function became(group) {
  const outcome = group.outcome ?? {};
  const { colour } = verdict(group.state, group.cause);
  const title = group.state === 'success' ? [`Succeeded after ${duration(Date.parse(group.resolved) - Date.parse(group.created))}.`]
    : (causes[group.cause] ?? (() => ['Failed.']))(outcome);
  const missing = outcome.missing ?? [];
  return el('section', { class: `why ${colour}`, 'aria-label': 'What became of it' }, el('p', {}, el('span', { class: 'count' }, title)),
    group.state === 'failure' && el('p', {}, short(outcome.error ?? '', 2000)),
    missing.length > 0 && el('div', { class: 'ids' }, missing.slice(0, shownIds).map((id) => el('span', { class: 'id' }, id)),
      outcome.missingCount > shownIds && el('span', { class: 'dim' }, `and ${number(outcome.missingCount - shownIds)} more`)),
    el('p', { class: 'then' }, `Resolved ${fullTime(group.resolved)}.`));
}

/** Created, each settling, now, the deadline: on one line, to scale. */
function timeLine(group) {
  const begin = Date.parse(group.created), end = Math.max(Date.parse(group.deadline), begin + 1);
  const node = svg('svg', { class: 'time-line', role: 'img', viewBox: '0 0 1000 74', preserveAspectRatio: 'none' });
  const at = (time) => Math.min(1000, Math.max(0, 1000 * (time - begin) / (end - begin)));
  const marks = [[begin, 'dim', `created ${clockTime(begin)}`, true]];
  const settled = Object.entries(group.settled ?? {}).sort((a, b) => a[1].localeCompare(b[1]));
  for (const [id, time] of settled.slice(0, 60)) marks.push([Date.parse(time), has(group.errors, id) ? 'bad' : 'ok', short(id, 14)]);
  marks.push([end, 'late', `due ${clockTime(end)}`, true]);
  const now = svg('line', { class: 'mark wait', y1: 26, y2: 48 });
  node.append(svg('title', {}, `${settled.length} settled between ${clockTime(begin)} and now; due ${clockTime(end)}`),
    svg('line', { class: 'axis', x1: 0, x2: 1000, y1: 37, y2: 37 }), now);
  const holder = el('div', { class: 'time-holder' }, node);
  let free = -1;
  for (const [time, colour, text, below] of marks) {
    const x = at(time);
    node.append(svg('line', { class: `mark ${colour}`, x1: x, x2: x, y1: 28, y2: 46 }));
    // One name must not lie on another: what has no room goes without, the cards below have it.
    if (!text || (!below && x < free)) continue;
    if (!below) free = x + 130;
    const note = el('span', { class: `time-note ${below ? 'below' : 'above'}` }, text);
    note.style.left = `${x / 10}%`;
    if (x > 700) note.classList.add('from-right');
    holder.append(note);
  }
  const tick = () => {
    const x = at(figures.serverNow());
    now.setAttribute('x1', x);
    now.setAttribute('x2', x);
  };
  tick();
  return { node: el('section', { class: 'card' }, el('h2', {}, 'Time line'), holder), tick };
}

function entityCards(group) {
  const order = (id) => (has(group.errors, id) ? 1 : has(group.results, id) ? 2 : 0);
  const results = group.results ?? {}, errors = group.errors ?? {};
  const ids = [...new Set([...(group.expected ?? []), ...(group.missing ?? []), ...Object.keys(results), ...Object.keys(errors)])].sort((a, b) => order(a) - order(b));
  const list = el('ul', { class: 'members' });
  patch(list, ids, (id) => id, (id) => {
    const colour = ['wait', 'bad', 'ok'][order(id)];
    const word = ['○ awaited', '✕ error', '✓ done'][order(id)];
    const when = group.settled?.[id] && `after ${duration(Date.parse(group.settled[id]) - Date.parse(group.created))}`;
    const value = has(errors, id) ? errors[id] : results[id];
    return el('li', { class: `member ${colour}` }, el('span', { class: 'id' }, id), el('span', { class: 'what' }, el('b', { class: colour }, word), when ? ` ${when}` : ''),
      order(id) > 0 && el('span', { class: 'id dim' }, short(value ?? null, 160)));
  });
  return el('section', { class: 'card' }, el('h2', {}, `Entities (${number(group.expectedCount ?? ids.length)})`), list,
    group.complete === false && el('p', { class: 'dim' }, 'There are too many to show them all; the missing ones come first.'));
}

function facts(group) {
  const rows = [];
  const row = (name, ...value) => rows.push(el('dt', {}, name), el('dd', {}, ...value));
  if (group.policy) row('Policy', policyName(group.policy), group.sealed === false ? ', not sealed' : '');
  if (group.created) row('Created', fullTime(group.created));
  if (group.deadline) row('Deadline', fullTime(group.deadline), group.ttl ? ` (ttl ${group.ttl} s)` : '');
  row('Home', String(group.home));
  const from = group.outcome ?? group;
  if (from.labels) row('Labels', Object.entries(from.labels).map(([name, value]) => el('span', { class: 'chip' }, `${name}: ${value}`)));
  if (from.sender !== undefined) row('Sender', short(from.sender, 400));
  if (from.description !== undefined) row('Description', short(from.description, 2000));
  if (group.parent) row('Parent', groupLink(group.parent.group), ` as ${group.parent.entity}`);
  if (group.handler) row('Handler', Object.entries(group.handler).map(([branch, topic]) => `${branch} → ${topic} `));
  if (group.parkedEvents > 0) row('Kept until the seal', `${number(group.parkedEvents)} events of entities not expected yet`);
  if (from.origin) row('Origin', el('span', { class: 'id' }, from.origin));
  if (group.asOf) row('As of', clockTime(group.asOf));
  return el('section', { class: 'card' }, el('h2', {}, 'Details'), el('dl', { class: 'facts' }, rows));
}

function actions(group, reload) {
  const extend = el('button', { type: 'button' }, 'Extend…'), cancel = el('button', { type: 'button', class: 'danger' }, 'Cancel…');
  extend.addEventListener('click', async () => {
    const done = await ask({
      title: 'Extend the group', text: `The new deadline is so many seconds from now. It is due in ${due(Date.parse(group.deadline), figures.serverNow()).text}.`,
      fields: [{ name: 'ttl', label: 'Seconds from now', type: 'number', min: '0.1', step: 'any', required: true, value: '60' }], action: 'Extend',
      act: ({ ttl }) => call(groupPath(group.id), { method: 'PATCH', body: { ttl: Number(ttl) } }),
    });
    if (done) reload();
  });
  cancel.addEventListener('click', async () => {
    const done = await ask({
      title: 'Cancel the group', text: 'It ends at once, as a Failure with the cause “cancelled”. That can’t be undone.',
      fields: [{ name: 'reason', label: 'Reason (optional)', maxlength: '500' }], action: 'Cancel the group', danger: true,
      act: ({ reason }) => call(groupPath(group.id), { method: 'DELETE', body: reason ? { reason } : {} }),
    });
    if (done) reload();
  });
  return [extend, cancel];
}

export function page(id) {
  const state = el('span', {}), buttons = el('span', { class: 'head push' });
  const content = el('div', { class: 'contents' }, el('p', { class: 'loading' }, 'Loading…'));
  const notice = el('p', { class: 'notice', role: 'alert', hidden: true });
  const node = el('div', { class: 'contents' }, el('div', { class: 'head' }, el('h1', { class: 'id' }, id), state, buttons), notice, content);
  let ticks = [], shown = '', ended = false, timer = 0;

  const draw = (group) => {
    // Nothing but the time and the clock moved: what is there stays, so that nothing flickers and no focus is lost.
    const { asOf, ...rest } = group;
    const signature = JSON.stringify(rest);
    if (signature === shown) return;
    shown = signature;
    state.replaceChildren(tag(group.state, group.cause));
    const payload = group.payload === undefined ? group.outcome?.payload : group.payload;
    const extras = [el('div', { class: 'pair' }, facts(group),
      payload !== undefined && payload !== null && el('section', { class: 'card' }, el('h2', {}, 'Payload'), el('pre', { tabindex: '0' }, JSON.stringify(payload, null, 2))))];
    if (group.state === 'open') {
      const why = waitsFor(group), line = timeLine(group);
      ticks = [why.tick, line.tick];
      content.replaceChildren(...[why.node, line.node, entityCards(group), ...extras].filter(Boolean));
      if (buttons.childElementCount === 0) buttons.replaceChildren(...actions(group, load));
      return;
    }
    ticks = [];
    buttons.replaceChildren();
    if (group.state === 'waiting') {
      content.replaceChildren(el('section', { class: 'why dim' }, el('p', {}, `${number(group.waitingEvents)} events wait for the Create of this group.`),
        el('p', { class: 'then' }, 'If it doesn’t come in time they go to the dead letters (no-such-group).')), facts(group));
      return;
    }
    if (!group.outcome) {
      content.replaceChildren(el('section', { class: 'why dim' }, el('p', {}, 'It was resolved; its outcome is on the output topic, but not in memory any more.')), facts(group));
      return;
    }
    const { results = {}, errors = {}, missing = [] } = group.outcome;
    const failed = group.cause === 'error' && !Object.keys(errors).length ? { [group.outcome.entity]: group.outcome.error } : errors;
    const settled = { ...results };
    for (const entity of Object.keys(failed)) delete settled[entity];
    content.replaceChildren(...[became(group), entityCards({ ...group, results: settled, errors: failed, missing, expected: [], settled: {}, expectedCount: undefined }), ...extras].filter(Boolean));
  };

  const load = async () => {
    clearTimeout(timer);
    try {
      const group = await get(groupPath(id));
      if (ended) return;
      show(notice, false);
      draw(group);
    } catch (failure) {
      if (ended) return;
      if (failure instanceof Problem && failure.status === 404) {
        shown = '';
        ticks = [];
        state.replaceChildren();
        buttons.replaceChildren();
        content.replaceChildren(empty('No such group here', 'It is not open, and not among the outcomes remembered. It may have been resolved a while ago, or its Create may still be on the way.'));
      } else {
        setText(notice, failure.message);
        show(notice, true);
      }
    }
    // While it is looked at: entities that settle make no event.
    timer = setTimeout(() => (document.hidden ? (timer = setTimeout(load, seenEvery)) : load()), seenEvery);
  };
  const clock = setInterval(() => ticks.forEach((tick) => tick()), 500);
  const stops = [live.on('outcome', (outcome) => { if (outcome.id === id) load(); })];
  load();
  return { node, title: id, end: () => { ended = true; clearTimeout(timer); clearInterval(clock); stops.forEach((stop) => stop()); } };
}
