// The options in force at one instance, asked for when somebody looks.
import { get } from './api.js';
import { el, setText, show } from './dom.js';

function valueCell(option) {
  if (option.hidden) return el('td', { class: 'dim' }, 'hidden');
  return option.value === null ? el('td', { class: 'dim' }, 'not set') : el('td', { class: 'id' }, option.value);
}

function table(caption, options) {
  const rows = options.map((option) => el('tr', {}, el('th', { scope: 'row', class: 'id' }, option.name), valueCell(option),
    el('td', { class: 'id dim' }, option.source === 'default' ? '' : option.source)));
  return el('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': caption }, el('table', { class: 'options' }, el('caption', {}, caption), el('thead', { class: 'hidden' },
    el('tr', {}, ['Option', 'Value', 'From'].map((name) => el('th', { scope: 'col' }, name)))), el('tbody', {}, rows)));
}

export function configuration(id) {
  const notice = el('p', { class: 'notice', role: 'alert', hidden: true });
  const tables = el('div', { class: 'stack' });
  const node = el('details', { class: 'config' }, el('summary', {}, 'Configuration'), notice, tables);
  node.addEventListener('toggle', async () => {
    if (!node.open) return;
    try {
      const { options, kafka } = await get(`/v1/config?instance=${encodeURIComponent(id)}`);
      const given = options.filter((option) => option.source !== 'default');
      const rest = options.filter((option) => option.source === 'default');
      tables.replaceChildren(...[['Given', given], ['Kafka client', kafka], ['By default', rest]]
        .filter(([, list]) => list.length > 0).map(([caption, list]) => table(caption, list)));
      show(notice, false);
    } catch (failure) {
      tables.replaceChildren();
      setText(notice, failure.message);
      show(notice, true);
    }
  });
  return node;
}
