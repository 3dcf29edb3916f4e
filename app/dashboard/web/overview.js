// The first page: how much is open, how fast it moves, what is due first, and whether every home is looked after.
import { get } from './api.js';
import { el, svg, setText, setClass, patch, show, tag, groupLink, empty } from './dom.js';
import { number, rate, duration, due, clockTime } from './format.js';
import * as figures from './figures.js';
import * as live from './live.js';

function tile(title, content) {
  const value = el('strong', {}, '–');
  const node = el('section', { class: 'tile' }, el('h2', {}, title), value, content);
  return { node, value };
}

function spark(colour) {
  const path = svg('path', {});
  const node = svg('svg', { class: `spark ${colour}`, viewBox: '0 0 100 28', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, path);
  const draw = (values) => {
    const most = Math.max(1, ...values);
    const points = values.map((value, i) => `${(100 * i / Math.max(1, values.length - 1)).toFixed(1)} ${(26 - 23 * value / most).toFixed(1)}`);
    path.setAttribute('d', points.length > 1 ? `M${points.join('L')}` : '');
  };
  return { node, draw };
}

function sharesTile() {
  const parts = ['ok', 'bad', 'late'].map((colour) => el('span', { class: colour }));
  const legend = ['✓ ', '✕ ', '◷ '].map((sign, i) => el('span', { class: ['ok', 'bad', 'late'][i] }, sign));
  const note = el('p', { class: 'note' });
  const made = tile('Success', [el('div', { class: 'share', 'aria-hidden': 'true' }, parts), el('p', { class: 'legend' }, legend), note]);
  return { ...made, parts, legend, note };
}

function lagCell(home) {
  if (home.state === 'running') return [el('span', { class: 'ok' }, '✓ running')];
  if (home.state === 'standby') return [el('span', { class: 'dim' }, 'standby')];
  const all = home.restored + home.restoreLag;
  const done = all > 0 ? Math.floor(100 * home.restored / all) : 0;
  const inner = el('span', {});
  inner.style.width = `${done}%`;
  return [el('span', { class: 'late' }, home.state === 'restoring' ? `restoring ${done} %` : `waits for ${home.waitingFor || 'its turn'}`),
    home.state === 'restoring' && el('span', { class: 'progress', 'aria-hidden': 'true' }, inner)];
}

export function homesTable() {
  const body = el('tbody', {});
  const node = el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {},
    el('th', { scope: 'col' }, 'Home'), el('th', { scope: 'col', class: 'owner' }, 'Owner'), el('th', { scope: 'col', class: 'right' }, 'Lag'), el('th', { scope: 'col' }, 'State'))), body));
  const update = (document) => {
    const rows = [];
    const seen = new Set();
    for (const instance of document.instances) {
      for (const home of instance.homeStates) {
        if (home.state === 'standby') continue;
        seen.add(home.home);
        rows.push({ ...home, owner: instance.id, reachable: instance.reachable });
      }
    }
    for (let home = 0; home < document.homes; ++home) if (!seen.has(home)) rows.push({ home, owner: '', inputLag: null });
    rows.sort((a, b) => a.home - b.home || a.owner.localeCompare(b.owner));
    patch(body, rows, (row) => `${row.home}/${row.owner}`,
      () => el('tr', {}, el('td', { class: 'num' }), el('td', { class: 'id cut owner' }), el('td', { class: 'num right' }), el('td', {})),
      (node, row) => {
        const [home, owner, lag, state] = node.children;
        setText(home, String(row.home));
        setText(owner, row.owner || '–');
        owner.title = row.owner;
        setText(lag, row.inputLag === null ? '–' : number(row.inputLag));
        const signature = JSON.stringify([row.state, row.reachable, row.restored, row.restoreLag, row.waitingFor]);
        if (state.dataset.was === signature) return;
        state.dataset.was = signature;
        if (!row.owner) state.replaceChildren(el('span', { class: 'bad' }, '✕ nobody runs it'));
        else if (!row.reachable) state.replaceChildren(el('span', { class: 'bad' }, '✕ instance not reached'));
        else state.replaceChildren(...lagCell(row).filter(Boolean));
      });
  };
  return { node, update };
}

function dueTable() {
  const body = el('tbody', {});
  const table = el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Group'),
    el('th', { scope: 'col' }, 'Settled'), el('th', { scope: 'col', class: 'wide' }, 'Waits for'), el('th', { scope: 'col', class: 'right' }, 'Due in'))), body));
  const nothing = empty('No group is open', 'A Create on the input topic opens one.');
  const node = el('section', { class: 'card' }, el('h2', {}, 'Due first'), table, nothing);
  show(table, false);
  let groups = [];
  const countdown = () => {
    for (const row of body.children) {
      const left = due(Number(row.dataset.deadline), figures.serverNow());
      setText(row.lastElementChild, left.text);
      setClass(row.lastElementChild, `num right ${left.colour}`);
    }
  };
  const update = (list) => {
    groups = list;
    show(table, groups.length > 0);
    show(nothing, groups.length === 0);
    patch(body, groups, (group) => group.id, (group) => el('tr', {}, el('td', {}, groupLink(group.id)), el('td', { class: 'num' }),
      el('td', { class: 'id wide' }), el('td', { class: 'num right' })), (row, group) => {
      row.dataset.deadline = String(Date.parse(group.deadline));
      setText(row.children[1], `${number(group.expectedCount - group.missingCount)} of ${number(group.expectedCount)}`);
      const more = group.missingCount - Math.min(2, group.missing.length);
      setText(row.children[2], group.missing.slice(0, 2).join(', ') + (more > 0 ? ` +${number(more)}` : ''));
    });
    countdown();
  };
  return { node, update, countdown };
}

