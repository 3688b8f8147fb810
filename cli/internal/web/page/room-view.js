// The room that is shown: its head, notices, its lines, lines that are not sent yet, knocks, and the place to write.

import { bdi, button, fill, h, icon } from './dom.js';
import { attempt, field } from './dialogs.js';
import { search } from './dialogs-room.js';
import { join } from './joins.js';
import { toggleDrawer } from './drawers.js';
import { discard, send } from './outgoing.js';
import { message, name, nick, phrase } from './safe.js';
import { store } from './store.js';
import { about, afterRemoval, banIsOver, clock, count, moment, mutedText, removedBecause, removedTitle } from './words.js';
import { View, rows } from './view.js';

class RoomView extends View {
  get shows() { return ['current', 'rooms', 'people', 'outgoing', 'link', 'lines']; }

  begin() {
    this.heading = h('h1', { tabindex: '-1' });
    this.subject = h('p', { class: 'subject' });
    this.find = button(icon('search'), () => { if (this.room) search(this.room); }, { class: 'quiet', 'aria-label': 'Search', 'aria-keyshortcuts': 'Alt+Shift+F' });
    this.people = button('', () => toggleDrawer('people'), { class: 'quiet people', 'aria-controls': 'people' });
    this.away = h('div', { class: 'banner away', role: 'status', hidden: true });
    this.offer = h('section', { class: 'banner offer', role: 'alert', hidden: true });
    this.gone = h('section', { class: 'gone', role: 'alert', hidden: true });
    this.out = h('ul', { class: 'outgoing', 'aria-label': 'Lines that are not sent yet' });
    this.empty = h('p', { class: 'empty' });
    this.log = document.createElement('line-log');
    this.append(
      h('header', { class: 'room-head' }, button(icon('menu'), () => toggleDrawer('rooms'), { class: 'quiet menu', 'aria-label': 'Rooms' }),
        h('div', { class: 'titles' }, this.heading, this.subject),
        this.find, this.people),
      this.away, this.offer, this.gone, this.empty, this.log, this.out, document.createElement('knock-bar'), document.createElement('line-composer'));
  }

  render() {
    const { room, heading: title, subject, people, away, offer, gone, out, empty, log } = this;
    this.hidden = !room;
    if (!room || !title || !subject || !people || !away || !offer || !gone || !out || !empty || !log) return;
    const over = room.removed !== null || room.refused;
    fill(title, bdi(name(room.name)), room.owned ? h('span', { class: 'tag' }, 'yours') : room.deputy ? h('span', { class: 'tag' }, 'deputy') : null);
    fill(subject, bdi(phrase(room.subject)));
    subject.hidden = !room.subject;
    const here = room.members.filter((m) => m.present || m.self).length;
    fill(people, icon('people'), h('span', { class: 'n' }, String(room.members.length)), h('span', { class: 'unseen' }, ` ${count(room.members.length, 'member')}, ${here} connected`));
    people.hidden = over;
    if (this.find) this.find.hidden = over;
    this.showAway(room, away);
    this.showOffer(room, offer);
    this.noteMute(room);
    this.noteWarnings(room);
    gone.hidden = !over;
    log.hidden = over;
    if (over) this.showGone(room, gone);
    empty.hidden = over || !room.loaded || room.transcript.items.length + room.transcript.off.length > 0;
    fill(empty, room.owned && room.members.length <= 1 ? 'The room is open. The others on this network see it; you can also make an invite.' : 'Nobody has said anything yet.');
    rows(out, store.outgoing.filter((o) => o.room === room.id && (o.state !== 'sending' || Date.now() - o.at > 400)), (o) => String(o.key), (o) => o.state + o.error, (o) => this.outgoing(o));
    if (store.outgoing.some((o) => o.room === room.id && o.state === 'sending')) setTimeout(() => this.update(), 450);
  }

