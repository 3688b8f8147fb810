// Everything that the page knows: the node, the rooms, and the lines on their way. Views read it here, and are called when it changes.

import { reduce } from './events.js';
import * as gone from './gone.js';
import { mentions } from './mention.js';
import { settle } from './outgoing.js';
import { Rpc } from './rpc.js';
import { set, settings } from './settings.js';
import { Transcript } from './transcript.js';
import { removing } from './words.js';

/** @typedef {import('./types.js').Item} Item */
/** @typedef {import('./types.js').Outgoing} Outgoing */

/**
 * A room that I am in, or was in.
 * @typedef {object} Room
 * @property {string} id
 * @property {string} name
 * @property {string} nick my nick there
 * @property {boolean} owned
 * @property {boolean} deputy I am a deputy there
 * @property {number} retainS
 * @property {string} subject
 * @property {Transcript} transcript
 * @property {import('./types.js').Member[]} members
 * @property {import('./types.js').Knock[]} knocks
 * @property {import('./types.js').Appeal[]} appeals that have no answer
 * @property {number} unread
 * @property {number} calls how many of them name me or are for me alone
 * @property {string} newFrom the key of the first line that was new when the room was last shown
 * @property {{forS: number, left: boolean, nick: string}|null} away the owner
 * @property {import('./types.js').Removed|null} removed
 * @property {boolean} refused
 * @property {boolean} told the node knows that the removal was shown
 * @property {import('./types.js').Pardoned|null} pardoned I was removed, and may come back
 * @property {boolean} pardonTold the node knows that the pardon was shown
 * @property {string} appealed what became of my appeal; '' before
 * @property {boolean} voiceless only members with a voice may talk, and I have none
 * @property {number[]} warnings that the node has not been told I have seen
 * @property {import('./types.js').Muted|null} muted my mute there, if I am muted
 * @property {import('./types.js').Offer|null} offer its owner offers it to me
 * @property {import('./types.js').Offered|null} offered I offer it to a member
 * @property {boolean} loaded
 * @property {boolean} fetching members are still asked for lines
 * @property {boolean} frozen its log has split
 * @property {boolean} hidden a room of mine that I have hidden
 * @property {string} draft
 * @property {{peer: string, nick: string}|null} to the member that the next line is for alone
 */

export class Store extends EventTarget {
  constructor() {
    super();
    this.rpc = new Rpc();
    /** @type {import('./types.js').Info|null} */
    this.info = null;
    /** @type {Map<string, Room>} */
    this.rooms = new Map();
    /** Rooms of the network. @type {import('./types.js').RoomInfo[]} */
    this.found = [];
    this.more = 0;
    /** The room that is shown; '': the lobby. */
    this.current = '';
    /** @type {Outgoing[]} */
    this.outgoing = [];
    this.lastKey = 0;
    /** Warnings of the node itself, the latest last. @type {{code: string, text: string}[]} */
    this.warnings = [];
    /** Joins that wait for an answer here. */
    this.joining = 0;
    this.wasOpen = false;
    /** Whether the node has been told that the person looks at the page. */
    this.focused = false;
    this.today = new Date().toDateString();
    /** @type {Map<string, number>} */
    this.timers = new Map();
    /** The number of the last event that was heard. */
    this.seq = 0;
    this.rpc.onevent = (e) => {
      this.seq = e.seq;
      reduce(this, e);
    };
    this.rpc.onopen = () => void this.begin();
    this.rpc.addEventListener('link', () => this.changed('link'));
    /** Tells other pages of this browser which lines were read here. */
    this.tabs = new BroadcastChannel('localchat');
    this.tabs.onmessage = (m) => {
      const room = this.rooms.get(m.data.read);
      if (room) this.noteRead(room);
    };
    for (const { id, name, nick, removed } of gone.kept()) Object.assign(this.room(id), { name, nick, removed, refused: removed === null, told: true });
    setInterval(() => this.refresh(), 5000);
    addEventListener('pagehide', () => this.noteSeen());
    for (const what of ['focus', 'blur']) addEventListener(what, () => this.focus());
    document.addEventListener('visibilitychange', () => this.focus());
  }

  /** Tells the views about a change. @param {string} what @param {string} [room] */
  changed(what, room = '') { this.dispatchEvent(new CustomEvent(what, { detail: room })); }

  /** Shows the person a short message. @param {string} text */
  tell(text) { this.dispatchEvent(new CustomEvent('tell', { detail: text })); }

  /** Runs something once, a moment later, however often it is called meanwhile. @param {string} what @param {() => void} run */
  soon(what, run) {
    if (this.timers.has(what)) return;
    this.timers.set(what, setTimeout(() => {
      this.timers.delete(what);
      run();
    }, 120));
  }

