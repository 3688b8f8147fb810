// Creating, leaving, searching, saving and sharing a room.

import { bdi, button, fill, h } from './dom.js';
import { attempt, copyable, facts, field, open, select } from './dialogs.js';
import { close, code } from './dialogs-owner.js';
import { message, name, nick, phrase } from './safe.js';
import { settings } from './settings.js';
import { spanField, spanOf } from './spans.js';
import { store } from './store.js';
import { accessWords, moment } from './words.js';

/** @typedef {import('./store.js').Room} Room */

/** Lines that a search shows. */
const FOUND = 50;

/** @param {string} called the name to have there */
export function createRoom(called) {
  // A second room of a name is not forbidden, but people who join by name have to choose one.
  const twin = h('p', { class: 'fault', role: 'status', hidden: true });
  const warn = (/** @type {any} */ e) => {
    const same = (/** @type {string} */ s) => s.trim().normalize('NFKC').toLowerCase();
    const other = store.found.find((r) => !r.mine && same(r.name) === same(e.target.value));
    twin.hidden = !other;
    fill(twin, other && h('span', {}, 'A room called ', bdi(name(other.name)), ' is already on this network', other.owner_nick ? [', owned by '][0] : '', other.owner_nick ? bdi(nick(other.owner_nick, other.owner)) : '', '. People who join by name have to choose one.'));
  };
  open({
    title: 'Create a room', does: 'Create',
    body: [
      field('Name of the room', h('input', { name: 'name', required: true, maxlength: '64', spellcheck: 'false', autocomplete: 'off', placeholder: 'lab', oninput: warn })),
      twin,
      field('Who may join', select('access', Object.entries(accessWords), 'knock')),
      field('Subject', h('input', { name: 'subject', placeholder: 'optional' })),
      field('Your name there', h('input', { name: 'nick', value: called || settings.nick || store.info?.nick || '', maxlength: '64', spellcheck: 'false' })),
    ],
    run: async (form) => {
      const text = (/** @type {string} */ f) => String(form.get(f)).trim();
      const room = await store.rpc.call('room.create', {
        name: text('name'), access: text('access'), ...(text('nick') && { nick: text('nick') }), ...(text('subject') && { subject: text('subject') }),
      });
      if (store.rooms.has(room.id)) store.show(room.id);
    },
  });
}

/** @param {Room} room */
export function leave(room) {
  if (room.owned) {
    const dialog = open({
      title: `Leave ${name(room.name)}?`,
      body: [h('p', {}, 'The room is yours: it ends when you close it. You can also hide it here and stay its owner; then this computer keeps serving it.')],
      also: [button('Close the room…', () => { dialog.close(); close(room); }, { class: 'grave-quiet' }), button('Hide it here', () => {
        dialog.close();
        room.hidden = true;
        store.show('');
        store.changed('rooms');
      })],
      cancel: 'Cancel',
    });
    return;
  }
  open({
    title: `Leave ${name(room.name)}?`, does: 'Leave', body: [h('p', {}, 'You can no longer read what is said there. To come back, ask to be let in again.'), room.deputy ? h('p', {}, 'You are a deputy of this room. When you leave, you are none any more, also if you come back.') : null],
    run: async () => { await store.rpc.call('room.leave', { room: room.id }); },
  });
}

/** Clears the lines from the screen; the node keeps them. @param {Room} room */
export function clear(room) {
  room.transcript.putOff();
  store.changed('lines', room.id);
  store.changed('people', room.id);
}

/** Brings back the lines that were cleared from the screen. @param {Room} room */
export function unclear(room) {
  room.transcript.bringBack();
  store.changed('lines', room.id);
  store.changed('people', room.id);
}