  /** @param {import('./store.js').Room} room @param {HTMLElement} el */
  showAway(room, el) {
    const a = room.away;
    el.hidden = (a === null && room.muted === null && !room.voiceless) || room.removed !== null;
    const hand = (/** @type {boolean} */ down) => { attempt(store.rpc.call('room.hand', { room: room.id, down })); };
    const ask = room.voiceless && !room.muted && h('p', {}, 'Only members with a voice may talk here. You can read, and ask the owner for one. ', button('Raise your hand', () => hand(false)), ' ', button('Lower it', () => hand(true)));
    fill(el, ask || null, room.muted && h('p', {}, bdi(`${mutedText(room.muted)}.`)), a && h('p', {}, h('strong', {}, bdi(a.nick === 'somebody' ? 'The owner' : a.nick), a.left ? ', the owner, has quit.' : ` is out of reach for ${about(a.forS)}.`), ' The chat goes on; nobody can be let in or removed meanwhile.'));
  }

  /** Says that the room is offered, to me or by me. @param {import('./store.js').Room} room @param {HTMLElement} el */
  showOffer(room, el) {
    const o = room.offer ?? room.offered;
    const left = o ? Date.parse(o.until) - Date.now() : 0;
    el.hidden = !o || left <= 0 || room.removed !== null || room.refused;
    if (!o || el.hidden) {
      delete el.dataset.shown;
      return;
    }
    const shown = JSON.stringify([room.id, o]);
    if (el.dataset.shown === shown) return;
    el.dataset.shown = shown;
    setTimeout(() => this.update(), left);
    const end = (/** @type {Promise<any>} */ done) => attempt(done.then(() => {
      room.offer = room.offered = null;
      store.changed('rooms');
    }));
    if (room.offered) {
      fill(el, h('p', {}, 'You offer this room to ', bdi(nick(room.offered.nick, room.offered.peer)), `, until ${clock(o.until)}. It is yours until they take it.`),
        button('Take the offer back', () => end(store.rpc.call('room.transfer', { room: room.id, off: true }))));
      return;
    }
    fill(el, h('p', {}, h('strong', {}, bdi(nick(o.nick, /** @type {any} */ (o).by))), ` offers you this room, until ${clock(o.until)}. If you take it you are its owner: you let people in and remove them, and that works while localchat runs on this computer.`),
      button('Take the room', () => end(store.rpc.call('room.take', { room: room.id })), { class: 'primary' }), button('Not now', () => end(Promise.resolve())));
  }

  /** Tells the node that warnings have been seen. @param {import('./store.js').Room} room */
  noteWarnings(room) {
    if (!room.warnings.length || document.visibilityState !== 'visible') return;
    const seen = room.warnings;
    room.warnings = [];
    for (const removal of seen) requestAnimationFrame(() => void store.rpc.call('node.shown', { room: room.id, removal }).catch(() => { room.warnings = [...room.warnings, removal]; }));
  }

  /** Tells the node that a mute has been seen: until then the node tells it again. @param {import('./store.js').Room} room */
  noteMute(room) {
    const m = room.muted;
    if (!m?.mute || document.visibilityState !== 'visible') return;
    const { mute } = m;
    room.muted = { ...m, mute: undefined };
    requestAnimationFrame(() => void store.rpc.call('node.shown', { room: room.id, removal: mute }).catch(() => { room.muted = { ...room.muted, mute }; }));
  }