  /**
   * Called for each new connection. It subscribes to events first, so that none is missed. The stream of events goes on where that of
   * the last connection ended, if the node still has the events.
   */
  async begin() {
    try {
      await this.rpc.call('node.subscribe', { acks: true, ...(this.seq > 0 && { since: this.seq }) });
      const [info, list] = await Promise.all([this.rpc.call('node.info'), this.rpc.call('room.list')]);
      this.info = info;
      const inside = new Set(list.rooms.filter((/** @type {import('./types.js').RoomInfo} */ r) => r.in).map((/** @type {import('./types.js').RoomInfo} */ r) => r.id));
      for (const [id, room] of this.rooms) if (!room.removed && !room.refused && !inside.has(id)) this.drop(id);
      this.takeList(list);
      this.rpc.opened();
      this.focused = false;
      this.focus();
      this.changed('open');
      const rooms = [...this.rooms.values()].sort((a, b) => Number(b.id === this.current) - Number(a.id === this.current));
      for (const room of rooms) await this.load(room);
      settle(this);
      this.wasOpen = true;
    } catch (err) {
      if (/** @type {import('./rpc.js').RpcError} */ (err).code === 'lost') return; // the connection is made again
      this.seq = 0; // the stream cannot go on; the next connection starts a new one
      this.rpc.socket?.close();
    }
  }

  /** @param {{rooms: import('./types.js').RoomInfo[], more?: number}} list */
  takeList(list) {
    this.found = list.rooms;
    this.more = list.more ?? 0;
    for (const r of list.rooms) {
      const room = this.rooms.get(r.id);
      if (room && r.in) room.subject = r.subject;
    }
    this.changed('rooms');
  }

  list() { this.soon('list', () => void this.rpc.call('room.list').then((l) => this.takeList(l), () => {})); }

  /** Asks for what no event reports: who is present, and which rooms are on the network. */
  refresh() {
    if (document.visibilityState !== 'visible') return;
    const today = new Date().toDateString();
    if (today !== this.today) { // what was said today was said yesterday
      this.today = today;
      this.changed('lines', this.current);
    }
    if (this.rooms.get(this.current)?.removed) this.changed('rooms'); // a ban may be over
    if (this.rpc.link !== 'open') return;
    this.rpc.probe();
    this.list();
    const room = this.rooms.get(this.current);
    if (room) this.people(room);
  }

  /** @param {string} id */
  room(id) {
    let room = this.rooms.get(id);
    if (!room) {
      room = {
        id, name: '', nick: '', owned: false, deputy: false, retainS: 0, subject: '', transcript: new Transcript(), members: [], knocks: [], appeals: [], unread: 0, calls: 0, newFrom: '',
        away: null, removed: null, refused: false, told: false, pardoned: null, pardonTold: false, appealed: '', voiceless: false, muted: null, warnings: [], offer: null, offered: null, loaded: false, fetching: false, frozen: false, hidden: false, draft: '', to: null,
      };
      this.rooms.set(id, room);
    }
    return room;
  }

  /** Forgets a room. @param {string} id */
  drop(id) {
    this.rooms.delete(id);
    gone.forget(id);
    this.outgoing = this.outgoing.filter((o) => o.room !== id);
    if (this.current === id) this.show('');
    this.changed('rooms');
  }

  /** Asks for a room's lines and members. @param {Room} room */
  async load(room) {
    if (room.removed || room.refused) return;
    try {
      const history = await this.rpc.call('room.history', { room: room.id });
      const seen = room.loaded ? undefined : settings.read[room.id];
      const known = room.transcript.byKey;
      const lines = history.messages.map((/** @type {any} */ m) => this.line(room, m));
      const directs = history.directs.map((/** @type {any} */ d) => this.direct(d));
      const off = new Set(room.transcript.off.map((i) => i.key));
      const fresh = [...lines, ...directs].filter((l) => !l.self && (room.loaded ? !known.has(l.key) && !off.has(l.key) : seen !== undefined && l.at > seen));
      for (const d of directs) room.transcript.add(d);
      room.transcript.replaceLines(lines);
      room.fetching = history.fetching ?? false;
      room.loaded = true;
      for (const l of fresh) this.noteNew(room, l);
      this.changed('lines', room.id);
      this.changed('rooms');
      if (room.owned || room.deputy) this.removals(room, await this.rpc.call('room.removals', { room: room.id }));
    } catch { /* it is asked again with the next connection */ }
    this.people(room);
  }

