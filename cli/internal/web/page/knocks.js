// The people who knock at a room of mine.

import { bdi, button, h, hue } from './dom.js';
import { attempt, field, open } from './dialogs.js';
import { initial } from './line-item.js';
import { nick, phrase, shortID } from './safe.js';
import { store } from './store.js';
import { count } from './words.js';
import { View, rows } from './view.js';

/** @typedef {import('./types.js').Knock} Knock */
/** @typedef {import('./store.js').Room} Room */

/** How many knocks are shown at once; of the others, the number. */
const SHOWN = 3;

export const knock = {
  /** @param {Room} room @param {Knock} k */
  accept(room, k) {
    attempt(store.rpc.call('room.accept', { room: room.id, who: k.peer }).then(() => this.gone(room, k)));
  },
  /** @param {Room} room @param {Knock} k */
  deny(room, k) {
    open({
      title: `Turn ${nick(k.nick, k.peer)} away?`, does: 'Turn away',
      body: [h('p', {}, 'They are told, and may knock again later.'), field('Why (they read it)', h('input', { name: 'reason', maxlength: '256' }))],
      run: async (form) => {
        const reason = String(form.get('reason')).trim();
        await store.rpc.call('room.deny', { room: room.id, who: k.peer, ...(reason && { reason }) });
        this.gone(room, k);
      },
    });
  },
  /** @param {Room} room */
  acceptAll(room) { attempt(store.rpc.call('room.accept', { room: room.id, who: 'all' }).then(() => store.people(room))); },
  /** @param {Room} room @param {Knock} k */
  gone(room, k) {
    room.knocks = room.knocks.filter((x) => x.peer !== k.peer);
    store.changed('people', room.id);
    store.changed('rooms');
  },
};

class KnockBar extends View {
  get shows() { return ['people', 'current']; }

  begin() {
    this.list = h('ul', { class: 'knocks', 'aria-label': 'Who knocks' });
    this.rest = h('p', { class: 'soft rest' });
    this.all = button('', () => { if (this.room) knock.acceptAll(this.room); });
    this.append(this.list, h('div', { class: 'rest' }, this.rest, this.all));
    this.setAttribute('role', 'status');
  }

  render() {
    const { room, list, rest, all } = this;
    if (!list || !rest || !all) return;
    const knocks = room && (room.owned || room.deputy) ? room.knocks : [];
    const appeals = room && (room.owned || room.deputy) ? room.appeals : [];
    this.hidden = knocks.length + appeals.length === 0;
    if (!room) return;
    rows(list, [...knocks.slice(0, SHOWN), ...appeals.slice(0, SHOWN)], (k) => k.peer, (k) => JSON.stringify(k), (k) => ('removal' in k ? this.appeal(room, k) : this.card(room, k)));
    const more = knocks.length - SHOWN;
    rest.textContent = more > 0 ? `and ${count(more, 'more knocks', 'more knock')}` : '';
    all.textContent = `Let all ${knocks.length} in`;
    all.hidden = knocks.length < 2;
  }

  /** @param {Room} room @param {import('./types.js').Appeal} a */
  appeal(room, a) {
    const who = nick(a.nick, a.peer);
    return h('li', { class: 'knock appeal' },
      h('span', { class: `face ${hue(a.peer)}`, 'aria-hidden': 'true' }, initial(who)),
      h('div', { class: 'what' },
        h('p', {}, h('strong', {}, bdi(who)), ` appeals (${phrase(a.kind)} by `, bdi(nick(a.by_nick, a.by)), a.reason ? ': ' : '', a.reason ? bdi(phrase(a.reason)) : '', ')'),
        h('p', {}, bdi(phrase(a.text)))),
      h('div', { class: 'do' }, button('Pardon', () => { attempt(store.rpc.call('room.pardon', { room: room.id, who: a.peer })); }, { 'aria-label': `Pardon ${who}`, 'data-pardon': a.peer })));
  }

  /** @param {Room} room @param {Knock} k */
  card(room, k) {
    const who = nick(k.nick, k.peer);
    return h('li', { class: 'knock' },
      h('span', { class: `face ${hue(k.peer)}`, 'aria-hidden': 'true' }, initial(who)),
      h('div', { class: 'what' },
        h('p', {}, h('strong', {}, bdi(who)), k.alike ? ` (${shortID(k.peer)})` : '', ' knocks',
          k.verified ? h('span', { class: 'verified' }, ' ✓ verified') : null,
          k.verified_other ? h('span', { class: 'alarm' }, ' ! not the person of this name that you verified') : null,
          k.ignored ? h('span', { class: 'soft' }, ' (you ignore what they say)') : null,
          k.alike ? h('span', { class: 'alarm' }, ' Somebody with the same or a similar name knocks too.') : null),
        h('p', { class: 'soft' }, 'Their words: ', h('span', { class: 'words' }, phrase(k.words)))),
      h('div', { class: 'do' },
        button('Let in', () => knock.accept(room, k), { class: 'primary', 'aria-label': `Let in ${who}`, 'data-accept': k.peer }),
        button('Turn away', () => knock.deny(room, k), { 'aria-label': `Turn away ${who}` })));
  }
}

customElements.define('knock-bar', KnockBar);
