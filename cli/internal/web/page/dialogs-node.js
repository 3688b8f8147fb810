// Dialogs about this computer: who I am, how it is connected, what is in the way, and how the page looks.

import { bdi, button, h } from './dom.js';
import { attempt, check, facts, field, open, select, toast } from './dialogs.js';
import { nick, phrase, shortID } from './safe.js';
import { set, settings } from './settings.js';
import { store } from './store.js';
import { count, entry, moment } from './words.js';

/** Who I am, and how others reach this computer. */
export function aboutMe() {
  const rest = h('div', {}, h('p', { class: 'soft' }, 'Looking…'));
  const info = store.info;
  open({
    title: `You are ${nick(settings.nick || info?.nick)}`, wide: true,
    body: [
      facts([['Your words', h('span', { class: 'words' }, phrase(info?.words))], ['Peer ID', h('code', {}, phrase(info?.peer))], ['localchat', phrase(info?.version)]]),
      h('p', { class: 'soft' }, 'Others compare these words with you by voice. If their screen shows the same words for you, it is really you.'), rest,
    ],
    also: [button('Verified people', verifiedPeople), button('Ignored people', ignoredPeople), button('Change my name', settingsDialog)],
  });
  void store.rpc.call('node.net').then((net) => {
    const peers = net.peers.filter((/** @type {any} */ p) => p.connected);
    rest.replaceChildren(
      h('h3', {}, 'What others type to reach you'), net.join.length ? h('ul', { class: 'plain' }, ...net.join.map((/** @type {string} */ j) => h('li', {}, h('code', {}, phrase(j))))) : h('p', { class: 'soft' }, 'This computer has no address in a network now.'),
      h('h3', {}, `Connected with ${count(peers.length, 'computer')}`),
      h('ul', { class: 'plain' }, ...peers.map((/** @type {any} */ p) => h('li', {}, bdi(p.nick ? nick(p.nick, p.peer) : `~${shortID(p.peer)}`), h('span', { class: 'soft' }, ` ${phrase(p.at?.[0])}${p.rtt_ms ? ` · ${p.rtt_ms.toFixed(1)} ms` : ''}`)))));
  }, (err) => rest.replaceChildren(h('p', { class: 'soft' }, phrase(err.message))));
}

export function verifiedPeople() {
  const list = h('ul', { class: 'cards' });
  open({ title: 'People whose words you have compared', wide: true, body: [list] });
  const draw = async () => {
    const { verified } = await store.rpc.call('node.verified');
    list.replaceChildren(...(verified.length ? verified.map((/** @type {any} */ v) => h('li', { class: 'card' },
      h('div', { class: 'what' }, h('strong', {}, bdi(nick(v.nick, v.peer))), h('span', { class: 'words' }, phrase(v.words)), h('span', { class: 'soft' }, `since ${moment(v.at)}`)),
      h('div', { class: 'do' }, button('Take the mark away', () => attempt(store.rpc.call('node.verify', { who: v.peer, verified: false }).then(draw)))))) : [h('li', { class: 'soft' }, 'Nobody yet. Choose a member of a room, and compare words.')]));
  };
  void attempt(draw());
}

export function ignoredPeople() {
  const list = h('ul', { class: 'cards' });
  open({ title: 'People that you ignore', wide: true, body: [list] });
  const draw = async () => {
    const { ignored } = await store.rpc.call('node.ignored');
    list.replaceChildren(...(ignored.length ? ignored.map((/** @type {any} */ v) => h('li', { class: 'card' },
      h('div', { class: 'what' }, h('strong', {}, bdi(nick(v.nick, v.peer))), h('span', { class: 'soft' }, `${shortID(v.peer)} · since ${moment(v.at)}`)),
      h('div', { class: 'do' }, button('Stop ignoring', () => attempt(store.rpc.call('node.ignore', { who: v.peer, ignored: false }).then(draw).then(() => store.refresh())))))) : [h('li', { class: 'soft' }, 'Nobody. Choose a member of a room to ignore what they say.')]));
  };
  void attempt(draw());
}

/** @type {Record<string, string>} */
const severities = { ok: 'Good', note: 'Note', warning: 'Look', fault: 'Fault' };

