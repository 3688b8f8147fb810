// The commands of the consoles, for people who know them. Each does the same as a button; none is ever said as a line.

import { attempt } from './dialogs.js';
import * as node from './dialogs-node.js';
import * as owner from './dialogs-owner.js';
import * as rooms from './dialogs-room.js';
import { toggleDrawer } from './drawers.js';
import { knock } from './knocks.js';
import { say } from './outgoing.js';
import { away, back, person, rename } from './dialogs-person.js';
import { name } from './safe.js';
import { store } from './store.js';

/** @typedef {import('./store.js').Room} Room */

/** The member with that nick, or with that end of its peer ID. @param {Room} room @param {string} who */
function member(room, who) {
  const same = (/** @type {string} */ a) => a.normalize('NFKC').toLowerCase() === who.normalize('NFKC').toLowerCase();
  const fits = room.members.filter((m) => same(m.nick) || (who.length >= 4 && (m.peer.endsWith(who) || m.peer.startsWith(who))));
  return fits.length === 1 ? fits[0] : null;
}

/**
 * @typedef {{what: string, owner?: boolean, moderator?: boolean, run: (room: Room, rest: string) => string|void}} Command
 */

/** @param {(m: import('./types.js').Member, room: Room, rest: string) => string|void} run @returns {(room: Room, rest: string) => string|void} */
const about = (run) => (room, rest) => {
  const [who, ...words] = rest.split(/\s+/);
  if (!who) return 'Write the name of a member after the command.';
  const m = member(room, who);
  if (!m) return `Nobody, or more than one member, is called ${name(who)} here. Nothing was done.`;
  return run(m, room, words.join(' '));
};

