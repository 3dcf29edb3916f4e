// What the instances tell each second, as the figures of the whole application: sums, rates, a short history.
import * as live from './live.js';

const kept = 300;
let last = new Map();
let current = null;
const history = [];

const failures = (counters) => Object.values(counters.failed).reduce((a, b) => a + b, 0);

/** Growth since the instance's last word; an instance that began anew starts from what it says now. */
function growth(instance) {
  const before = last.get(instance.id);
  const now = Date.parse(instance.now);
  const { counters } = instance;
  const said = {
    now, opened: counters.opened, succeeded: counters.succeeded, failed: failures(counters),
    timeout: counters.failed.timeout ?? 0, records: counters.records,
  };
  last.set(instance.id, said);
  if (!before || said.records < before.records || now <= before.now) return null;
  const seconds = (now - before.now) / 1000;
  return {
    seconds, opened: said.opened - before.opened, succeeded: said.succeeded - before.succeeded,
    failed: said.failed - before.failed, timeout: said.timeout - before.timeout,
  };
}

live.on('instances', (document) => {
  const reachable = document.instances.filter((instance) => instance.reachable);
  const sample = { opened: 0, resolved: 0, succeeded: 0, failed: 0, timeout: 0, open: 0 };
  for (const instance of reachable) {
    sample.open += instance.openGroups;
    const grown = growth(instance);
    if (!grown) continue;
    sample.opened += grown.opened / grown.seconds;
    sample.resolved += (grown.succeeded + grown.failed) / grown.seconds;
    sample.succeeded += grown.succeeded;
    sample.failed += grown.failed - grown.timeout;
    sample.timeout += grown.timeout;
  }
  history.push(sample);
  if (history.length > kept) history.shift();
  const earliest = (field, time) => reachable.map((i) => i[field]).filter(Boolean)
    .sort((a, b) => a[time].localeCompare(b[time]))[0] ?? null;
  const total = (pick) => reachable.reduce((sum, instance) => sum + pick(instance.counters), 0);
  current = {
    document, open: sample.open, waiting: reachable.reduce((sum, i) => sum + i.waitingEvents, 0),
    oldest: earliest('oldest', 'created'), due: earliest('due', 'deadline'),
    oldestOfAll: reachable.every((i) => i.oldestOfAll),
    totals: {
      opened: total((c) => c.opened), succeeded: total((c) => c.succeeded), timeout: total((c) => c.failed.timeout ?? 0),
      failed: total((c) => failures(c) - (c.failed.timeout ?? 0)), deadLetters: total((c) => c.deadLetters),
    },
    skew: Date.now() - Math.max(0, ...reachable.map((i) => Date.parse(i.now))),
  };
});

/** Null until the first word has come. */
export const now = () => current;
export const samples = () => history;

/** The mean of the last few seconds, so that a figure can be read. */
export function mean(field, seconds = 5) {
  const part = history.slice(-seconds);
  return part.length === 0 ? 0 : part.reduce((sum, sample) => sum + sample[field], 0) / part.length;
}

/** What was resolved since the page is open, or, with nothing yet, since the instances run. */
export function shares() {
  const sum = (field) => history.reduce((total, sample) => total + sample[field], 0);
  const seen = { succeeded: sum('succeeded'), failed: sum('failed'), timeout: sum('timeout') };
  if (seen.succeeded + seen.failed + seen.timeout > 0) return { ...seen, since: `last ${Math.min(history.length, kept)} s` };
  const totals = current?.totals ?? { succeeded: 0, failed: 0, timeout: 0 };
  return { succeeded: totals.succeeded, failed: totals.failed, timeout: totals.timeout, since: 'since start' };
}

/** The server's time, for countdowns: a browser's clock may be wrong. */
export const serverNow = () => Date.now() - (Math.abs(current?.skew ?? 0) > 2000 ? current.skew : 0);
