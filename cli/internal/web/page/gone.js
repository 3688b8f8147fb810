// The rooms in which I have lost my place, until the person has closed the notice. The node tells a removal once, so the notice is stored
// for the next load of the page, in this tab of the browser only.

const KEY = 'localchat.gone';

/** How many rooms are stored. */
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
