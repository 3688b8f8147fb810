// What to do about an error, in the words of the page. The node gives a reason; for a reason that is not listed here, the page shows the
// node's own hint.

import { entry, moment, seconds } from './words.js';

/** @type {Record<string, string>} */
const byReason = {
  'unreachable': '“Check the network” says what is in the way',
  'no network': 'plug in a cable or connect to a Wi-Fi, then try again; “Check the network” says what is wrong',
  'nobody there': 'is localchat running there? “Network” there shows its addresses',
  'cannot dial': 'is localchat running there? “Network” there shows its addresses',
  'other version': 'use the same version of localchat on both machines',
  'not in that room': 'choose a room in the list',
  'not a member': 'ask to be let in again',
  'no room there': 'create a room',
  'room not found': 'is anybody from that room on this network? If the network blocks the search, ask the owner for an invite and paste it, or type HOST:PORT',
  'room gone': 'choose another room',
  'room closed': 'create a room, or choose another one',
  'several rooms': 'choose the one that you mean',
  'several rooms there': 'choose the one that you mean',
  'other owner': 'compare the words of the owner before you join',
  'own room': 'choose it in the list',
  'room exists': 'choose another name, or close the other room first',
  'room frozen': 'ask the owner in person; you can leave the room',
  'own room frozen': '“Replace the room” in its menu creates it again; its members are invited again and its bans stay',
  'owner leaves': 'close the room, or stay its owner and hide it',
  'no such person': 'the list of people shows who is here',
  'already in': 'the list of people shows who is here',
  'no member': 'the list of people shows who is here',
  'at the door': 'let them in, or turn them away',
  'message to self': 'choose another member to write to',
  'not verified': '“Verified people”, behind your name, lists them',
  'many verified': 'take the mark away from people whom you no longer meet',
  'not ignored': '“Ignored people”, behind your name, lists them',
  'many ignored': 'stop ignoring people whom you no longer meet',
  'owner only': 'the list of people shows the owner',
  'not at the door': 'they may have gone',
  'no such invite': 'it has been used, or has expired',
  'owner invites': 'ask the owner',
  'invite only': 'ask the owner for an invite, and paste it here',
  'nick taken': 'choose another name',
  'nick refused': 'choose another name: one word of at most {limit} letters of one script',
  'nick choice': 'choose another name',
  'other nick': 'to have another name there, press your name among the people of the room',
  'nick held': 'choose another name',
  'nick unfit': 'choose one word of at most {limit} letters of one script',
  'nick soon': 'try again in {wait}',
  'bad idle time': 'give 0 for never, or a time such as 6 hours',
  'bad voice': 'give a time such as 10 minutes, or none for a voice that lasts',
  'voiceless': 'raise your hand: the owner and the deputies see it',
  'bad slow': 'give a time such as 5 seconds or 1 minute',
  'bad retention': 'give a time such as 10 minutes or 1 day',
  'bad mute': 'give a time such as 10m, 2h or 1d, or none for a mute that lasts until it is lifted',
  'bad ban': 'choose one of the times',
  'no port': 'the address needs a port, as in {at}',
  'bad port': 'the address needs a port, as in 192.168.1.20:4001',
  'bad invite': 'copy the whole invite, from LOCALCHAT: to its end',
  'bad address': 'give an address such as 192.168.1.20:4001',
};

/**
 * Returns two texts for an error: what happened, and what to do.
 * @param {unknown} err
 * @returns {{text: string, hint: string}}
 */
export function explain(err) {
  if (!(err instanceof Error)) return { text: String(err), hint: '' };
  const data = /** @type {{data?: import('./types.js').ErrorData}} */ (err).data;
  if (!data) return { text: 'This page has a fault: ' + err.message, hint: 'reload it' };
  let hint = entry(byReason, data.reason) ?? data.hint ?? '';
  hint = hint.replace('{limit}', String(data.limit ?? '')).replace('{at}', data.at ?? '');
  if (data.reason === 'too soon' && data.retry_after_s) hint = `try again in ${seconds(data.retry_after_s)}`;
  if (data.until) hint = `you can ask again after ${moment(data.until)}`;
  if (data.nick) hint += `: ${data.nick} is free`;
  return { text: sentence(err.message), hint: sentence(hint) };
}

/** @param {string} s */
function sentence(s) {
  if (s === '') return s;
  return s[0].toUpperCase() + s.slice(1) + (/[.!?…]$/.test(s) ? '' : '.');
}
