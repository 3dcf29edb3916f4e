// Who runs what, and how it fares.
import { el, setText, patch, show, empty } from './dom.js';
import { number } from './format.js';
import { homesTable } from './overview.js';
import { configuration } from './config.js';
import * as figures from './figures.js';
import * as live from './live.js';

const list = (numbers) => (numbers.length > 0 ? numbers.join(', ') : 'none');

function card(instance) {
  const state = el('span', {}), why = el('p', { class: 'notice', hidden: true });
  const dl = el('dl', { class: 'facts' });
  const homes = homesTable();
  const node = el('section', { class: 'card instance' }, el('div', { class: 'head' }, el('h2', { class: 'id' }, instance.id), el('span', { class: 'push' }, state)), why, dl, homes.node, configuration(instance.id));
  node.draw = (now) => {
    const good = now.reachable && now.ready;
    const word = !now.reachable ? '✕ not reached' : now.ready ? '✓ ready' : '◌ not ready';
    state.setAttribute('class', `tag push ${good ? 'ok' : now.reachable ? 'late' : 'bad'}`);
    setText(state, word);
    setText(why, now.notReady ?? '');
    show(why, Boolean(now.notReady));
    const rows = [['HTTP', now.http ?? 'not served'], ['Version', now.version], ['Input partitions', list(now.partitions)], ['Homes', list(now.homes)], ['Standbys', list(now.standbys)]];
    if (now.counters) {
      rows.push(['Open groups', number(now.openGroups)], ['Records read', number(now.counters.records)], ['Re-keyed', number(now.counters.rekeyed)],
        ['Commits, aborts', `${number(now.counters.commits)}, ${number(now.counters.aborts)}`]);
    }
    const flat = rows.flatMap(([name, value]) => [{ key: `${name} name`, tag: 'dt', text: name }, { key: name, tag: 'dd', text: value }]);
    patch(dl, flat, (item) => item.key, (item) => el(item.tag, {}), (row, item) => setText(row, String(item.text)));
    homes.update({ homes: 0, instances: [now] });
    show(homes.node, now.homeStates.length > 0);
  };
  return node;
}

export function page() {
  const cards = el('div', { class: 'homes' });
  const head = el('p', { class: 'dim' });
  const nothing = empty('Nothing heard yet', 'The first word comes within a second.');
  const node = el('div', { class: 'contents' }, el('div', { class: 'head' }, el('h1', {}, 'Instances'), el('span', { class: 'push' }, head)), cards, nothing);
  const draw = () => {
    const now = figures.now();
    show(nothing, !now);
    if (!now) return;
    const { document } = now;
    setText(head, `Application ${document.application}, ${document.guarantee}, ${document.homes} homes, reads ${document.topic}, writes ${document.outputTopic}`);
    const sorted = [...document.instances].sort((a, b) => a.id.localeCompare(b.id));
    patch(cards, sorted, (instance) => instance.id, card, (row, instance) => row.draw(instance));
  };
  const stops = [live.on('instances', draw)];
  draw();
  return { node, title: 'Instances', end: () => stops.forEach((stop) => stop()) };
}
