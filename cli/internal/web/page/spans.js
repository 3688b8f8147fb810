// Lengths of time: one of several usual ones, or one that is typed as in a console.

import { field, select } from './dialogs.js';
import { h } from './dom.js';
import { RpcError } from './rpc.js';

/** @type {[string, number][]} */
const units = [['w', 604800], ['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
/** The longest length that a node can handle, in seconds: 292 years. */
const MAX = 9223372036;

/** Reads 90s, 10m, 2h, 1d, 2w or several of them, and returns seconds; null for anything else. @param {string} text */
export function parseSpan(text) {
  if (!/^(?:\d+[wdhms])+$/.test(text)) return null;
  let s = 0;
  for (const [, n, letter] of text.matchAll(/(\d+)(.)/g)) s += Number(n) * (units.find(([u]) => u === letter)?.[1] ?? 0);
  return s > 0 && s <= MAX ? s : null;
}

/** A length in the form that parseSpan reads. @param {number} s */
function spanText(s) {
  let text = '';
  for (const [letter, length] of units) {
    const n = Math.floor(s / length);
    if (n > 0) text += `${n}${letter}`;
    s -= n * length;
  }
  return text;
}

/** The value of the choice that opens a field. */
const OTHER = 'other';

/**
 * A field for a length of time, to be read by spanOf.
 * @param {string} nameOf @param {string} label @param {[string, string][]} choices seconds and labels @param {string} chosen seconds, which may be none of the choices
 * @param {string} [help]
 */
export function spanField(nameOf, label, choices, chosen, help) {
  const known = choices.some(([s]) => s === chosen);
  const list = select(nameOf, [...choices, [OTHER, 'another time…']], known ? chosen : OTHER);
  const typed = h('input', { name: `${nameOf}-typed`, value: known ? '' : spanText(Number(chosen)), placeholder: '45m, 2h, 3d or 1h30m', 'aria-label': `${label}, as 45m, 2h or 3d`, autocomplete: 'off', spellcheck: 'false', hidden: known });
  list.addEventListener('change', () => {
    typed.hidden = list.value !== OTHER;
    if (!typed.hidden) typed.focus();
  });
  const all = field(label, list, help);
  list.after(typed);
  return all;
}

/** The seconds that a spanField holds. @param {FormData} form @param {string} nameOf */
export function spanOf(form, nameOf) {
  const chosen = String(form.get(nameOf));
  if (chosen !== OTHER) return Number(chosen);
  const typed = String(form.get(`${nameOf}-typed`)).trim();
  const s = parseSpan(typed.replace(/\s/g, ''));
  if (s === null) throw new RpcError(typed === '' ? 'No length of time is typed' : `“${typed}” is not a length of time`, { code: 'invalid', hint: 'write 90s, 45m, 2h, 3d or 1h30m' });
  return s;
}

/** A reason that may begin with a length of time, as after /ban. @param {string} text @returns {[string, string]} seconds, '' for none; the reason */
export function cutSpan(text) {
  const [first, rest] = /^(\S*)\s*(.*)$/s.exec(text)?.slice(1) ?? ['', ''];
  const s = parseSpan(first);
  return s === null ? ['', text] : [String(s), rest];
}
