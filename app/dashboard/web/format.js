// Numbers, times and values as people read them.

export const number = (value) => Math.round(value).toLocaleString('en');

export function rate(value) {
  if (value >= 100 || value === 0) return number(value);
  return value.toLocaleString('en', { maximumFractionDigits: value >= 10 ? 0 : 1 });
}

/** Two units at most: "4 m 12 s". */
export function duration(ms) {
  const negative = ms < 0;
  let seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds < 60) return `${negative ? '-' : ''}${seconds} s`;
  const units = [['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
  const parts = [];
  for (const [name, size] of units) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0 || parts.length > 0) parts.push(`${count} ${name}`);
    if (parts.length === 2) break;
  }
  return (negative ? '-' : '') + parts.join(' ');
}

export function due(deadline, now) {
  const left = deadline - now;
  if (left >= 0) return { text: duration(left + 999), colour: left < 30_000 ? 'late' : '' };
  return { text: `over by ${duration(-left)}`, colour: 'bad' };
}

export const clockTime = (time) => new Date(time).toLocaleTimeString('en-GB');
export const fullTime = (time) => new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** A JSON value in one line of at most `limit` characters. */
export function short(value, limit = 120) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** JSON text as it came, indented if that is possible. Numbers that JavaScript can't hold stay as they were. */
export function pretty(text) {
  if (/\d{16}|\d[eE.]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function policyName(policy) {
  if (typeof policy === 'string') return policy;
  const [name, limit] = Object.entries(policy ?? {})[0] ?? ['all', ''];
  return `${name} ${limit}`;
}