/** What stops this computer from finding or reaching others. */
export function checkNetwork() {
  const out = h('div', { 'aria-live': 'polite', 'aria-busy': 'true' }, h('p', { class: 'busy' }, 'Looking at the network. This takes a few seconds.'));
  open({ title: 'Check the network', wide: true, body: [out], also: [button('Log', log)] });
  void store.rpc.call('node.doctor').then((d) => {
    const all = /** @type {import('./types.js').Finding[]} */ (d.findings);
    const order = ['fault', 'warning', 'ok', 'note'];
    const sorted = [...all].sort((x, y) => order.indexOf(x.severity) - order.indexOf(y.severity));
    out.replaceChildren(h('p', {}, h('strong', {}, d.blocked ? 'Something stands in the way.' : all.some((f) => f.severity === 'fault' || f.severity === 'warning') ? 'It works, but something needs attention.' : 'Nothing stands in the way.')),
      h('ul', { class: 'findings' }, ...sorted.map((f) => h('li', { class: `finding is-${Object.hasOwn(severities, f.severity) ? f.severity : 'note'}` },
        h('p', {}, h('span', { class: 'tag' }, entry(severities, f.severity) ?? phrase(f.severity)), ' ', bdi(phrase(f.text))),
        f.cause ? h('p', { class: 'soft' }, bdi(phrase(f.cause))) : null,
        f.do ? h('p', {}, 'Type: ', h('code', {}, phrase(f.do))) : null))));
  }, (err) => out.replaceChildren(h('p', {}, phrase(err.message)))).finally(() => out.setAttribute('aria-busy', 'false'));
}

/** The last lines of the program's log. */
export function log() {
  const out = h('pre', { class: 'log-lines', tabindex: '0', 'aria-label': 'The last lines of the log' });
  open({ title: 'Log of localchat', wide: true, body: [out] });
  void attempt(store.rpc.call('node.log', { lines: 200 }).then((l) => { out.textContent = l.lines.map((/** @type {string} */ x) => phrase(x)).join('\n') || 'The log is empty.'; }));
}

export function settingsDialog() {
  open({
    title: 'Settings', does: 'Save',
    body: [
      field('Your name in rooms that you enter', h('input', { name: 'nick', value: settings.nick || store.info?.nick || '', maxlength: '64', spellcheck: 'false' }), 'In a room that you are in already, it stays the same.'),
      field('Colours', select('theme', [['auto', 'as this computer'], ['light', 'light'], ['dark', 'dark']], settings.theme)),
      check('times', 'Show the time of each line', settings.times),
      check('sound', 'A sound when somebody names me, writes to me alone, or knocks', settings.sound),
      check('keys', 'Show when a room changes its key', settings.keys),
    ],
    run: (form) => {
      set({ nick: String(form.get('nick')).trim(), theme: /** @type {any} */ (form.get('theme')), times: form.has('times'), sound: form.has('sound'), keys: form.has('keys') });
      store.changed('settings');
      toast('Saved in this browser.');
    },
  });
}

/** @type {[string, string][]} */
const keys = [
  ['Enter', 'sends the line'], ['Shift + Enter', 'starts a new row'], ['Page up, Page down', 'scroll the lines while you write'],
  ['Alt + ↑, Alt + ↓', 'go to the room above or below in the list'], ['Alt + Shift + U', 'goes to a room with new lines'],
  ['Alt + Shift + L', 'lets in the first person who knocks'], ['Alt + Shift + F', 'searches the room'], ['Escape', 'closes what is open; then writes to everybody again; then goes to the newest line'], ['F1', 'shows this'],
];

export function help() {
  open({
    title: 'How it works', wide: true,
    body: [
      h('p', {}, 'You talk with people on the same network. The person who creates a room is its owner, lets people in, and can remove them. Lines are kept in memory for as long as the rules of the room say, and nothing goes to the internet.'),
      h('p', {}, 'A name proves nothing: choose a person, and compare their words by voice. Then they have the mark ✓ for you.'),
      h('h3', {}, 'Keys'), facts(keys),
      h('p', { class: 'soft' }, 'The commands of the terminal work too: /me, /msg, /kick and the others. A line that begins with // is said with one slash.'),
    ],
  });
}
