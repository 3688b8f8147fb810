// Events, policies and removals as texts for people.

import { name, nick, phrase } from './safe.js';

/** @typedef {import('./types.js').NodeEvent} NodeEvent */

/** The entry of a table for a key that a peer may have chosen. @param {Record<string, string>} table @param {string|undefined} key */
export function entry(table, key) { return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined; }

/** @param {number} n @param {string} one @param {string} [many] */
export function count(n, one, many = `${one}s`) { return `${n} ${n === 1 ? one : many}`; }

const units = /** @type {[number, string][]} */ ([[604800, 'week'], [86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']]);

/** A number of seconds: 1 day 2 hours. @param {number} s */
export function seconds(s) {
  const parts = [];
  for (const [length, unit] of units) {
    const n = Math.floor(s / length);
    if (n > 0) parts.push(count(n, unit));
    s -= n * length;
  }
  return parts.slice(0, 2).join(' ') || '0 seconds';
}

/** About how long: 3 min, 2 h. @param {number} s */
export function about(s) {
  if (s < 60) return 'less than a minute';
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

const clockForm = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }); // as the consoles
const dayForm = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' });
const dateForm = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long' });

/** @param {number|string} at */
export function clock(at) { return clockForm.format(new Date(at)); }

/** @param {number|string} at */
export function day(at) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return 'Today';
  return days === 1 ? 'Yesterday' : dayForm.format(new Date(at));
}

/** A time today as HH:MM, another time with its date. @param {string} at */
export function moment(at) {
  const d = new Date(at);
  return d.toDateString() === new Date().toDateString() ? clock(at) : `${dateForm.format(d)}, ${clock(at)}`;
}

/** The end of something, such as a ban: until 14:30. @param {string|undefined} until */
export function untilText(until) { return until ? ` until ${moment(until)}` : ''; }

/** @param {string|undefined} text */
function because(text) { return text ? `: ${phrase(text)}` : ''; }

/** @param {string} kind */
export function deed(kind) { return kind === 'kicked' || kind === 'banned' ? kind : 'removed'; }

/** @type {Record<string, string>} */
export const accessWords = {
  open: 'everybody may come in', knock: 'people knock, and the owner lets them in', invite: 'only people with an invite come in',
};

/** @type {Record<string, string>} */
export const historyWords = { none: 'only lines said while they are here', 'since-join': 'lines said since they joined', all: 'all lines that are still kept' };

/** @type {[string, string, (p: any) => string][]} */
const rules = [
  ['subject', 'the subject', (p) => phrase(p.subject) || 'none'],
  ['access', 'who may join', (p) => entry(accessWords, p.access) ?? name(p.access)],
  ['retain_s', 'how long lines are kept', (p) => seconds(p.retain_s)],
  ['history', 'what new members see', (p) => entry(historyWords, p.history) ?? name(p.history)],
  ['idle_s', 'when the room closes by itself', (p) => (p.idle_s ? `after ${seconds(p.idle_s)} without a line` : 'never')],
  ['speak', 'who may talk', (p) => (p.speak === 'voiced' ? 'the owner, the deputies, and members with a voice' : 'everybody in the room')],
  ['slow_s', 'how often a member may say something', (p) => (p.slow_s ? `one line every ${seconds(p.slow_s)}, except for the owner and the deputies` : 'as often as they like')],
  ['members_invite', 'who may invite', (p) => (p.members_invite ? 'every member' : 'the owner')],
  ['hide_reasons', 'who sees why a member was removed', (p) => (p.hide_reasons ? 'only the removed member' : 'everybody in the room')],
];

/** The policy of a room, a part a row. @param {import('./types.js').Policy} p @returns {[string, string][]} */
export function policyRows(p) { return rules.map(([, title, value]) => [title[0].toUpperCase() + title.slice(1), value(p)]); }

/** @param {NodeEvent} e */
function changed(e) {
  const deeds = rules.filter(([field]) => e.changed?.includes(field)).map(([field, title, value]) => {
    if (field === 'subject') return e.subject ? `set the subject: ${value(e)}` : 'removed the subject';
    return `changed ${title}: ${value(e)}`;
  });
  return `${e.by_nick || e.by ? nick(e.by_nick, e.by) : 'The owner'}${e.for_nick ? `, for ${nick(e.for_nick, e.for)},` : ''} ${deeds.join('; ') || 'changed the rules of the room'}`;
}

/** What to do about a warning, if the page can do something about it. @type {Record<string, string>} */
export const warned = {
  renew: '; “Replace the room”, in the menu of the room, creates it again', knocks: '; they are listed above the place where you write',
  twin: '; to give this one another identity, move its data directory away first',
};

/** The note that an event makes in the transcript of its room; "" for none. @param {NodeEvent} e */
export function note(e) {
  const who = nick(e.nick, e.peer);
  switch (e.type) {
    case 'member_joined': return `${who} joined`;
    case 'member_left': return `${who} left`;
    case 'member_removed': return `${who} was ${deed(e.kind)}${byText(/** @type {any} */ (e))}${untilText(e.until)}`;
    case 'removal_reason': return `Why ${who} was removed: ${phrase(e.text)}`;
    case 'member_muted': return `${who} was muted${byText(/** @type {any} */ (e))}${untilText(e.until)}`;
    case 'mute_reason': return `Why ${who} was muted: ${phrase(e.text)}`;
    case 'muted': return mutedText(/** @type {any} */ (e));
    case 'unmuted': return e.self ? 'You are no longer muted' : `${who} is no longer muted`;
    case 'voiced': return `${e.self ? 'You have' : `${who} has`} a voice${untilText(e.until)}`;
    case 'unvoiced': return `${e.self ? 'You have' : `${who} has`} no voice any more`;
    case 'hand': return `${who} asks for a voice`;
    case 'hand_gone': return `${who} no longer asks for a voice`;
    case 'warned': return `${nick(e.by_nick, e.by)}${e.for_nick || e.for ? `, for ${nick(e.for_nick, e.for)},` : ''} warns you${because(e.text)}`;
    case 'member_warned': return `${who} was warned${byText(/** @type {any} */ (e))} (${count(e.count, 'time')} by now)${because(e.text)}`;
    case 'warning_told': return `${who} has got the warning`;
    case 'order_settled': return `Your order “${name(e.order)}${e.peer ? ` ${who}` : ''}”, which had no answer, was ${e.done ? 'carried out' : 'not carried out: give it again'}`;
    case 'renamed': return e.self ? `You are ${who} now` : `${nick(e.old_nick, e.peer)} is ${who} now`;
    case 'unbanned': return `${who} is no longer banned`;
    case 'appeal': return `${who}, ${deed(e.kind)} by ${nick(e.by_nick, e.by)}, appeals: ${phrase(e.text)}`;
    case 'appeal_gone': return `The appeal of ${who} is over`;
    case 'member_pardoned': return `${who} was pardoned${byText(/** @type {any} */ (e))}, and may come back`;
    case 'pardon_told': return `${who} knows of the pardon`;
    case 'knock_gone': return `${who} no longer knocks`;
    case 'hidden': return `${count(e.ids.length, 'line')} of ${who} no longer ${e.ids.length === 1 ? 'counts and is' : 'count and are'} hidden: sent after the removal or mute`;
    case 'policy': return changed(e);
    case 'deputies': return deputies(e);
    case 'transfer_offered': return e.until ? `${nick(e.nick, e.by)} offers you this room${untilText(e.until)}` : 'The room is no longer offered to you';
    case 'owner_changed': return e.self ? 'You own this room now' : `${nick(e.from_nick, e.from)} gave the room to ${who}, who owns it now`;
    case 'owner_back': return `The owner is back after ${about(e.for_s)}`;
    case 'gap': return `${count(e.lost, 'event')} came too fast for this page; the lines are all here`;
    case 'warning': return phrase(e.text) + (entry(warned, e.code) ?? '');
    case 'epoch': return `The room has key ${e.epoch}${e.missing?.length ? `; ${count(e.missing.length, 'member does', 'members do')} not have it yet` : ''}`;
  }
  return '';
}

/** That somebody is away, and why. @param {string|undefined} text */
export function awayWords(text) { return text ? `away: ${phrase(text)}` : 'away'; }

/** Who decided something and, if that was a deputy, for which owner. @param {{by?: string, by_nick?: string, for?: string, for_nick?: string}} e */
function byText(e) {
  if (!e.by_nick && !e.by) return '';
  return ` by ${nick(e.by_nick, e.by)}${e.for_nick || e.for ? `, for ${nick(e.for_nick, e.for)}` : ''}`;
}

/** Who became a deputy, and who is none any more. @param {NodeEvent} e */
function deputies(e) {
  if (e.changed && e.mine) return 'You are a deputy of this room: you may let people in, remove, mute and warn them, say who may talk, and set the subject and who may join, while the owner’s node runs';
  if (e.changed) return 'You are no longer a deputy of this room';
  const named = (/** @type {{peer: string, nick: string}} */ d) => nick(d.nick, d.peer);
  return [...e.named.map((/** @type {any} */ d) => `${named(d)} is a deputy now`), ...e.dropped.map((/** @type {any} */ d) => `${named(d)} is no longer a deputy`)].join('; ');
}

/** @param {string} what @param {{peer: string, nick: string}[]|undefined} all */
function people(what, all) { return all?.length ? `: ${what} ${all.map((d) => nick(d.nick, d.peer)).join(', ')}` : ''; }

/** What one entry of the log says. @param {any} e */
export function auditText(e) {
  const who = nick(e.nick, e.peer);
  const by = nick(e.by_nick, e.by) + (e.for ? `, for ${nick(e.for_nick, e.for)},` : '');
  switch (e.what) {
    case 'created': return `${by} created the room`;
    case 'admitted': return `${by} let in ${who}`;
    case 'left': return `${who} left`;
    case 'renamed': return `${nick(e.old_nick, e.peer)} became ${who}`;
    case 'policy': return `${by} changed ${rules.filter(([field]) => e.changed?.includes(field)).map(([, title]) => title).join(', ') || 'the rules of the room'}`;
    case 'deputies': return `${by} changed the deputies${people('named', e.named)}${people('dismissed', e.dropped)}`;
    case 'transferred': return `${by} gave the room to ${who}`;
    case 'closed': return `${by} closed the room`;
    case 'unbanned': return `${by} lifted the ban of ${who}`;
  }
  return `${by} ${name(e.what)}${e.peer ? ` ${who}` : ''}${untilText(e.until)}${because(e.reason)}`;
}

/** Says that I am muted, by whom, until when and why. @param {import('./types.js').Muted} m */
export function mutedText(m) {
  return `You are muted${byText(m)}${untilText(m.until)}${because(m.text)}. You can still read, and a line for the owner alone still arrives`;
}

/** That somebody is being removed or muted. @param {import('./types.js').Progress} p */
export function removing(p) { return `${nick(p.nick, p.peer)} was ${p.kind === 'muted' ? 'muted' : deed(p.kind)}`; }

/** How far a removal has got. @param {import('./types.js').Progress} p */
export function progress(p) {
  const who = nick(p.nick, p.peer);
  const rest = (p.missing ?? []).map((m) => nick(m));
  if (p.told && p.applied >= p.total) return `${who} has been told, and everybody has applied it`;
  return `${who} ${p.told ? 'has been told' : 'has not been told yet'}; applied by ${p.applied} of ${p.total}${rest.length ? `, waiting for ${rest.join(', ')}` : ''}`;
}

/** A heading that says how I lost my place. @param {import('./types.js').Removed} r @param {string} room */
export function removedTitle(r, room) {
  switch (r.kind) {
    case 'kicked': return `You were removed from ${room}`;
    case 'banned': return `You are banned from ${room}`;
    case 'closed': case 'idle': return `${room} was closed`;
    case 'invite-revoked': return `Your invite to ${room} was revoked`;
  }
  return `You are no longer in ${room}`;
}

/** @param {import('./types.js').Removed} r */
export function banIsOver(r) { return r.until !== undefined && Date.parse(r.until) <= Date.now(); }

/** What a removed person can do. @param {import('./types.js').Removed} r */
export function afterRemoval(r) {
  switch (r.kind) {
    case 'closed': return 'The room has ended for everybody. You can enter or create another one.';
    case 'idle': return 'Nobody said anything for too long, so the room has ended. You can enter or create another one.';
    case 'banned': return banIsOver(r) ? 'The ban is over. You may ask to come back; the owner decides.' : r.until ? `You can ask to come back after ${moment(r.until)}.` : 'You cannot come back until the ban is lifted.';
    case 'invite-revoked': return 'Ask the owner for a new invite.';
  }
  return 'You may ask to come back; the owner decides.';
}

/** @param {import('./types.js').Removed} r */
export function removedBecause(r) { return because(r.text).slice(2); }