  /** Says that I am no longer a member: by whom, why, until when, and what to do now. @param {import('./store.js').Room} room @param {HTMLElement} el */
  showGone(room, el) {
    const r = room.removed;
    const where = name(room.name) || 'the room';
    const why = r ? removedBecause(r) : '';
    const back = !r || !(r.kind === 'closed' || r.kind === 'idle' || (r.kind === 'banned' && !banIsOver(r)));
    const pardon = room.pardoned;
    const sig = JSON.stringify([room.id, r, back, pardon, room.appealed]);
    if (el.dataset.shown !== sig) {
      el.dataset.shown = sig;
      fill(el,
        h('h2', {}, bdi(r ? removedTitle(r, where) : `You are no longer a member of ${where}`)),
        r ? h('dl', { class: 'facts' },
          ...(r.kind !== 'idle' && (r.by_nick || r.by) ? [h('dt', {}, 'By'), h('dd', {}, bdi(nick(r.by_nick, r.by)), r.for_nick || r.for ? [', for '][0] : '', r.for_nick || r.for ? bdi(nick(r.for_nick, r.for)) : '')] : []),
          ...(why ? [h('dt', {}, 'Why'), h('dd', { class: 'why' }, bdi(why))] : r.kind === 'kicked' || r.kind === 'banned' ? [h('dt', {}, 'Why'), h('dd', { class: 'soft' }, 'no reason was given')] : []),
          ...(r.kind === 'banned' ? [h('dt', {}, 'Until'), h('dd', {}, r.until ? moment(r.until) : 'it is lifted')] : []),
          h('dt', {}, 'When'), h('dd', {}, clock(r.at))) : null,
        pardon ? h('p', { class: 'pardon' }, bdi(`${nick(pardon.by_nick, pardon.by)} pardoned you: you may come back until ${moment(pardon.until)}, without a knock.`)) : null,
        h('p', {}, pardon ? '' : r ? afterRemoval(r) : 'Your membership ended while this computer was away. You may ask to come back.'),
        h('p', { class: 'soft' }, 'What was said in the room has been cleared here.'),
        !pardon && r && (r.kind === 'kicked' || r.kind === 'banned') ? this.appealForm(room) : null,
        h('div', { class: 'do' },
          back || pardon ? button('Ask to come back', () => this.comeBack(room), { class: 'primary' }) : null,
          button('To the other rooms', () => {
            store.drop(room.id);
            store.list();
          }, { class: back ? '' : 'primary' })));
    }
    this.noteShown(room);
    this.notePardon(room);
  }

  /** What I can write to the owner, once. @param {import('./store.js').Room} room */
  appealForm(room) {
    if (room.appealed) return h('p', { class: 'soft', role: 'status' }, room.appealed);
    const text = h('textarea', { maxlength: '500', rows: '3' });
    return h('div', { class: 'appeal' },
      field('Write to the owner, once', text, 'At most 500 characters, within a day of the removal.'),
      button('Send', () => attempt(store.rpc.call('room.appeal', { room: room.id, text: text.value.replace(/\s+/g, ' ').trim() }).then((s) => {
        room.appealed = s.sent ? 'The owner has what you wrote. You are told here if you may come back.' : 'The owner is out of reach; what you wrote is sent as soon as they are back.';
        store.changed('rooms');
        store.changed('current', store.current);
      })), { 'data-appeal': room.id }));
  }

  /** Tells the node that a pardon has been seen. @param {import('./store.js').Room} room */
  notePardon(room) {
    const p = room.pardoned;
    if (!p || room.pardonTold || document.visibilityState !== 'visible') return;
    room.pardonTold = true;
    requestAnimationFrame(() => void store.rpc.call('node.shown', { room: room.id, removal: p.pardon }).catch(() => { room.pardonTold = false; }));
  }

  /** @param {import('./store.js').Room} room */
  comeBack(room) {
    const { id, name: label, nick: mine } = room;
    store.drop(id);
    void join(id, label, mine);
  }

  /** Tells the node that a removal has been seen: until then the node tells it again. @param {import('./store.js').Room} room */
  noteShown(room) {
    const r = room.removed;
    if (!r || room.told) return;
    if (document.visibilityState !== 'visible') {
      document.addEventListener('visibilitychange', () => this.update(), { once: true });
      return;
    }
    room.told = true;
    requestAnimationFrame(() => void store.rpc.call('node.shown', { room: room.id, removal: r.removal }).catch(() => { room.told = false; }));
  }

  /** @param {import('./types.js').Outgoing} o */
  outgoing(o) {
    const text = h('span', { class: 'text', dir: 'auto' }, message(o.text));
    if (o.state === 'sending') return h('li', {}, text, h('span', { class: 'busy' }, 'sending…'));
    return h('li', { class: 'failed' }, text,
      h('span', { class: 'why' }, o.state === 'unknown' ? 'The connection was lost, and nobody knows whether this was sent.' : `Not sent: ${phrase(o.error)}`),
      h('span', { class: 'do' }, button('Send again', () => void send(store, o)), button('Edit', () => {
        discard(store, o);
        const area = document.querySelector('line-composer textarea');
        if (area instanceof HTMLTextAreaElement) {
          area.value = area.value ? `${o.text}\n${area.value}` : o.text;
          area.dispatchEvent(new Event('input'));
          area.focus();
        }
      }), button('Discard', () => discard(store, o))));
  }
}

customElements.define('room-view', RoomView);
