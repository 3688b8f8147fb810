// The people in the room that is shown, and the actions on the room.

import { bdi, button, fill, h, hue, icon } from './dom.js';
import { closeDrawer } from './drawers.js';
import { person } from './dialogs-person.js';
import * as owner from './dialogs-owner.js';
import * as rooms from './dialogs-room.js';
import { initial } from './line-item.js';
import { nick } from './safe.js';
import { store } from './store.js';
import { awayWords, seconds } from './words.js';
import { View, rows } from './view.js';

/** @typedef {import('./store.js').Room} Room */

/** How many members are listed; of the others, the number. */
const LISTED = 300;

class PeoplePane extends View {
  did = ''; // the room and the role for which the actions are drawn

  get shows() { return ['people', 'current', 'rooms', 'open']; }

  begin() {
    this.list = h('ul', { class: 'members', 'aria-labelledby': 'members-head' });
    this.head = h('h2', { id: 'members-head' });
    this.rest = h('p', { class: 'soft' });
    this.doings = h('ul', { class: 'doings', 'aria-label': 'The room' });
    this.kept = h('p', { class: 'soft kept' });
    this.append(h('div', { class: 'pane-head' }, this.head, button(icon('close'), () => closeDrawer(), { class: 'quiet close', 'aria-label': 'Close' })),
      h('div', { class: 'scroll' }, this.list, this.rest, this.doings, this.kept));
  }

  render() {
    const { room, list, head, rest, doings, kept } = this;
    const shown = room !== undefined && room.removed === null && !room.refused;
    document.body.classList.toggle('in-room', shown);
    this.hidden = !shown;
    if (!room || !shown || !list || !head || !rest || !doings || !kept) return;
    fill(head, `People (${room.members.length})`);
    const order = (/** @type {import('./types.js').Member} */ m) => (m.role === 'owner' ? 0 : m.role === 'deputy' || m.self ? 1 : m.present ? 2 : 3);
    const members = [...room.members].sort((a, b) => order(a) - order(b) || a.nick.localeCompare(b.nick));
    rows(list, members.slice(0, LISTED), (m) => m.peer, (m) => JSON.stringify([m.nick, m.role, m.present, m.verified, m.verified_other, m.self, m.ignored, m.muted, m.away, m.away_text, m.voiced, m.hand, m.warnings, room.id]), (m) => this.member(room, m));
    rest.textContent = members.length > LISTED ? `and ${members.length - LISTED} more` : '';
    kept.textContent = room.retainS ? `Lines are kept for ${seconds(room.retainS)}, in memory only.` : '';
    const which = `${room.id} ${room.owned} ${room.deputy} ${room.hidden} ${room.frozen} ${room.transcript.off.length > 0}`;
    if (this.did === which) return;
    this.did = which;
    fill(doings, ...this.actions(room).map(([label, run, grave]) => h('li', {}, button(label, () => {
      closeDrawer();
      run();
    }, { class: grave ? 'grave-quiet' : '' }))));
  }

  /** @param {Room} room @param {import('./types.js').Member} m */
  member(room, m) {
    const who = nick(m.nick, m.peer);
    const there = m.present || m.self;
    const notes = [m.role !== 'member' ? m.role : '', m.self ? 'you' : '', there ? '' : 'not reached', m.ignored ? 'ignored' : '', m.muted ? 'muted' : '', m.warnings ? `warned ${m.warnings}×` : '', m.away ? awayWords(m.away_text) : '', m.voiced ? 'has a voice' : '', m.hand ? 'asks for a voice' : ''].filter(Boolean).join(', ');
    return h('li', {}, h('button', { type: 'button', class: there ? '' : 'absent', onclick: () => {
      closeDrawer();
      person(room, m.peer);
    } },
    h('span', { class: `face ${hue(m.peer)} ${there ? 'there' : ''}`, 'aria-hidden': 'true' }, initial(who)),
    h('span', { class: 'label' }, bdi(who), m.verified ? h('span', { class: 'verified' }, ' ✓', h('span', { class: 'unseen' }, ' verified')) : null,
      m.verified_other ? h('span', { class: 'alarm' }, ' ! another key') : null),
    notes ? h('span', { class: 'soft' }, notes) : null));
  }

  /** The actions on the room: a label, what it does, and whether it hurts. @param {Room} room @returns {[string, () => void, boolean?][]} */
  actions(room) {
    /** @type {[string, () => void, boolean?][]} */
    const all = [['Invite somebody', () => owner.invite(room)]];
    all.push(['Share on a web page', () => void rooms.share(room)]);
    if (room.owned || room.deputy) all.push(['Open invites', () => owner.invites(room)], ['Bans', () => owner.bans(room)]);
    all.push(['Rules of the room', () => void owner.policy(room)], ['What was done', () => owner.audit(room)], ['Search', () => rooms.search(room)], ['Save the lines', () => rooms.save(room)]);
    all.push(room.transcript.off.length > 0 ? ['Show the cleared lines', () => rooms.unclear(room)] : ['Clear the screen', () => rooms.clear(room)]);
    if (room.owned && room.hidden) all.push(['Show it again', () => {
      room.hidden = false;
      store.changed('rooms');
    }]);
    if (room.owned && room.frozen) all.push(['Replace the room', () => owner.renew(room)]);
    all.push(['Leave', () => rooms.leave(room)]);
    if (room.owned) all.push(['Close the room', () => owner.close(room), true]);
    return all;
  }
}

customElements.define('people-pane', PeoplePane);
