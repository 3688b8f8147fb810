// The rooms that I have lost my place in, until the person has put that away. The node tells a removal once, so what it said is kept
// for the next load of the page, in this tab of the browser alone.

const KEY = 'localchat.gone';

/** Rooms that are kept. */
const MAX_ROOMS = 8;

/** @typedef {{id: string, name: string, nick: string, removed: import('./types.js').Removed|null}} Gone */

/** @returns {Gone[]} */
export function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
  } catch {
    return [];
  }
}

/** @param {Gone[]} all */
function write(all) {
  try {
    if (all.length > 0) sessionStorage.setItem(KEY, JSON.stringify(all.slice(-MAX_ROOMS)));
    else sessionStorage.removeItem(KEY);
  } catch { /* it is not there after a reload */ }
}

/** @param {import('./store.js').Room} room */
export function keep({ id, name, nick, removed }) { write([...kept().filter((g) => g.id !== id), { id, name, nick, removed }]); }

/** @param {string} id */
export function forget(id) {
  const all = kept();
  if (all.some((g) => g.id === id)) write(all.filter((g) => g.id !== id));
}
