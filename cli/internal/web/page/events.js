// What each event of the node changes.

import * as gone from './gone.js';
import { name, nick } from './safe.js';
import { chime, settings } from './settings.js';
import * as words from './words.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./types.js').NodeEvent} NodeEvent */

/** How many warnings are kept. */
const MAX_WARNINGS = 5;

/** @param {Store} store @param {NodeEvent} e */
export function reduce(store, e) {
  if (!e.room) return ofNode(store, e);
  if (e.type === 'room_found' || e.type === 'room_lost') return store.list();
  if (e.type === 'joined') return joined(store, e);
  if (e.type === 'removed') return removed(store, e);
  const room = store.rooms.get(e.room);
  if (e.type === 'pardoned') return pardoned(store, room, e);
  if (!room) return;
  ofRoom(store, room, e);
}

/** @param {Store} store @param {NodeEvent} e */
function ofNode(store, e) {
  if (e.type === 'gap') {
    if (store.rpc.link !== 'open') return; // when it is open, all rooms are loaded
    for (const room of store.rooms.values()) void store.load(room);
    return;
  }
  if (e.type !== 'warning') return;
  warn(store, { code: e.code, text: e.text });
}

/** @param {Store} store @param {{code: string, text: string}} w */
function warn(store, w) {
  store.warnings = [...store.warnings.filter((x) => x.text !== w.text), w].slice(-MAX_WARNINGS);
  store.changed('warnings');
}

/** @param {Store} store @param {NodeEvent} e */
function joined(store, e) {
  const id = /** @type {string} */ (e.room);
  const known = store.rooms.has(id);
  const room = store.room(id);
  const back = room.removed !== null || room.refused;
  Object.assign(room, { name: e.name || e.room_name || '', owned: e.owner, deputy: e.deputy ?? false, retainS: e.retain_s, removed: null, refused: false, told: false, pardoned: null, pardonTold: false, appealed: '', away: null, offer: null, offered: null });
  gone.forget(id);
  room.voiceless = Boolean(e.voiceless);
  room.muted = e.muted ? { ...room.muted, until: e.muted_until } : null;
  if (e.nick) room.nick = e.nick;
  store.changed('rooms');
  if (store.rpc.link !== 'open') return; // when it is open, all rooms are loaded
  if (!known || back) void store.load(room);
  store.list();
}

/** @param {Store} store @param {NodeEvent} e */
function removed(store, e) {
  if (e.at_door) { // the join that waits fails with the same text
    const r = /** @type {import('./types.js').Removed} */ (/** @type {unknown} */ (e));
    const text = [`${words.removedTitle(r, name(e.room_name))}${words.untilText(r.until)}`, words.removedBecause(r)].filter(Boolean).join(': ');
    if (store.joining === 0) warn(store, { code: 'door', text });
    store.rpc.call('node.shown', { room: e.room, removal: r.removal }).catch(() => {}); // without this, the node tells it again
    return;
  }
  const room = store.room(/** @type {string} */ (e.room));
  room.name ||= e.room_name ?? '';
  room.removed = /** @type {any} */ (e);
  room.told = false;
  gone.keep(room);
  room.transcript.clear();
  Object.assign(room, { members: [], knocks: [], appeals: [], pardoned: null, appealed: '', unread: 0, calls: 0, away: null, newFrom: '' });
  store.outgoing = store.outgoing.filter((o) => o.room !== room.id);
  store.changed('rooms');
  store.changed('current', store.current);
  chime();
  store.list();
}

/** I may come back. @param {Store} store @param {import('./store.js').Room|undefined} room @param {NodeEvent} e */
function pardoned(store, room, e) {
  if (!room) { // it is not shown any more
    warn(store, { code: 'pardon', text: `${nick(e.by_nick, e.by)} pardoned you: you may come back to ${name(e.room_name)}${words.untilText(e.until)}` });
    store.rpc.call('node.shown', { room: e.room, removal: e.pardon }).catch(() => {}); // without this, the node tells it again
    return;
  }
  room.pardoned = /** @type {any} */ (e);
  store.changed('rooms');
  store.changed('current', store.current);
  chime();
}

/** @param {Store} store @param {import('./store.js').Room} room @param {NodeEvent} e */
function ofRoom(store, room, e) {
  const at = Date.parse(e.time);
  const transcript = room.transcript;
  switch (e.type) {
    case 'room_closed':
      store.tell(`${name(room.name)} is closed${e.kind === 'idle' ? ': nobody said anything for too long' : ''}.`);
      return store.drop(room.id);
    case 'left':
      return store.drop(room.id);
    case 'refused':
      room.refused = true;
      gone.keep(room);
      transcript.clear();
      Object.assign(room, { members: [], knocks: [], unread: 0, calls: 0 });
      store.changed('rooms');
      return store.changed('current', store.current);
    case 'message': return message(store, room, /** @type {any} */ (e));
    case 'direct': {
      const item = store.direct(/** @type {any} */ (e));
      if (!transcript.add(item)) return;
      if (!item.self) {
        store.noteNew(room, item);
        if (!store.seen(room)) chime();
      }
      return store.changed('lines', room.id);
    }
    case 'delivered':
      if (transcript.change(e.id, { pending: false })) store.changed('lines', room.id);
      return;
    case 'expired':
    case 'hidden':
      transcript.forget([...e.ids, ...e.ids.map((/** @type {string} */ id) => `direct ${id}`)]);
      if (e.type === 'hidden') store.note(room, words.note(e), at);
      return store.changed('lines', room.id);
    case 'knock':
      room.knocks = [...room.knocks.filter((k) => k.peer !== e.peer), /** @type {any} */ (e)];
      if (!e.ignored && store.rpc.link === 'open') chime();
      return store.changed('people', room.id);
    case 'knock_gone':
      room.knocks = room.knocks.filter((k) => k.peer !== e.peer);
      return store.changed('people', room.id);
    case 'appeal':
      room.appeals = [...room.appeals.filter((a) => a.peer !== e.peer), /** @type {any} */ (e)];
      if (store.rpc.link === 'open') chime();
      store.note(room, words.note(e), at);
      return store.changed('people', room.id);
    case 'gap':
      return void store.load(room);
    default:
      people(store, room, e, at);
  }
}

