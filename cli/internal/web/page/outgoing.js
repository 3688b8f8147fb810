// Lines on their way to the node, and lines of which nobody knows whether they arrived.

import { nick } from './safe.js';
import { awayWords } from './words.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./store.js').Room} Room */
/** @typedef {import('./types.js').Outgoing} Outgoing */

/** Says a line, or sends it to one member. @param {Store} store @param {Room} room @param {string} text @param {boolean} action */
export function say(store, room, text, action = false) {
  /** @type {Outgoing} */
  const out = { key: ++store.lastKey, room: room.id, text, action, to: room.to?.peer ?? '', toNick: room.to?.nick ?? '', at: Date.now(), known: [], state: 'sending', error: '' };
  store.outgoing.push(out);
  void send(store, out);
}

/** The keys of the lines that I have said with this text. @param {Store} store @param {Outgoing} out */
function alike(store, out) {
  return (store.rooms.get(out.room)?.transcript.items ?? []).filter((i) => i.self && i.kind === 'line' && i.text === out.text).map((i) => i.key);
}

/** @param {Store} store @param {Outgoing} out */
export async function send(store, out) {
  Object.assign(out, { state: 'sending', at: Date.now(), known: alike(store, out), error: '' });
  try {
    const { away, away_text: awayText } = out.to ? await store.rpc.call('room.tell', { room: out.room, who: out.to, text: out.text })
      : await store.rpc.call('room.say', { room: out.room, text: out.text, ...(out.action && { action: true }) });
    discard(store, out); // its event has shown it
    const room = store.rooms.get(out.room);
    if (away && room) store.note(room, `${nick(out.toNick, out.to)} is ${awayWords(awayText)}`, Date.now());
  } catch (err) {
    const e = /** @type {import('./rpc.js').RpcError} */ (err);
    out.state = e.code === 'lost' ? 'unknown' : 'failed';
    out.error = e.message;
  }
  store.changed('outgoing', out.room);
}

/** @param {Store} store @param {Outgoing} out */
export function discard(store, out) {
  store.outgoing = store.outgoing.filter((o) => o !== out);
  store.changed('outgoing', out.room);
}

/** Called after a new connection: a line whose answer was lost may have been said all the same. @param {Store} store */
export function settle(store) {
  for (const out of [...store.outgoing]) {
    if (out.state === 'unknown' && alike(store, out).some((key) => !out.known.includes(key))) discard(store, out);
  }
}
