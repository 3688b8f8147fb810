// A member of a room: who they are, and what can be done.

import { bdi, button, fill, h } from './dom.js';
import { attempt, facts, field, open } from './dialogs.js';
import { mute, remove, transfer, warn } from './dialogs-owner.js';
import { nick, phrase } from './safe.js';
import { store } from './store.js';
import { awayWords, moment } from './words.js';

/** @typedef {import('./store.js').Room} Room */

/** Asks for another name in a room. @param {Room} room @param {string} wish */
export function rename(room, wish) {
  const input = h('input', { name: 'nick', value: wish || room.nick, required: true, maxlength: '64', spellcheck: 'false', autocomplete: 'off' });
  const free = h('p', {});
  open({
    title: 'Change your name', does: 'Change',
    body: [field('Your name in this room', input, 'The others see what you were called before.'), free],
    run: async (form) => {
      try {
        await store.rpc.call('room.nick', { room: room.id, nick: String(form.get('nick')).trim() });
      } catch (err) {
        const other = /** @type {import('./rpc.js').RpcError} */ (err).data?.nick;
        fill(free, other && button(h('span', {}, 'Take ', bdi(nick(other))), () => { input.value = other; }));
        throw err;
      }
    },
  });
}

/** Says in every room that I am away. @param {Room} room @param {string} text */
export function away(room, text) {
  attempt(store.rpc.call('node.away', { ...(text && { text }) }).then(() => store.people(room)));
}

/** Says that I am back. @param {Room} room */
export function back(room) {
  attempt(store.rpc.call('node.back', {}).then(() => store.people(room)));
}

/** Asks for the reason of being away. @param {Room} room */
function goAway(room) {
  open({
    title: 'Say that you are away', does: 'I am away',
    body: [field('Why, or until when', h('input', { name: 'text', maxlength: '60', placeholder: 'optional' }), 'It is shown beside your name in every room, and to anybody who writes to you alone.')],
    run: async (form) => {
      const text = String(form.get('text')).trim();
      await store.rpc.call('node.away', { ...(text && { text }) });
      store.people(room);
    },
  });
}

