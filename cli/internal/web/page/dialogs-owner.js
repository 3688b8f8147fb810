// Dialogs for the owner of a room: invites, removals, bans, the rules, the end. Members can see the rules, and invite if these allow it.

import { bdi, button, h, qrCode } from './dom.js';
import { attempt, check, copyable, facts, field, open, select } from './dialogs.js';
import { encode } from './qr.js';
import { name, nick, phrase, shortID } from './safe.js';
import { cutSpan, parseSpan, spanField, spanOf } from './spans.js';
import { store } from './store.js';
import { auditText, accessWords, historyWords, moment, policyRows, seconds, untilText } from './words.js';

/** @typedef {import('./store.js').Room} Room */

/** Entries of the log that are shown, the latest. */
const AUDITED = 100;

const hour = 3600;
const dayLong = 24 * hour;

/** A code for a camera, if the text is short enough for one. @param {string} text @param {string} label */
export function code(text, label) {
  const rows = encode(text);
  return rows && qrCode(rows, label);
}

/** @param {Room} room @param {string} [terms] for whom, and for how long */
export function invite(room, terms = '') {
  const [who, rest] = /^(\S*)\s*(.*)$/s.exec(terms)?.slice(1) ?? ['', ''];
  const alone = rest === '' ? parseSpan(who) : null; // a length of time is no name
  const length = alone ?? parseSpan(rest);
  open({
    title: `Invite somebody to ${name(room.name)}`, does: 'Make an invite',
    body: [
      h('p', {}, 'An invite lets one person in, once. Give it to nobody else.'),
      field('Their name, if you want to fix it', h('input', { name: 'nick', maxlength: '64', spellcheck: 'false', value: alone ? '' : who })),
      spanField('expires', 'It is valid for', [[String(hour), '1 hour'], [String(dayLong), '1 day'], [String(7 * dayLong), '1 week']], String(length ?? dayLong)),
    ],
    run: async (form) => {
      const who = String(form.get('nick')).trim();
      const made = await store.rpc.call('room.invite', { room: room.id, expires_s: spanOf(form, 'expires'), ...(who && { nick: who }) });
      showInvite(room, made);
    },
  });
}

/** @param {Room} room @param {any} made */
function showInvite(room, made) {
  const text = made.page || made.invite;
  const owner = room.owned ? store.info?.words : room.members.find((m) => m.role === 'owner')?.words;
  open({
    title: `Invite to ${name(room.name)}`, wide: true,
    body: [
      copyable(made.invite, 'The invite'),
      made.page ? h('p', {}, 'With the program, on a web page of this network: ', h('code', {}, phrase(made.page))) : null,
      code(text, made.page ? 'QR code of the page with the invite' : 'QR code of the invite'),
      h('p', {}, 'They paste it into “Join or create”, or type ', h('code', {}, 'localchat join'), ' and the text. It is valid for one person', made.nick ? [', '][0] : '', made.nick ? bdi(nick(made.nick)) : '', `, until ${moment(made.expires)}.`),
      h('p', { class: 'soft' }, room.owned ? 'Your words' : 'The owner’s words', ', for them to compare by voice: ', h('span', { class: 'words' }, phrase(owner))),
    ],
  });
}

/** A dialog with a list that is fetched, in which each row has a button. @param {string} title @param {string} none @param {() => Promise<HTMLElement[]>} fetch */
function listing(title, none, fetch) {
  const list = h('ul', { class: 'cards', tabindex: '-1' });
  const draw = async () => {
    const all = await fetch();
    list.replaceChildren(...(all.length ? all : [h('li', { class: 'soft' }, none)]));
    if (!list.closest('dialog')?.contains(document.activeElement)) list.focus();
  };
  open({ title, wide: true, body: [list] });
  void attempt(draw());
  return draw;
}

/** @param {Room} room */
export function invites(room) {
  const draw = listing('Open invites', room.owned ? 'No invite is open.' : 'No invite is open that the owner has not made.', async () => {
    const { invites: all } = await store.rpc.call('room.invites', { room: room.id });
    return all.map((/** @type {import('./types.js').Invite} */ i) => h('li', { class: 'card' },
      h('div', { class: 'what' }, h('strong', {}, bdi(i.nick ? nick(i.nick) : 'for anybody')), h('span', { class: 'soft' }, `until ${moment(i.expires)} · ${name(i.id)}`)),
      h('div', { class: 'do' }, button('Revoke', () => attempt(store.rpc.call('room.uninvite', { room: room.id, id: i.id }).then(draw))))));
  });
}

/** @param {Room} room */
export function bans(room) {
  const draw = listing('Bans', 'Nobody is banned.', async () => {
    const { bans: all } = await store.rpc.call('room.bans', { room: room.id });
    return all.map((/** @type {import('./types.js').Ban} */ b) => h('li', { class: 'card' },
      h('div', { class: 'what' }, h('strong', {}, bdi(nick(b.nick, b.peer))), b.reason ? h('span', {}, bdi(phrase(b.reason))) : null,
        h('span', { class: 'soft' }, `${b.until ? `until ${moment(b.until)}` : 'until you lift it'} · ${shortID(b.peer)}`)),
      h('div', { class: 'do' }, button('Lift the ban', () => attempt(store.rpc.call('room.unban', { room: room.id, who: b.peer }).then(draw))))));
  });
}

