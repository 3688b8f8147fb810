// The element for one item of a transcript.

import { bdi, button, h, hue } from './dom.js';
import * as links from './links.js';
import { message, nick } from './safe.js';
import { clock, day, progress } from './words.js';

/** @typedef {import('./types.js').Item} Item */

/** Lines of one author that follow each other within this time, in milliseconds, have one head. */
const GROUP = 5 * 60 * 1000;

let dayFrom = 0; // the day of the item that was looked at last
let dayTo = 0;

/** @param {number} a @param {number} b */
function sameDay(a, b) {
  if (a < dayFrom || a >= dayTo) {
    dayFrom = new Date(a).setHours(0, 0, 0, 0);
    dayTo = new Date(a).setHours(24, 0, 0, 0);
  }
  return b >= dayFrom && b < dayTo;
}

/** @param {Item|undefined} before @param {Item} item */
export function follows(before, item) {
  return before !== undefined && before.kind === 'line' && item.kind === 'line' && before.peer === item.peer && !before.action && !item.action && !item.calls && !item.late &&
    item.at - before.at < GROUP && sameDay(before.at, item.at);
}

/** @param {Item|undefined} before @param {Item} item */
export function newDay(before, item) { return before === undefined || !sameDay(before.at, item.at); }

/**
 * Everything that the element of an item shows, as a text: it is made again only when this changes.
 * @param {Item} item @param {Item|undefined} before @param {boolean} isNew @param {string} mark of its author
 */
export function shown(item, before, isNew, mark) {
  return `${item.version} ${follows(before, item)} ${newDay(before, item) ? day(item.at) : ''} ${isNew} ${mark}`;
}

/** How many characters and rows of a line are shown. A button shows the rest: a screen of long lines has to stay quick. */
const LONG = 3000;
const TALL = 40;

/** A text that was said. @param {string} text */
function said(text) {
  const all = message(text);
  let short = all.slice(0, LONG);
  const rows = short.split('\n');
  if (rows.length > TALL) short = rows.slice(0, TALL).join('\n');
  if (short.length === all.length) return h('div', { class: 'text', dir: 'auto' }, ...linked(all));
  const el = h('div', { class: 'text', dir: 'auto' }, ...linked(short.replace(/[\ud800-\udbff]$/, '')), '… ',
    button(`Show all (${Math.ceil(all.length / 1024)} KB)`, () => el.replaceChildren(...linked(all)), { class: 'more' }));
  return el;
}

/** Text with its addresses as links. @param {string} text */
function linked(text) {
  return links.split(text).map((part) => {
    if (!part.link) return part.text;
    return h('a', { href: part.text, rel: 'noopener noreferrer', target: '_blank', 'data-ask': 'yes' }, part.text);
  });
}

/** @param {number} at */
function time(at) {
  const text = clock(at);
  return h('time', { datetime: new Date(at).toISOString(), title: `${day(at)}, ${text}` }, text);
}

/** @param {Item} item @param {string} mark */
function author(item, mark) {
  const who = nick(item.nick, item.peer);
  return h('span', { class: `author ${hue(item.peer ?? '')}` },
    h('button', { type: 'button', class: 'name', tabindex: '-1', 'data-person': item.peer, title: `About ${who}` }, bdi(who)),
    mark === '✓' ? h('span', { class: 'verified', title: 'You have compared words with them' }, '✓', h('span', { class: 'unseen' }, ' verified')) : null,
    mark === '!' ? h('span', { class: 'alarm', title: 'Not the person of this name that you verified' }, '! another key') : null);
}

/**
 * @param {Item} item @param {Item|undefined} before @param {boolean} isNew whether the lines that are new begin here
 * @param {string} mark of its author: verified, another key, or nothing
 */
export function element(item, before, isNew, mark) {
  const box = h('div', { class: 'entry' });
  if (newDay(before, item)) box.append(h('div', { class: 'rule day' }, h('span', {}, day(item.at))));
  if (isNew) box.append(h('div', { class: 'rule new' }, h('span', {}, 'New')));
  box.append(item.kind === 'note' ? noteOf(item) : lineOf(item, follows(before, item) && !isNew, mark));
  return box;
}

/** @param {Item} item */
function noteOf(item) {
  return h('div', { class: item.fault ? 'note alarm' : 'note' }, time(item.at), ' ', bdi(item.text),
    item.progress ? h('span', { class: 'progress' }, progress(item.progress)) : null);
}

/** @param {Item} item @param {boolean} grouped @param {string} mark */
function lineOf(item, grouped, mark) {
  const kinds = ['line', grouped && 'grouped', item.self && 'mine', item.calls && 'calls', item.kind === 'direct' && 'direct', item.pending && 'pending', item.action && 'action'];
  const text = said(item.text);
  const who = nick(item.nick, item.peer);
  const tags = [
    item.kind === 'direct' && h('span', { class: 'tag' }, item.to !== undefined ? 'only to ' : 'only to you', item.to !== undefined && bdi(nick(item.to))),
    item.calls && item.kind === 'line' && h('span', { class: 'tag' }, 'names you'),
    item.late && h('span', { class: 'tag', title: 'It arrived long after it was said' }, 'late'),
    item.pending && h('span', { class: 'tag wait', title: 'Nobody else has this line yet' }, 'not delivered yet'),
  ];
  if (item.action) {
    return h('div', { class: kinds.filter(Boolean).join(' ') }, h('div', { class: 'deed' }, '✻ ', author(item, mark), ' ', text, time(item.at), ...tags));
  }
  if (grouped) {
    return h('div', { class: kinds.filter(Boolean).join(' ') }, h('span', { class: 'unseen' }, bdi(who), ': '), time(item.at), text, h('span', { class: 'tags' }, ...tags.filter((t) => t !== false && t !== undefined)));
  }
  return h('div', { class: kinds.filter(Boolean).join(' ') },
    h('span', { class: `face ${hue(item.peer ?? '')}`, 'aria-hidden': 'true' }, initial(who)),
    h('div', { class: 'head' }, author(item, mark), time(item.at), ...tags), text);
}

/** The first letter of a name. @param {string} who */
export function initial(who) { return [...who.replace(/^~/, '')][0]?.toUpperCase() ?? '?'; }