/** Finds lines that are kept. @param {Room} room @param {string} [text] */
export function search(room, text = '') {
  const found = h('ul', { class: 'found', 'aria-live': 'polite' });
  const input = h('input', { type: 'search', name: 'text', value: text, 'aria-label': 'Text to find', autofocus: true });
  const draw = () => {
    const wanted = input.value.normalize('NFKC').toLowerCase().trim();
    const hits = wanted === '' ? [] : [...room.transcript.off, ...room.transcript.items].filter((i) => i.kind !== 'note' && i.text.normalize('NFKC').toLowerCase().includes(wanted));
    found.replaceChildren(...hits.slice(-FOUND).reverse().map((i) => h('li', {}, button(h('span', {}, h('strong', {}, bdi(nick(i.nick, i.peer))), h('span', { class: 'soft' }, ` ${moment(new Date(i.at).toISOString())} `), bdi(phrase(i.text))), () => {
      dialog.close();
      if (!room.transcript.has(i.key)) unclear(room);
      /** @type {any} */ (document.querySelector('line-log'))?.toItem(i.key);
    }))));
    if (wanted !== '' && hits.length === 0) found.append(h('li', { class: 'soft' }, 'No line that is kept here contains this.'));
    if (hits.length > FOUND) found.append(h('li', { class: 'soft' }, `and ${hits.length - FOUND} older ones`));
  };
  input.addEventListener('input', draw);
  const dialog = open({ title: `Search ${name(room.name)}`, wide: true, body: [input, found] });
  draw();
}

/** Saves the lines that are kept into a file of the browser. @param {Room} room */
export function save(room) {
  open({
    title: `Save the lines of ${name(room.name)}?`, does: 'Save',
    body: [h('p', {}, 'The lines that are kept here go into a file on this computer. Nothing else of a room is written to disk; the others are not told.')],
    run: () => {
      const lines = [...room.transcript.off, ...room.transcript.items].filter((i) => i.kind === 'line').map((i) => {
        const text = message(i.text).replaceAll('\n', '\n  | ');
        return `${new Date(i.at).toISOString()} ${i.action ? `* ${nick(i.nick, i.peer)} ` : `<${nick(i.nick, i.peer)}> `}${text}\n`;
      });
      const url = URL.createObjectURL(new Blob(lines, { type: 'text/plain' }));
      const a = h('a', { href: url, download: `${name(room.name).replace(/[^\p{L}\p{Nd}._-]/gu, '_')}.txt` });
      document.body.append(a);
      a.click();
      a.remove();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    },
  });
}

/** Hands out the program and invites on a web page for this network. @param {Room} room */
export async function share(room) {
  try {
    showShared(room, await store.rpc.call('room.shared', { room: room.id }));
  } catch (err) {
    if (/** @type {any} */ (err).code !== 'not_found') return void attempt(Promise.reject(err));
    open({
      title: `Share ${name(room.name)}`, does: 'Share',
      body: [
        h('p', {}, 'Everybody on this network can then open a web page on this computer, with the program and the way into the room.'),
        field('How many people it lets in by invites of their own', select('invites', [['0', 'none: they knock'], ['5', '5'], ['10', '10'], ['32', '32']], '10')),
        spanField('for', 'For how long', [['600', '10 minutes'], ['3600', '1 hour'], ['86400', '1 day']], '3600'),
      ],
      run: async (form) => showShared(room, await store.rpc.call('room.share', { room: room.id, invites: Number(form.get('invites')), for_s: spanOf(form, 'for') })),
    });
  }
}

/** @param {Room} room @param {import('./types.js').Shared} s */
function showShared(room, s) {
  const url = s.urls[0] ?? '';
  const dialog = open({
    title: `${name(room.name)} is shared`, wide: true,
    body: [
      h('p', {}, `Until ${moment(s.until)}, people on this network get the program and the way in here:`),
      copyable(url, 'The address of the page'), code(url, 'QR code of the address of the page'),
      facts([...s.urls.slice(1).map((u) => /** @type {[string, Node|string]} */ (['Also', h('code', {}, phrase(u))])), ['Invites left', String(s.invites)], ['Words', h('span', { class: 'words' }, phrase(s.words))]]),
    ],
    also: [button('End the share', () => attempt(store.rpc.call('room.unshare', { room: room.id }).then(() => dialog.close())))],
  });
}
