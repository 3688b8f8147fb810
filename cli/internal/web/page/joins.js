// Rooms that I have asked to enter. Each waits for an answer, perhaps from a person.

import { explain } from './hints.js';
import { settings } from './settings.js';
import { store } from './store.js';

/** How long a join waits for the owner's answer, and how long it looks for a room that is not on the list; in seconds. */
const WAIT = 600;
const FIND = 20;

/**
 * @typedef {object} Join
 * @property {string} key what to join: a room's ID, its name, an invite or an address
 * @property {string} label
 * @property {'looking'|'asked'|'failed'} state
 * @property {string} until
 * @property {{text: string, hint: string}|null} fault
 * @property {import('./types.js').ErrorData|null} data
 * @property {AbortController} ends
 */

/** @type {Map<string, Join>} */
export const joins = new Map();

/** Whether a text is an invite. @param {string} text */
export function isInvite(text) { return /^localchat:/i.test(text); }

/**
 * Asks to enter a room.
 * @param {string} key @param {string} label @param {string} nick '': the one of the node
 */
export async function join(key, label, nick = settings.nick) {
  cancel(key);
  /** @type {Join} */
  const j = { key, label, state: 'looking', until: '', fault: null, data: null, ends: new AbortController() };
  joins.set(key, j);
  store.changed('joins');
  store.joining++;
  try {
    const what = isInvite(key) ? { invite: key } : { room: key };
    const result = await store.rpc.call('room.join', { ...what, ...(nick && { nick }), timeout_s: WAIT, find_s: FIND }, {
      signal: j.ends.signal,
      asked: (_room, until) => {
        Object.assign(j, { state: 'asked', until });
        store.changed('joins');
      },
    });
    if (joins.get(key) === j) joins.delete(key);
    if (store.current === '' && store.rooms.has(result.id)) store.show(result.id);
  } catch (err) {
    if (joins.get(key) !== j) return;
    j.state = 'failed';
    j.fault = explain(err);
    j.data = /** @type {import('./rpc.js').RpcError} */ (err).data ?? null;
  } finally {
    store.joining--;
  }
  store.changed('joins');
}

/** Cancels a join. @param {string} key */
export function cancel(key) {
  joins.get(key)?.ends.abort();
  joins.delete(key);
  store.changed('joins');
}
