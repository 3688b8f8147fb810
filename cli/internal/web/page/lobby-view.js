// The first thing that a person sees: a name to choose, the rooms on this network, and two other ways into a room.

import { bdi, button, fill, h, icon } from './dom.js';
import { field, open } from './dialogs.js';
import { createRoom } from './dialogs-room.js';
import { toggleDrawer } from './drawers.js';
import { cancel, isInvite, join, joins } from './joins.js';
import { name, nick, phrase } from './safe.js';
import { set, settings } from './settings.js';
import { store } from './store.js';
import { clock, count, entry } from './words.js';
import { View, rows } from './view.js';

/** @typedef {import('./types.js').RoomInfo} RoomInfo */

/** @type {Record<string, string>} */
const doors = { open: 'open to everybody', knock: 'you knock, the owner lets you in', invite: 'by invite only' };

class LobbyView extends View {
  get shows() { return ['rooms', 'open', 'joins', 'link', 'current']; }

  begin() {
    this.nick = h('input', { name: 'nick', autocomplete: 'nickname', maxlength: '64', spellcheck: 'false', onchange: () => set({ nick: this.nick?.value.trim() ?? '' }) });
    this.list = h('ul', { class: 'cards' });
    this.none = h('p', { class: 'soft none' });
    this.other = h('ul', { class: 'cards' });
    this.rest = h('p', { class: 'soft' });
    this.way = h('input', { name: 'way', placeholder: 'LOCALCHAT:…  or  lab  or  192.168.1.20:4001', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off' });
    const form = h('form', { class: 'inline', onsubmit: (/** @type {Event} */ e) => {
      e.preventDefault();
      const way = this.way?.value.trim() ?? '';
      if (way === '') return this.way?.focus();
      this.go(way, isInvite(way) ? 'the room of your invite' : way);
      if (this.way) this.way.value = '';
    } }, field('Paste an invite, or type a room’s name or an address', h('div', { class: 'pair' }, this.way, h('button', { type: 'submit' }, 'Join'))));
    form.querySelector('label')?.setAttribute('for', (this.way.id = 'way'));
    this.append(h('header', { class: 'lobby-head' }, button(icon('menu'), () => toggleDrawer('rooms'), { class: 'quiet menu', 'aria-label': 'Rooms' })), h('div', { class: 'page' },
      h('h1', {}, 'Talk with the people on this network'),
      h('p', { class: 'lead' }, 'Everything stays between the computers in this network. No server, no account.'),
      field('Your name', this.nick),
      h('section', { 'aria-labelledby': 'lobby-near' }, h('h2', { id: 'lobby-near' }, 'Rooms near you'), this.other, this.list, this.rest, this.none,
        button('Create a room', () => createRoom(this.nick?.value.trim() ?? ''), { class: 'primary create' })),
      h('section', {}, form)));
  }

  render() {
    if (!this.list || !this.none || !this.nick || !this.other || !this.rest) return;
    this.hidden = store.current !== '' || store.rpc.link === 'denied' || store.info === null;
    if (document.activeElement !== this.nick) this.nick.value = settings.nick || store.info?.nick || '';
    const all = store.found.filter((r) => !r.in && !store.rooms.has(r.id));
    const near = all.slice(0, 100);
    rows(this.list, near, (r) => r.id, (r) => JSON.stringify([r, joins.get(r.id)]), (r) => this.card(r));
    const asked = [...joins.values()].filter((j) => !near.some((r) => r.id === j.key));
    rows(this.other, asked, (j) => j.key, (j) => JSON.stringify(j), (j) => h('li', { class: 'card' }, h('div', { class: 'what' }, h('strong', {}, bdi(phrase(j.label)))), this.status(j)));
    const more = store.more + all.length - near.length;
    this.rest.textContent = more > 0 ? `and ${count(more, 'more room')}; each can be joined by its name` : '';
    this.none.hidden = near.length > 0;
    fill(this.none, store.rooms.size > 0 ? 'No other room is on this network now.' : 'No room yet. Create one, and the others on this network see it here.');
  }

  /** @param {RoomInfo} r */
  card(r) {
    const j = joins.get(r.id);
    const trust = r.verified ? h('span', { class: 'verified' }, ' ✓ verified') : r.other ? h('span', { class: 'alarm' }, ' ! not the person of this name that you verified') : null;
    return h('li', { class: 'card' },
      h('div', { class: 'what' }, h('strong', {}, bdi(name(r.name))), r.subject ? h('span', {}, bdi(phrase(r.subject))) : null,
        h('span', { class: 'soft' }, r.owner_nick ? ['by '][0] : '', r.owner_nick ? bdi(nick(r.owner_nick, r.owner)) : '', trust, `${r.owner_nick ? ' · ' : ''}${count(r.members, 'person', 'people')} · ${entry(doors, r.access) ?? name(r.access)}`, r.given_by ? [' · given away by '][0] : '', r.given_by ? bdi(nick(r.given_by.nick, r.given_by.peer)) : '', r.given_by ? ', whom you know' : '')),
      j ? this.status(j) : h('div', { class: 'do' }, button('Join', () => this.enter(r), { class: 'primary', 'aria-label': `Join ${name(r.name)}` })));
  }

  /** The state of a join. @param {import('./joins.js').Join} j */
  status(j) {
    const back = (/** @type {string} */ label) => button(label, () => cancel(j.key));
    switch (j.state) {
      case 'looking':
        return h('div', { class: 'do', role: 'status' }, h('span', { class: 'busy' }, 'Asking…'), back('Cancel'));
      case 'asked':
        return h('div', { class: 'do', role: 'status' }, h('span', { class: 'busy' }, `You knock. The owner was asked, and has until ${clock(j.until)} to let you in.`), back('Stop knocking'));
    }
    const choices = (j.data?.rooms ?? []).slice(0, 8).map((c) => button(h('span', {}, bdi(name(c.name)), ` of ${nick(c.owner_nick)}, words ${phrase(c.words)}`), () => {
      cancel(j.key);
      this.go(c.room, c.name);
    }));
    const free = j.data?.nick;
    return h('div', { class: 'fault', role: 'alert' }, h('strong', {}, phrase(j.fault?.text)), ' ', phrase(j.fault?.hint),
      h('div', { class: 'do' }, ...choices,
        free ? button(h('span', {}, 'Join as ', bdi(name(free))), () => void join(j.key, j.label, free), { class: 'primary' }) : null,
        j.data?.change ? button('Compare the owner', () => ownerChanged(/** @type {any} */ (j.data?.change), () => {
          cancel(j.key);
          this.go(/** @type {any} */ (j.data).change.room, j.label);
        })) : button('Try again', () => this.go(j.key, j.label)),
        back('Close')));
  }

  /** Asks to enter a room that is near. @param {RoomInfo} r */
  enter(r) {
    if (r.change) ownerChanged(r.change, () => this.go(r.id, r.name));
    else this.go(r.id, r.name);
  }

  /** @param {string} key @param {string} label */
  go(key, label) { void join(key, label, this.nick?.value.trim() || settings.nick); }
}

/** Asks whether to join a room whose name belonged to another owner's room before. @param {import('./types.js').KeyChange} c @param {() => void} anyway */
function ownerChanged(c, anyway) {
  open({
    title: `${name(c.name)} has another owner than before`, grave: true, does: 'Join anyway',
    body: [
      h('p', {}, 'You know a room of this name that has another owner. If you did not expect a change, somebody may be using its name. Ask the owner for these words, by voice:'),
      h('dl', { class: 'facts' }, h('dt', {}, 'Before'), h('dd', {}, c.known_nick ? bdi(`${nick(c.known_nick)} ✓ `) : null, h('span', { class: 'words' }, phrase(c.known_words))),
        h('dt', {}, 'Now'), h('dd', {}, h('span', { class: 'words' }, phrase(c.words)))),
      h('p', { class: 'soft' }, 'If you join, the new owner is remembered.'),
    ],
    run: anyway,
  });
}

customElements.define('lobby-view', LobbyView);
