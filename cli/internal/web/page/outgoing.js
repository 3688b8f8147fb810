// Lines on their way to the node, and lines of which nobody knows whether they arrived.

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./store.js').Room} Room */
/** @typedef {import('./types.js').Outgoing} Outgoing */

/** Says a line, or sends it to one member. @param {Store} store @param {Room} room @param {string} text @param {boolean} action */
export function say(store, room, text, action = false) {
  /** @type {Outgoing} */
  const out = { key: ++store.lastKey, room: room.id, text, action, to: room.to?.peer ?? '', toNick: room.to?.nick ?? '', at: Date.now(), state: 'sending', error: '' };
  store.outgoing.push(out);
  void send(store, out);
}

/** @param {Store} store @param {Outgoing} out */
export async function send(store, out) {
  Object.assign(out, { state: 'sending', at: Date.now(), error: '' });
  try {
    const { id } = out.to ? await store.rpc.call('room.tell', { room: out.room, who: out.to, text: out.text })
      : await store.rpc.call('room.say', { room: out.room, text: out.text, ...(out.action && { action: true }) });
    discard(store, out);
    const room = store.rooms.get(out.room);
    if (out.to && room) {
      room.transcript.add({ key: 'direct ' + id, kind: 'direct', at: Date.now(), text: out.text, peer: store.info?.peer, nick: room.nick, self: true, to: out.toNick, version: 0 });
      store.changed('lines', out.room);
    }
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
    const said = store.rooms.get(out.room)?.transcript.items.some((i) => i.self && i.kind === 'line' && i.text === out.text && i.at >= out.at - 1000);
    if (out.state === 'unknown' && said) discard(store, out);
  }
}
