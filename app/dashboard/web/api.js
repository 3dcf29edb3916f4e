// Calls to /v1 with the token of this tab.

const tokenKey = 'eb-collector-token';

export const token = {
  get: () => sessionStorage.getItem(tokenKey) ?? '',
  set: (value) => (value ? sessionStorage.setItem(tokenKey, value) : sessionStorage.removeItem(tokenKey)),
};

/** What the collector answered instead: `status`, and `message` from its problem document. */
export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let onRefused = () => {};
/** Called when a token is wanted, or the one that is there doesn't do. */
export function whenRefused(callback) {
  onRefused = callback;
}

export const groupPath = (id) => `/v1/groups/${encodeURIComponent(id)}`;

export async function call(path, { method = 'GET', body, signal, accept = 'application/json' } = {}) {
  const headers = { Accept: accept };
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const reply = await fetch(path, {
    method, headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error',
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((failure) => {
    if (failure.name === 'AbortError') throw failure;
    throw new Problem(0, 'The collector does not answer.');
  });
  if (reply.ok) return reply;
  const problem = await reply.json().catch(() => ({}));
  if (reply.status === 401) onRefused();
  throw new Problem(reply.status, problem.detail ?? `The collector answered ${reply.status}.`);
}

export async function get(path, options) {
  const reply = await call(path, options);
  return reply.status === 204 ? null : reply.json();
}