/** Who did what to whom, from the signed log. @param {Room} room */
export function audit(room) {
  listing('What was done', 'Nothing was done yet.', async () => {
    /** @type {any[]} */
    const all = [];
    for (let more = true; more;) {
      const page = await store.rpc.call('room.audit', { room: room.id, after: all.at(-1)?.seq ?? 0 });
      all.push(...page.entries);
      more = page.more && page.entries.length > 0;
    }
    return all.filter((e) => e.what !== 'rekeyed').slice(-AUDITED).reverse().map((e) => h('li', { class: 'card' },
      h('div', { class: 'what' }, h('span', {}, bdi(auditText(e))), h('span', { class: 'soft' }, `${e.seq} · ${moment(e.at)}`))));
  });
}

/** Asks before the room is offered to a member. @param {Room} room @param {import('./types.js').Member} m */
export function transfer(room, m) {
  const who = nick(m.nick, m.peer);
  open({
    title: `Give ${name(room.name)} to ${who}?`, grave: true, does: `Offer it to ${who}`,
    body: [h('p', {}, bdi(who), ` (${shortID(m.peer)}) ${m.verified ? '✓ verified ' : ''}is asked, and has ten minutes to take it. Once they take it, the room is theirs: you are an ordinary member, and cannot take it back.`)],
    run: async () => {
      room.offered = await store.rpc.call('room.transfer', { room: room.id, who: m.peer });
      store.changed('rooms');
    },
  });
}

/** Warns a member. @param {Room} room @param {import('./types.js').Member} m @param {string} [text] */
export function warn(room, m, text = '') {
  const who = nick(m.nick, m.peer);
  open({
    title: `Warn ${who}?`, does: `Warn ${who}`,
    body: [field('What about (they alone read it)', h('input', { name: 'text', required: true, maxlength: '256', value: text })), h('p', { class: 'soft' }, m.warnings ? `Warned ${m.warnings} ${m.warnings === 1 ? 'time' : 'times'} before.` : 'Nobody else in the room is told.')],
    run: async (form) => { await store.rpc.call('room.warn', { room: room.id, who: m.peer, text: String(form.get('text')).trim() }); },
  });
}

/** Choices for the length of a ban or a mute. @param {string} always @returns {[string, string][]} */
function spans(always) {
  return [['0', always], ['600', '10 minutes'], [String(hour), '1 hour'], [String(dayLong), '1 day'], [String(7 * dayLong), '1 week']];
}

/** Asks before somebody is removed. @param {Room} room @param {import('./types.js').Member} m @param {boolean} ban @param {string} [terms] why; of a ban, for how long before that */
export function remove(room, m, ban, terms = '') {
  const who = nick(m.nick, m.peer);
  const [length, reason] = ban ? cutSpan(terms) : ['', terms];
  open({
    title: ban ? `Ban ${who} from ${name(room.name)}?` : `Remove ${who} from ${name(room.name)}?`, grave: true, does: ban ? `Ban ${who}` : `Remove ${who}`,
    body: [
      h('p', {}, bdi(who), ` (${shortID(m.peer)}) ${m.verified ? '✓ verified ' : ''}is removed at once, cannot read what is said from then on, and is told why. `,
        ban ? 'They cannot come back while the ban is in force.' : 'They may ask to come back.'),
      field('Why (they read it)', h('input', { name: 'reason', maxlength: '256', value: reason })),
      ban ? spanField('for', 'For how long', spans('until I lift the ban'), length || '0') : null,
    ],
    run: async (form) => {
      const why = String(form.get('reason')).trim();
      const for_s = ban ? spanOf(form, 'for') : 0;
      await store.rpc.call(ban ? 'room.ban' : 'room.kick', { room: room.id, who: m.peer, ...(why && { reason: why }), ...(for_s > 0 && { for_s }) });
    },
  });
}

/** Asks before a member is muted. @param {Room} room @param {import('./types.js').Member} m @param {string} [terms] for how long, and why */
export function mute(room, m, terms = '') {
  const who = nick(m.nick, m.peer);
  const [length, reason] = cutSpan(terms);
  open({
    title: `Mute ${who} in ${name(room.name)}?`, grave: true, does: `Mute ${who}`,
    body: [
      h('p', {}, bdi(who), ` (${shortID(m.peer)}) stays in the room and can read, but nothing that they say reaches anybody. They are told why, and can still write to you alone.`),
      field('Why (they read it)', h('input', { name: 'reason', maxlength: '256', value: reason })), spanField('for', 'For how long', spans('until I unmute them'), length || '600'),
    ],
    run: async (form) => {
      const why = String(form.get('reason')).trim();
      const for_s = spanOf(form, 'for');
      await store.rpc.call('room.mute', { room: room.id, who: m.peer, ...(why && { reason: why }), ...(for_s > 0 && { for_s }) });
    },
  });
}