  /** Shows how far removals have got, which were ordered before this page was there. @param {Room} room @param {{removals: import('./types.js').Progress[]}} all */
  removals(room, all) {
    for (const p of all.removals) {
      const kind = p.kind === 'muted' ? 'mute' : 'removal';
      const item = room.transcript.items.findLast((i) => i.key.startsWith(`${kind} `) && i.peer === p.peer);
      if (item) room.transcript.change(item.key, { progress: p });
      else if (!p.told || p.applied < p.total) this.note(room, removing(p), Date.now(), { key: `${kind} under way of ${p.peer}`, peer: p.peer, progress: p });
    }
    this.changed('lines', room.id);
  }

  /** Asks who is in a room, and at its door. @param {Room} room */
  people(room) {
    this.soon('people ' + room.id, async () => {
      try {
        const [members, knocks, appeals] = await Promise.all([
          this.rpc.call('room.members', { room: room.id }),
          room.owned || room.deputy ? this.rpc.call('room.knocks', { room: room.id }) : { knocks: [] },
          room.owned || room.deputy ? this.rpc.call('room.appeals', { room: room.id }) : { appeals: [] },
        ]);
        const ignored = (/** @type {import('./types.js').Member[]} */ all) => all.filter((m) => m.ignored).map((m) => m.peer).join();
        const other = ignored(room.members) !== ignored(members.members);
        room.members = members.members;
        if (other && room.loaded) { // the lines of some people are hidden, or shown again
          const quiet = new Set(room.members.filter((m) => m.ignored).map((m) => m.peer));
          room.transcript.forget(room.transcript.items.filter((i) => i.kind === 'direct' && quiet.has(i.peer ?? '')).map((i) => i.key));
          void this.load(room);
        }
        room.knocks = knocks.knocks;
        room.appeals = appeals.appeals;
        const me = room.members.find((m) => m.self);
        if (me) room.nick = me.nick;
        this.changed('people', room.id);
      } catch { /* the room may just have ended */ }
    });
  }

  /** The item for a line. @param {Room} room @param {import('./types.js').Message} m @returns {Item} */
  line(room, m) {
    return {
      key: m.id, kind: 'line', at: Date.parse(m.at), text: m.text, peer: m.peer, nick: m.nick, self: m.self, action: m.action,
      late: m.late && !m.backlog, calls: !m.self && mentions(m.text, room.nick), version: 0,
    };
  }

  /** The item of a direct message. @param {import('./types.js').Direct} d @returns {Item} */
  direct(d) {
    return {
      key: `direct ${d.id}`, kind: 'direct', at: Date.parse(d.at), text: d.text, peer: d.peer, nick: d.nick, self: d.self ?? false, calls: !d.self, version: 0,
      ...(d.self && { to: d.to_nick }),
    };
  }

  /** Adds a note about something that happened. @param {Room} room @param {string} text @param {number} at @param {Partial<Item>} [more] */
  note(room, text, at, more = {}) {
    room.transcript.add({ key: `note ${++this.lastKey}`, kind: 'note', at, text, version: 0, ...more });
    this.changed('lines', room.id);
  }

  /** Counts an item as unread, unless the person sees it. @param {Room} room @param {Item} item */
  noteNew(room, item) {
    if (this.seen(room)) return;
    if (room.unread === 0) room.newFrom = item.key;
    room.unread++;
    if (item.calls || item.kind === 'direct') room.calls++;
    this.changed('rooms');
  }

  get inSight() { return document.visibilityState === 'visible' && document.hasFocus(); }

  /** Tells the node whether the person looks at the page; then it need not notify them. */
  focus() {
    if (this.focused === this.inSight || this.rpc.link !== 'open') return;
    this.focused = this.inSight;
    this.rpc.call('node.focus', { focused: this.focused }).catch(() => {}); // the next connection says it again
  }

  /** Whether the person sees new lines of a room: the page records here whether the end is on the screen. @param {Room} room */
  seen(room) { return this.current === room.id && this.inSight && this.atEnd; }
  atEnd = true;

  /** Records that the lines of a room have been seen here. @param {Room} room */
  read(room) {
    if (room.unread > 0) this.tabs.postMessage({ read: room.id });
    this.noteRead(room);
    set({ read: { ...settings.read, [room.id]: Date.now() } });
  }

  /** Stores that the lines on the screen were seen, for the next page. */
  noteSeen() { if (this.current !== '' && this.atEnd && this.rooms.get(this.current)?.unread === 0) set({ read: { ...settings.read, [this.current]: Date.now() } }); }

  /** @param {Room} room */
  noteRead(room) {
    if (room.unread === 0) return;
    room.unread = room.calls = 0;
    this.changed('rooms');
  }

  /** Shows a room, or the lobby. @param {string} id */
  show(id) {
    const old = this.rooms.get(this.current);
    if (old && old.id !== id) {
      this.noteSeen();
      old.newFrom = '';
    }
    this.current = id;
    this.changed('current', id);
  }
}

export const store = new Store();
