// The page: it gets its session, connects, and puts its parts together.

import './room-list.js';
import './lobby-view.js';
import './line-log.js';
import './line-composer.js';
import './knocks.js';
import './people-pane.js';
import './room-view.js';
import './link-banner.js';
import { h } from './dom.js';
import { open, toast } from './dialogs.js';
import { help } from './dialogs-node.js';
import { person } from './dialogs-person.js';
import { search } from './dialogs-room.js';
import { beginDrawers, closeDrawer } from './drawers.js';
import { knock } from './knocks.js';
import { hostOf } from './links.js';
import { name } from './safe.js';
import { enter } from './session.js';
import { apply } from './settings.js';
import { store } from './store.js';

/** Asks before a link in a line leads out of the page, and shows where it leads. @param {string} address */
function ask(address) {
  open({
    title: `Open a page of ${hostOf(address)}?`, does: 'Open it',
    body: [h('p', {}, 'Somebody in the room wrote this address:'), h('p', {}, h('code', { class: 'address' }, address)), h('p', { class: 'soft' }, 'It opens in a new tab, and learns nothing about this page.')],
    run: () => { window.open(address, '_blank', 'noopener,noreferrer'); },
  });
}

document.addEventListener('click', (e) => {
  const target = e.target instanceof Element ? e.target : null;
  const link = target?.closest('a[data-ask]');
  if (link instanceof HTMLAnchorElement) {
    e.preventDefault();
    return ask(link.href);
  }
  const who = target?.closest('[data-person]');
  const room = store.rooms.get(store.current);
  if (who instanceof HTMLElement && who.dataset.person && room) person(room, who.dataset.person);
});
// The middle button, or a dragged link, would lead out without the question.
for (const way of ['auxclick', 'dragstart']) document.addEventListener(way, (e) => {
  if (e.target instanceof Element && e.target.closest('a[data-ask]')) e.preventDefault();
});

/** The rooms in the order of the list. */
function listed() { return [...store.rooms.values()].sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id)); }

/** @param {number} by */
function step(by) {
  const ids = ['', ...listed().map((r) => r.id)];
  store.show(ids[(ids.indexOf(store.current) + by + ids.length) % ids.length]);
}

document.addEventListener('keydown', (e) => {
  if (e.defaultPrevented || document.querySelector('dialog[open]')) return;
  const room = store.rooms.get(store.current);
  if (e.key === 'F1') help();
  else if (e.key === 'Escape') {
    if (closeDrawer()) return;
    /** @type {import('./line-log.js').LineLog|null} */ (document.querySelector('line-log'))?.toEnd();
    /** @type {HTMLElement|null} */ (document.querySelector('line-composer textarea'))?.focus();
  } else if (e.altKey && !e.shiftKey && e.key === 'ArrowUp') step(-1);
  else if (e.altKey && !e.shiftKey && e.key === 'ArrowDown') step(1);
  else if (e.altKey && e.shiftKey && e.code === 'KeyU') store.show((listed().find((r) => r.calls > 0) ?? listed().find((r) => r.unread > 0))?.id ?? store.current);
  else if (e.altKey && e.shiftKey && e.code === 'KeyL' && room && (room.owned || room.deputy) && room.knocks[0]) knock.accept(room, room.knocks[0]);
  else if (e.altKey && e.shiftKey && e.code === 'KeyF' && room) search(room);
  else return;
  e.preventDefault();
});

/** Sets the title of the browser's tab. */
function entitle() {
  const rooms = [...store.rooms.values()];
  const sum = (/** @type {(r: import('./store.js').Room) => number} */ of) => rooms.reduce((n, r) => n + of(r), 0);
  const calls = sum((r) => r.calls + r.knocks.length);
  const here = store.rooms.get(store.current);
  document.title = `${calls > 0 ? `(${calls}) ` : sum((r) => r.unread) > 0 ? '• ' : ''}${here ? `${name(here.name)} · ` : ''}localchat`;
}
for (const what of ['rooms', 'current', 'people']) store.addEventListener(what, entitle);
store.addEventListener('current', () => closeDrawer());
store.addEventListener('tell', (e) => toast(/** @type {CustomEvent} */ (e).detail));

// A page whose address names a room that I am in opens there. If I am in one room only, it opens in that one.
store.addEventListener('open', () => {
  if (store.wasOpen || store.current !== '') return;
  const rooms = listed();
  const last = rooms.find((r) => r.id === sessionStorage.getItem('localchat.room'));
  const to = last ?? (rooms.length === 1 ? rooms[0] : undefined);
  if (to) store.show(to.id);
});
store.addEventListener('current', () => sessionStorage.setItem('localchat.room', store.current));

apply();
beginDrawers();
const denial = await enter();
const banner = /** @type {import('./link-banner.js').LinkBanner} */ (document.querySelector('link-banner'));
if (denial) {
  banner.denial = denial;
  banner.render();
} else {
  store.rpc.connect();
}