/** Choices for a length of time. The one in force is among them. @param {number[]} usual @param {number} now @param {string} [never] @returns {[string, string][]} */
function times(usual, now, never) {
  const all = [...new Set([...usual, now])].sort((a, b) => a - b);
  return all.map((s) => [String(s), s === 0 && never ? never : seconds(s)]);
}

/** The rules of a room. Members can read them, and the owner can change them. @param {Room} room */
export async function policy(room) {
  /** @type {import('./types.js').Policy} */
  let p;
  try {
    p = await store.rpc.call('room.policy', { room: room.id });
  } catch (err) {
    return void attempt(Promise.reject(err));
  }
  if (!room.owned && !room.deputy) {
    open({ title: `The rules of ${name(room.name)}`, wide: true, body: [facts(policyRows(p)), h('p', { class: 'soft' }, 'The owner can change them; you are told when they do.')] });
    return;
  }
  const subject = field('Subject', h('input', { name: 'subject', value: p.subject }));
  const access = field('Who may join', select('access', Object.entries(accessWords), p.access));
  if (!room.owned) {
    open({
      title: `The rules of ${name(room.name)}`, does: 'Change', wide: true,
      body: [subject, access, h('p', { class: 'soft' }, 'You are a deputy. The owner alone can change the other rules.'), facts(policyRows(p))],
      run: async (form) => {
        const wanted = { subject: String(form.get('subject')).trim(), access: form.get('access') };
        const change = Object.fromEntries(Object.entries(wanted).filter(([k, v]) => v !== /** @type {any} */ (p)[k]));
        if (Object.keys(change).length > 0) await store.rpc.call('room.policy', { room: room.id, ...change });
      },
    });
    return;
  }
  open({
    title: `The rules of ${name(room.name)}`, does: 'Change', wide: true,
    body: [
      subject,
      access,
      spanField('retain_s', 'Lines are kept for', times([600, hour, 6 * hour, dayLong, 7 * dayLong], p.retain_s), String(p.retain_s), 'In memory only, on the computer of every member.'),
      field('New members see', select('history', Object.entries(historyWords), p.history)),
      spanField('idle_s', 'The room closes by itself', times([0, hour, 6 * hour, dayLong, 7 * dayLong], p.idle_s, 'never'), String(p.idle_s), 'After so long without a line.'),
      field('Who may talk', select('speak', [['all', 'everybody in the room'], ['voiced', 'you, the deputies, and members with a voice']], p.speak), 'The others can read, and ask you and the deputies for a voice.'),
      spanField('slow_s', 'One line of a member every', times([0, 5, 30, 60, 300], p.slow_s, 'as often as they like'), String(p.slow_s), 'You and the deputies are not held to it.'),
      check('members_invite', 'Every member may invite', p.members_invite),
      check('hide_reasons', 'Only the removed member sees why it was removed', p.hide_reasons),
    ],
    run: async (form) => {
      const wanted = {
        subject: String(form.get('subject')).trim(), access: form.get('access'), retain_s: spanOf(form, 'retain_s'), history: form.get('history'),
        idle_s: spanOf(form, 'idle_s'), slow_s: spanOf(form, 'slow_s'), speak: form.get('speak'), members_invite: form.has('members_invite'), hide_reasons: form.has('hide_reasons'),
      };
      const change = Object.fromEntries(Object.entries(wanted).filter(([k, v]) => v !== /** @type {any} */ (p)[k]));
      if (Object.keys(change).length > 0) await store.rpc.call('room.policy', { room: room.id, ...change });
    },
  });
}

/** @param {Room} room */
export function close(room) {
  open({
    title: `Close ${name(room.name)} for everybody?`, grave: true, does: 'Close the room',
    body: [h('p', {}, 'The room ends for all its members, and they are told why. This cannot be undone.'), field('Why (everybody reads it)', h('input', { name: 'reason', maxlength: '256' }))],
    run: async (form) => {
      const reason = String(form.get('reason')).trim();
      await store.rpc.call('room.close', { room: room.id, ...(reason && { reason }) });
    },
  });
}

/** Replaces a room whose log has split. @param {Room} room */
export function renew(room) {
  open({
    title: `Replace ${name(room.name)}?`, does: 'Replace the room', grave: true,
    body: [h('p', {}, 'This is for a room that has stopped because its log has split. A new room takes its place: its bans stay, and its members are invited again.')],
    run: async () => {
      const made = await store.rpc.call('room.renew', { room: room.id });
      const sent = made.sent ?? [];
      open({
        title: `${name(made.name)} was replaced`, wide: true,
        body: [sent.length ? h('p', {}, 'These members were sent their invite: ', sent.map((/** @type {string} */ n) => nick(n)).join(', ')) : null,
          ...made.invites.map((/** @type {import('./types.js').Invite} */ i) => h('div', {}, h('p', {}, 'For ', bdi(nick(i.nick)), untilText(i.expires), ':'), copyable(i.invite ?? '', `The invite of ${nick(i.nick)}`)))],
      });
    },
  });
}