function outcomeFeed() {
  const body = el('tbody', {});
  const nothing = empty('Nothing was resolved yet', 'Outcomes appear here as they come.');
  const node = el('section', { class: 'card' }, el('h2', {}, 'Latest outcomes'), el('div', { class: 'scroll' }, el('table', {}, el('thead', { class: 'hidden' },
    el('tr', {}, ['Outcome', 'Group', 'Why', 'When'].map((name) => el('th', { scope: 'col' }, name)))), body)), nothing);
  let list = [];
  const draw = (fresh) => {
    show(nothing, list.length === 0);
    patch(body, list, (o) => `${o.id} ${o.resolved}`, (o) => el('tr', fresh ? { class: 'fresh' } : {},
      el('td', {}, tag(o.state, o.cause)), el('td', {}, groupLink(o.id)),
      el('td', { class: 'dim wide' }, o.state === 'success' ? '' : typeof o.error === 'string' ? o.error.slice(0, 80) : JSON.stringify(o.error ?? '').slice(0, 80)),
      el('td', { class: 'num dim right' }, clockTime(o.resolved))));
  };
  return { node, set: (groups) => { list = groups.slice(0, 10); draw(false); }, add: (o) => { list = [o, ...list].slice(0, 10); draw(true); } };
}

export function page() {
  const open = spark('wait'), opened = spark('dim'), resolved = spark('ok');
  const tiles = {
    open: tile('Open groups', open.node), opened: tile('Opened / s', opened.node), resolved: tile('Resolved / s', resolved.node),
    share: sharesTile(), oldest: null,
  };
  const oldestNote = el('p', { class: 'note' });
  tiles.oldest = tile('Oldest open', oldestNote);
  const dueFirst = dueTable();
  const homes = homesTable();
  const feed = outcomeFeed();
  const node = el('div', { class: 'contents' }, el('h1', { class: 'hidden' }, 'Overview'),
    el('div', { class: 'tiles' }, Object.values(tiles).map((t) => t.node)),
    el('div', { class: 'columns' }, el('div', { class: 'stack' }, dueFirst.node, feed.node), el('section', { class: 'card' }, el('h2', {}, 'Partitions'), homes.node)));

  const draw = () => {
    const now = figures.now();
    if (!now) return;
    const samples = figures.samples().slice(-120);
    setText(tiles.open.value, number(now.open));
    setText(tiles.opened.value, rate(figures.mean('opened')));
    setText(tiles.resolved.value, rate(figures.mean('resolved')));
    open.draw(samples.map((s) => s.open));
    opened.draw(samples.map((s) => s.opened));
    resolved.draw(samples.map((s) => s.resolved));
    const { succeeded, failed, timeout, since } = figures.shares();
    const all = succeeded + failed + timeout;
    setText(tiles.share.value, all === 0 ? '–' : `${(100 * succeeded / all).toFixed(succeeded === all ? 0 : 1)} %`);
    [succeeded, failed, timeout].forEach((count, i) => {
      tiles.share.parts[i].style.width = all === 0 ? '0' : `${100 * count / all}%`;
      setText(tiles.share.legend[i], `${'✓✕◷'[i]} ${number(count)}`);
      tiles.share.legend[i].title = ['succeeded', 'failed', 'timed out'][i];
    });
    setText(tiles.share.note, `of all resolved, ${since}`);
    setText(tiles.oldest.value, now.oldest ? duration(figures.serverNow() - Date.parse(now.oldest.created)) : '–');
    const left = now.oldest && due(Date.parse(now.oldest.deadline), figures.serverNow());
    oldestNote.replaceChildren(...(now.oldest ? [groupLink(now.oldest.id), el('br', {}), el('span', { class: left.colour }, `due in ${left.text}`)] : ['nothing is open']));
    homes.update(now.document);
  };

  let asked = 0, wanted = true, busy = false;
  const refresh = async () => {
    if (busy || !wanted || Date.now() - asked < 2000) return;
    busy = true;
    wanted = false;
    asked = Date.now();
    try {
      dueFirst.update((await get('/v1/groups?order=deadline&limit=10')).groups);
    } catch { wanted = true; }
    busy = false;
  };
  let before = '';
  const stops = [
    live.on('instances', () => {
      draw();
      const { totals, open: count } = figures.now();
      const signature = `${totals.opened} ${totals.succeeded} ${totals.failed} ${totals.timeout} ${count}`;
      if (signature !== before) wanted = true;
      before = signature;
      refresh();
    }),
    live.on('outcome', (outcome) => feed.add(outcome)),
  ];
  const timer = setInterval(() => { dueFirst.countdown(); refresh(); }, 1000);
  draw();
  refresh();
  get('/v1/groups?state=resolved&limit=10').then((list) => feed.set(list.groups), () => {});
  return { node, title: 'Overview', end: () => { clearInterval(timer); stops.forEach((stop) => stop()); } };
}