/** @type {Record<string, Command>} */
const commands = {
  me: { what: 'TEXT says what you do', run: (room, rest) => (rest ? void say(store, room, rest, true) : 'Write what you do after /me.') },
  msg: { what: 'NAME TEXT sends a line to one member', run: about((m, room, rest) => {
    if (!rest) return 'Write the text after the name.';
    const was = room.to;
    room.to = { peer: m.peer, nick: m.nick };
    say(store, room, rest);
    room.to = was;
  }) },
  nick: { what: 'NAME changes your name in the room', run: (room, rest) => rename(room, rest) },
  away: { what: 'TEXT tells the others that you are away', run: (room, rest) => { away(room, rest); } },
  back: { what: 'tells them that you are back', run: (room) => { back(room); } },
  help: { what: 'explains the page', run: () => node.help() },
  join: { what: 'enters another room', run: () => store.show('') },
  rooms: { what: 'shows the rooms', run: () => store.show('') },
  create: { what: 'creates a room', run: () => rooms.createRoom('') },
  leave: { what: 'leaves the room', run: (room) => rooms.leave(room) },
  whois: { what: 'NAME shows a member', run: about((m, room) => person(room, m.peer)) },
  members: { what: 'shows who is here', run: () => toggleDrawer('people') },
  switch: { what: 'NAME goes to another room', run: (_room, rest) => {
    const to = [...store.rooms.values()].find((r) => r.name === rest);
    return to ? store.show(to.id) : 'You are in no room of that name.';
  } },
  verify: { what: 'NAME shows a member’s words', run: about((m, room) => person(room, m.peer)) },
  ignore: { what: 'NAME hides what a member says, from you alone', run: about((m, room) => { attempt(store.rpc.call('node.ignore', { room: room.id, who: m.peer, ignored: true }).then(() => store.people(room))); }) },
  unignore: { what: 'NAME undoes an ignore', run: () => node.ignoredPeople() },
  ignored: { what: 'lists the people that you ignore', run: () => node.ignoredPeople() },
  verified: { what: 'lists the people that you have verified', run: () => node.verifiedPeople() },
  whoami: { what: 'shows your words', run: () => node.aboutMe() },
  net: { what: 'shows your addresses', run: () => node.aboutMe() },
  doctor: { what: 'checks the network', run: () => node.checkNetwork() },
  search: { what: 'TEXT finds lines', run: (room, rest) => rooms.search(room, rest) },
  save: { what: 'saves the lines that are kept', run: (room) => rooms.save(room) },
  clear: { what: 'clears the screen', run: (room) => rooms.clear(room) },
  log: { what: 'shows the log', run: () => node.log() },
  set: { what: 'shows the settings', run: () => node.settingsDialog() },
  share: { what: 'hands out the program on a web page', run: (room) => void rooms.share(room) },
  audit: { what: 'shows who did what in the room', run: (room) => owner.audit(room) },
  policy: { what: 'shows the rules of the room', run: (room) => void owner.policy(room) },
  invite: { what: '[NAME] [FOR] makes an invite', run: (room, rest) => owner.invite(room, rest) },
  invites: { what: 'lists the open invites', moderator: true, run: (room) => void owner.invites(room) },
  accept: { what: 'NAME lets in somebody who knocks', moderator: true, run: (room, rest) => { attempt(store.rpc.call('room.accept', { room: room.id, who: rest.trim() })); } },
  deny: { what: 'NAME turns away somebody who knocks', moderator: true, run: (room, rest) => {
    const k = room.knocks.find((x) => x.nick === rest.trim());
    return k ? knock.deny(room, k) : 'Nobody of that name knocks.';
  } },
  kick: { what: 'NAME [REASON] removes a member', moderator: true, run: about((m, room, rest) => owner.remove(room, m, false, rest)) },
  pardon: { what: 'NAME lets a removed member come back', moderator: true, run: (room, rest) => { attempt(store.rpc.call('room.pardon', { room: room.id, who: rest.trim() })); } },
  appeals: { what: 'shows what removed members have written, above the input', moderator: true, run: () => {} },
  appeal: { what: 'TEXT writes to the owner of the room that removed you last', run: (_room, rest) => { attempt(store.rpc.call('room.appeal', { text: rest.trim() })); } },
  warn: { what: 'NAME TEXT warns a member, who alone reads it', moderator: true, run: about((m, room, rest) => owner.warn(room, m, rest)) },
  mute: { what: 'NAME [FOR] [REASON] stops what a member says from reaching anybody', moderator: true, run: about((m, room, rest) => owner.mute(room, m, rest)) },
  unmute: { what: 'NAME lifts a mute', moderator: true, run: about((m, room) => { attempt(store.rpc.call('room.unmute', { room: room.id, who: m.peer })); }) },
  voice: { what: 'NAME lets a member talk where only some may', moderator: true, run: about((m, room) => { attempt(store.rpc.call('room.voice', { room: room.id, who: m.peer })); }) },
  unvoice: { what: 'NAME takes a member’s voice back', moderator: true, run: about((m, room) => { attempt(store.rpc.call('room.unvoice', { room: room.id, who: m.peer })); }) },
  floor: { what: 'NAME gives a voice for 5 minutes', moderator: true, run: about((m, room) => { attempt(store.rpc.call('room.voice', { room: room.id, who: m.peer, for_s: 300 })); }) },
  hand: { what: '[down] asks the owner and the deputies for a voice', run: (room, rest) => { attempt(store.rpc.call('room.hand', { room: room.id, down: rest.trim() === 'down' })); } },
  hands: { what: 'shows who asks for a voice', moderator: true, run: () => toggleDrawer('people') },
  ban: { what: 'NAME [FOR] [REASON] removes a member and keeps them out', moderator: true, run: about((m, room, rest) => owner.remove(room, m, true, rest)) },
  unban: { what: 'lists the bans, to lift one', moderator: true, run: (room) => void owner.bans(room) },
  uninvite: { what: 'lists the open invites, to revoke one', moderator: true, run: (room) => void owner.invites(room) },
  bans: { what: 'lists the bans', moderator: true, run: (room) => void owner.bans(room) },
  subject: { what: 'sets the subject', moderator: true, run: (room) => void owner.policy(room) },
  deputy: { what: 'NAME makes a member a deputy', owner: true, run: about((m, room) => { attempt(store.rpc.call('room.deputy', { room: room.id, who: m.peer })); }) },
  undeputy: { what: 'NAME is no longer a deputy', owner: true, run: about((m, room) => { attempt(store.rpc.call('room.undeputy', { room: room.id, who: m.peer })); }) },
  deputies: { what: 'shows who is here, and which are deputies', run: () => toggleDrawer('people') },
  transfer: { what: 'NAME offers the room to a member, who owns it once they take it', owner: true, run: about((m, room) => owner.transfer(room, m)) },
  take: { what: 'takes this room, which its owner offers you', run: (room) => { attempt(store.rpc.call('room.take', { room: room.id })); } },
  close: { what: 'ends the room', owner: true, run: (room) => owner.close(room) },
  renew: { what: 'replaces a room whose log has split', owner: true, run: (room) => owner.renew(room) },
};

/**
 * Runs a command.
 * @param {Room} room @param {string} text without the slash
 * @returns {string} what is wrong, or ''
 */
export function runCommand(room, text) {
  const [word, ...rest] = text.trim().split(/\s+/);
  const c = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (!c) return `There is no command /${name(word)}. Nothing was said; to say it all the same, begin with two slashes.`;
  if (c.moderator && !room.owned && !room.deputy) return 'Only the owner of the room and its deputies may do that. Nothing was sent.';
  if (c.owner && !room.owned) return 'Only the owner of the room may do that. Nothing was sent.';
  return c.run(room, text.trim().slice(word.length).trim()) ?? '';
}

/** The commands that fit what has been typed. @param {string} text */
export function commandHelp(text) {
  const typed = /^\/([a-z]*)(\s|$)/.exec(text) ?? /^\/([a-z]*)$/.exec(text);
  if (!typed) return '';
  const fits = Object.keys(commands).filter((c) => (typed[2] ? c === typed[1] : c.startsWith(typed[1])));
  return fits.slice(0, 4).map((c) => `/${c} ${commands[c].what}`).join(' · ');
}