/** @param {Room} room @param {string} peer */
export function person(room, peer) {
  const m = room.members.find((x) => x.peer === peer);
  if (!m) return former(room, peer);
  const who = nick(m.nick, m.peer);
  const role = m.role === 'owner' ? 'Owner of this room' : m.role === 'deputy' ? 'Deputy of the owner' : m.role === 'member' ? 'Member' : phrase(m.role);
  /** @type {(Node|null)[]} */
  const also = [];
  if (!m.self) also.push(button('Write to them alone', () => {
    dialog.close();
    /** @type {any} */ (document.querySelector('line-composer'))?.address({ peer: m.peer, nick: m.nick });
  }));
  if (!m.self) {
    also.push(button(m.ignored ? 'Stop ignoring' : 'Ignore', () => attempt(store.rpc.call('node.ignore', { room: room.id, who: m.peer, ignored: !m.ignored }).then(() => {
      dialog.close();
      store.people(room);
    })), { title: m.ignored ? 'Show what they say again' : 'Hide what they say, in all rooms. They are not told' }));
  }
  if (m.self) {
    also.push(button('Change your name…', () => {
      dialog.close();
      rename(room, '');
    }), m.away ? button('I am back', () => {
      dialog.close();
      back(room);
    }) : button('I am away…', () => {
      dialog.close();
      goAway(room);
    }));
  }
  if (room.owned && !m.self) {
    also.push(m.role === 'deputy' ? button('No longer a deputy', () => attempt(store.rpc.call('room.undeputy', { room: room.id, who: m.peer }).then(() => dialog.close())))
      : button('Make a deputy', () => attempt(store.rpc.call('room.deputy', { room: room.id, who: m.peer }).then(() => dialog.close())), { title: 'May let people in, remove, mute and warn them, say who may talk, and set the subject and who may join, while your node runs' }),
    button('Give them the room…', () => { dialog.close(); transfer(room, m); }));
  }
  if ((room.owned || (room.deputy && m.role === 'member')) && !m.self) {
    const voice = (/** @type {string} */ method, /** @type {object} */ more) => attempt(store.rpc.call(method, { room: room.id, who: m.peer, ...more }).then(() => dialog.close()));
    also.push(...(m.voiced ? [button('Take the voice', () => voice('room.unvoice', {}))]
      : [button('Give a voice', () => voice('room.voice', {})), button('Give the floor for 5 minutes', () => voice('room.voice', { for_s: 300 }))]));
    also.push(button('Warn…', () => { dialog.close(); warn(room, m); }));
    also.push(m.muted ? button('Unmute', () => attempt(store.rpc.call('room.unmute', { room: room.id, who: m.peer }).then(() => dialog.close())))
      : button('Mute…', () => { dialog.close(); mute(room, m); }, { class: 'grave-quiet' }),
    button('Remove…', () => { dialog.close(); remove(room, m, false); }, { class: 'grave-quiet' }),
      button('Ban…', () => { dialog.close(); remove(room, m, true); }, { class: 'grave-quiet' }));
  }
  const dialog = open({
    title: who, wide: true, also,
    body: [
      m.verified_other ? h('p', { class: 'fault' }, `You have verified somebody else of this name. This is another key: it may be another person.`) : null,
      facts([
        ['Here as', m.self ? `${role} (you)` : role],
        ['Now', (m.self || m.present ? 'connected' : 'not reached at the moment') + (m.away ? `, ${awayWords(m.away_text)}` : '')],
        ...(m.ignored ? /** @type {[string, string][]} */ ([['Ignored', 'you see nothing that they say; they are not told']]) : []),
        ...(m.voiced ? /** @type {[string, string][]} */ ([['Voice', m.voiced_until ? `until ${moment(m.voiced_until)}` : 'may talk where only some may']]) : []),
        ...(m.muted ? /** @type {[string, string][]} */ ([['Muted', m.muted_until ? `until ${moment(m.muted_until)}` : 'until they are unmuted']]) : []),
        ['Member since', moment(m.since)],
        ...(m.last_line ? /** @type {[string, string][]} */ ([['Last line', moment(m.last_line)]]) : []),
        [m.self ? 'Your words' : 'Their words', h('span', { class: 'words' }, phrase(m.words))],
        ['Peer ID', h('code', {}, phrase(m.peer))],
      ]),
      m.self ? h('p', { class: 'soft' }, 'Others compare these words with you by voice, to know that you are you.') : trust(room, m, () => dialog.close()),
    ],
  });
}

/** @param {Room} room @param {import('./types.js').Member} m @param {() => void} done */
function trust(room, m, done) {
  const who = nick(m.nick, m.peer);
  const mark = (/** @type {boolean} */ verified) => attempt(store.rpc.call('node.verify', { room: room.id, who: m.peer, verified }).then(() => {
    done();
    store.people(room);
  }));
  if (m.verified) {
    return h('div', { class: 'trust' }, h('p', {}, h('span', { class: 'verified' }, '✓ verified'), ' You have compared words with ', bdi(who), '. Only you see the mark.'), button('Take the mark away', () => void mark(false)));
  }
  return h('div', { class: 'trust' }, h('p', {}, 'Ask them to read their words to you, by voice. If they are the ones above, this is really them.'), button('The words are the same', () => void mark(true)));
}

/** The dialog about the author of a line who is no longer a member. @param {Room} room @param {string} peer */
function former(room, peer) {
  const line = room.transcript.items.findLast((i) => i.peer === peer && i.kind !== 'note');
  open({ title: nick(line?.nick, peer), body: [h('p', {}, 'Not in this room now.'), facts([['Peer ID', h('code', {}, phrase(peer))]])] });
}
