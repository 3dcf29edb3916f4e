// Which page is shown, the token, and the line at the top.
import { token, whenRefused } from './api.js';
import { el, setText, setClass, show } from './dom.js';
import * as figures from './figures.js';
import * as live from './live.js';
import { page as overview } from './overview.js';
import { page as groups } from './groups.js';
import { page as group } from './group.js';
import { page as deadLetters } from './dead_letters.js';
import { page as instances } from './instances.js';

const view = document.getElementById('view');
const liveLine = document.getElementById('live'), liveText = document.getElementById('live-text');
let shown = null, gated = false;

const navigate = (hash) => {
  if (location.hash === hash) route();
  else location.hash = hash;
};

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function pageFor(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name, id] = path.split('/');
  switch (name) {
    case 'groups': return id ? { name, made: group(decoded(id)) } : { name, made: groups(new URLSearchParams(query), navigate) };
    case 'dead-letters': return { name, made: deadLetters() };
    case 'instances': return { name, made: instances() };
    default: return { name: 'overview', made: overview() };
  }
}

function put(made, focus) {
  shown?.end?.();
  shown = made;
  view.replaceChildren(made.node);
  document.title = made.title ? `${made.title} · eb-collector` : 'eb-collector';
  if (focus) view.focus({ preventScroll: true });
}

function route(focus = true) {
  // The skip link points into this page, not to another one.
  if (location.hash === '#view') return view.focus();
  if (gated) return;
  const { name, made } = pageFor(location.hash);
  for (const link of document.querySelectorAll('nav a')) {
    if (link.dataset.page === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  put(made, focus);
  if (focus) scrollTo(0, 0);
}

/** Asks for the token; it stays in this tab and goes with it. */
function gate(message) {
  if (gated) return;
  gated = true;
  live.stop();
  setClass(liveLine, 'live');
  setText(liveText, 'locked');
  const input = el('input', { type: 'password', name: 'token', autocomplete: 'off', required: true, 'aria-describedby': 'gate-why' });
  const form = el('form', {}, el('div', { class: 'fields' }, el('label', {}, 'Token', input)), el('button', { class: 'primary' }, 'Open'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    token.set(input.value.trim());
    gated = false;
    begin();
  });
  put({ title: 'Token', node: el('section', { class: 'card gate' }, el('h1', {}, 'A token is needed'), el('p', { id: 'gate-why' }, message), form) });
  input.focus();
}

whenRefused(() => {
  const tried = token.get() !== '';
  token.set('');
  gate(tried ? 'The collector doesn’t know this token. Try again.' : 'The collector answers only with its token (EB_COLLECTOR_HTTP_TOKEN or --http-token-file). It is kept for this tab only.');
});

live.on('refused', (problem) => {
  if (problem.status !== 403) return;
  shown?.end?.();
  shown = null;
  setClass(liveLine, 'live off');
  setText(liveText, 'closed');
  view.replaceChildren(el('section', { class: 'card gate' }, el('h1', {}, 'The API is closed here'), el('p', {}, problem.message)));
});
live.on('connection', (on) => {
  setClass(liveLine, on ? 'live on' : 'live off');
  if (!on) setText(liveText, 'connection lost, trying again');
});
live.on('instances', () => {
  const { document } = figures.now();
  const count = document.instances.filter((instance) => instance.reachable).length;
  setText(liveText, `live · ${document.application} · ${count} ${count === 1 ? 'instance' : 'instances'}`);
});

function begin() {
  live.start();
  route(false);
}

document.getElementById('jump').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = document.getElementById('jump-id');
  const id = input.value.trim();
  if (id) navigate(`#/groups/${encodeURIComponent(id)}`);
  input.value = '';
});
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest?.('input, select, textarea, dialog');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  event.preventDefault();
  document.getElementById('jump-id').focus();
});
addEventListener('hashchange', () => route());
show(view, true);
begin();
