// The server-sent events of /v1/events. Read with fetch, for EventSource can't send a token.
import { call, Problem } from './api.js';

const listeners = new Map();
let controller = null;

export function on(name, callback) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(callback);
  return () => listeners.get(name).delete(callback);
}

function tell(name, data) {
  for (const callback of listeners.get(name) ?? []) callback(data);
}

function block(text) {
  let name = '';
  const data = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('event: ')) name = line.slice(7);
    else if (line.startsWith('data: ')) data.push(line.slice(6));
  }
  if (name) tell(name, JSON.parse(data.join('\n')));
}

async function follow(signal) {
  const reply = await call('/v1/events?view=summary&rate=50', { signal, accept: 'text/event-stream' });
  tell('connection', true);
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      block(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function start() {
  stop();
  const mine = new AbortController();
  controller = mine;
  for (let wait = 500; !mine.signal.aborted; wait = Math.min(wait * 2, 8000)) {
    try {
      await follow(mine.signal);
      wait = 500;
    } catch (failure) {
      if (mine.signal.aborted) return;
      if (failure instanceof Problem && (failure.status === 401 || failure.status === 403)) {
        tell('refused', failure);
        return;
      }
    }
    tell('connection', false);
    await pause(wait);
  }
}

export function stop() {
  controller?.abort();
  controller = null;
}