/** @param {Store} store @param {import('./store.js').Room} room @param {import('./types.js').Message} m */
function message(store, room, m) {
  const item = store.line(room, m);
  item.pending = m.self && !m.late && !m.backlog;
  if (!room.transcript.add(item, m.before)) return;
  if (!m.self && !m.backlog) {
    store.noteNew(room, item);
    if (item.calls && !store.seen(room)) chime();
  }
  store.outgoing = store.outgoing.filter((o) => !(m.self && o.state === 'unknown' && o.room === room.id && o.text === m.text));
  store.changed('lines', room.id);
}

/** Asks whether I may talk. @param {Store} store @param {import('./store.js').Room} room */
function voice(store, room) {
  const call = { room: room.id };
  void Promise.all([store.rpc.call('room.policy', call), store.rpc.call('room.members', call)]).then(([p, all]) => {
    const me = all.members.find((/** @type {import('./types.js').Member} */ m) => m.self);
    room.voiceless = p.speak === 'voiced' && me?.role === 'member' && !me.voiced;
    store.changed('rooms');
  }, () => {});
}

/** Events about who is in a room, and about its rules. @param {Store} store @param {import('./store.js').Room} room @param {NodeEvent} e @param {number} at */
function people(store, room, e, at) {
  switch (e.type) {
    case 'member_joined':
      room.knocks = room.knocks.filter((k) => k.peer !== e.peer);
      room.appeals = room.appeals.filter((a) => a.peer !== e.peer);
      break;
    case 'appeal_gone':
    case 'member_pardoned':
      room.appeals = room.appeals.filter((a) => a.peer !== e.peer);
      break;
    case 'member_removed':
      store.note(room, words.note(e), at, { key: `removal ${e.removal}`, peer: e.peer });
      return store.people(room);
    case 'member_muted':
      store.note(room, words.note(e), at, { key: `mute ${e.mute}`, peer: e.peer });
      return store.people(room);
    case 'muted':
      room.muted = /** @type {any} */ (e);
      store.changed('rooms');
      return store.note(room, words.note(e), at, { key: `mute ${e.mute}`, fault: true });
    case 'warned':
      room.warnings = [...room.warnings, e.warning];
      store.changed('rooms');
      return store.note(room, words.note(e), at, { key: `warning ${e.warning}`, fault: true });
    case 'member_warned':
      store.note(room, words.note(e), at, { key: `warning ${e.warning}`, peer: e.peer });
      return store.people(room);
    case 'unmuted':
      if (e.self) room.muted = null;
      store.changed('rooms');
      break;
    case 'away':
      return store.people(room);
    case 'voiced':
      if (e.self) room.voiceless = false;
      store.changed('rooms');
      break;
    case 'unvoiced':
      if (e.self) voice(store, room);
      break;
    case 'renamed':
      if (e.self) room.nick = e.nick;
      break;
    case 'removal_reason':
    case 'mute_reason': {
      const item = room.transcript.byKey.get(e.type === 'mute_reason' ? `mute ${e.mute}` : `removal ${e.removal}`);
      if (!item) break;
      room.transcript.change(item.key, { text: `${item.text}: ${words.removedBecause(/** @type {any} */ (e))}` });
      return store.changed('lines', room.id);
    }
    case 'removal_progress': {
      const item = room.transcript.items.findLast((i) => i.key.startsWith(e.kind === 'muted' ? 'mute ' : 'removal ') && i.peer === e.peer);
      if (item) room.transcript.change(item.key, { progress: /** @type {any} */ (e) });
      return store.changed('lines', room.id);
    }
    case 'owner_unreachable': {
      const first = room.away === null;
      room.away = { forS: e.for_s, left: e.left ?? false, nick: nick(e.nick || room.members.find((m) => m.role === 'owner')?.nick || '') };
      if (first) store.people(room);
      return store.changed('people', room.id);
    }
    case 'owner_back':
      if (room.away === null) return;
      room.away = null;
      break;
    case 'deputies':
      room.deputy = e.mine;
      if (e.changed) voice(store, room);
      store.changed('rooms');
      break;
    case 'transfer_offered':
      room.offer = e.until ? /** @type {any} */ (e) : null;
      if (room.offer && !store.seen(room)) chime();
      store.changed('rooms');
      break;
    case 'owner_changed':
      Object.assign(room, { owned: e.self, deputy: room.deputy && !e.self, offer: null, offered: null, away: null, hidden: room.hidden && e.self });
      if (!room.owned && !room.deputy) room.knocks = [];
      store.changed('rooms');
      store.list();
      break;
    case 'policy':
      room.subject = e.subject;
      room.retainS = e.retain_s;
      room.voiceless = e.speak === 'voiced' && !room.owned && !room.deputy && !room.members.find((m) => m.self)?.voiced;
      store.changed('rooms');
      store.list();
      break;
    case 'epoch':
      if (!settings.keys) return;
      break;
    case 'warning':
      if (e.code === 'not_delivered') return; // the line has a mark that says so
      room.frozen ||= e.code === 'frozen' || e.code === 'renew';
      store.note(room, words.note(e), at, { fault: true });
      return store.changed('people', room.id);
  }
  const text = words.note(e);
  if (text) store.note(room, text, at);
  store.people(room);
  store.changed('people', room.id);
}
