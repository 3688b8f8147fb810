// The list of rooms: mine, and those on this network.

import { bdi, button, fill, h, hue, icon } from './dom.js';
import { joins } from './joins.js';
import { initial } from './line-item.js';
import { name, nick } from './safe.js';
import { settings } from './settings.js';
import { store } from './store.js';
import { count } from './words.js';
import { View, rows } from './view.js';
import { aboutMe, checkNetwork, help, settingsDialog } from './dialogs-node.js';

class RoomList extends View {
  get shows() { return ['rooms', 'current', 'open', 'link', 'people', 'joins', 'settings']; }

  begin() {
    this.mine = h('ul', { class: 'rooms', 'aria-labelledby': 'mine' });
    this.near = h('ul', { class: 'rooms', 'aria-labelledby': 'near' });
    this.nearHead = h('h2', { id: 'near' }, 'On this network');
    this.mineHead = h('h2', { id: 'mine' }, 'Your rooms');
    this.me = h('div', { class: 'me' });
    this.lobby = button('', () => store.show(''), { class: 'lobby' });
    this.lobby.append(icon('plus'), 'Join or create');
    this.append(
      h('nav', { 'aria-label': 'Rooms' }, h('div', { class: 'brand' }, h('img', { src: 'icon.svg', alt: '', width: '22', height: '22' }), h('span', {}, 'localchat')),
        h('div', { class: 'scroll' }, this.mineHead, this.mine, this.lobby, this.nearHead, this.near)),
      h('div', { class: 'foot' }, this.me,
        button('Network', checkNetwork), button('Help', help, { 'aria-keyshortcuts': 'F1' }), button('Settings', settingsDialog)),
    );
  }

  render() {
    if (!this.mine || !this.near || !this.nearHead || !this.mineHead || !this.me || !this.lobby) return;
    const mine = [...store.rooms.values()].sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    rows(this.mine, mine, (r) => r.id,
      (r) => JSON.stringify([r.name, r.unread, r.calls, r.owned, r.knocks.length, r.id === store.current, r.removed !== null || r.refused, r.away !== null, r.hidden]),
      (r) => this.own(r));
    this.mineHead.hidden = mine.length === 0;
    const near = store.found.filter((r) => !r.in && !store.rooms.has(r.id)).slice(0, 50);
    rows(this.near, near, (r) => r.id, (r) => JSON.stringify([r, joins.has(r.id)]), (r) => this.found(r));
    this.nearHead.hidden = near.length === 0;
    if (store.current === '') this.lobby.setAttribute('aria-current', 'page');
    else this.lobby.removeAttribute('aria-current');
    const who = settings.nick || store.info?.nick || '';
    fill(this.me, button(h('span', { class: 'person' }, h('span', { class: `face ${hue(store.info?.peer ?? '')}`, 'aria-hidden': 'true' }, initial(who || '?')), bdi(nick(who))), aboutMe, { title: 'About you: your words and your address' }));
  }

  /** @param {import('./store.js').Room} r */
  own(r) {
    const over = r.removed !== null || r.refused;
    const notes = [r.owned && 'yours', over && (r.removed?.kind === 'closed' || r.removed?.kind === 'idle' ? 'closed' : 'no longer in'), r.away && 'owner away', r.hidden && 'hidden'].filter(Boolean).join(', ');
    const b = h('button', { type: 'button', class: `${over ? 'over' : ''} ${r.unread ? 'unread' : ''} ${r.hidden ? 'over' : ''}`, 'aria-current': r.id === store.current ? 'page' : undefined, onclick: () => store.show(r.id) },
      h('span', { class: 'label' }, bdi(name(r.name))), notes && h('span', { class: 'soft' }, notes),
      r.knocks.length > 0 && h('span', { class: 'badge knock', title: 'Somebody knocks' }, count(r.knocks.length, 'knock')),
      r.calls > 0 ? h('span', { class: 'badge call' }, `@${r.calls}`, h('span', { class: 'unseen' }, ' lines name you')) : r.unread > 0 && h('span', { class: 'badge' }, String(r.unread), h('span', { class: 'unseen' }, ' new lines')));
    return h('li', {}, b);
  }

  /** @param {import('./types.js').RoomInfo} r */
  found(r) {
    const b = h('button', { type: 'button', onclick: () => {
      store.show('');
      /** @type {any} */ (document.querySelector('lobby-view'))?.enter(r);
    } }, h('span', { class: 'label' }, bdi(name(r.name))), h('span', { class: 'soft' }, joins.has(r.id) ? 'asked' : bdi(nick(r.owner_nick, r.owner))));
    return h('li', {}, b);
  }
}

customElements.define('room-list', RoomList);
