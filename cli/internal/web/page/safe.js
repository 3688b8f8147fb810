// Makes text of others fit to be shown: nothing in it can reorder, hide or control other text, or reach into other rows. It follows
// cli/internal/safe, except that line breaks and tabs of a message stay, since a document is not a terminal.

/** How many runes of a text the page shows. A longer text is cut, and ends in "…". */
const MAX_NAME = 64;
const MAX_PHRASE = 512;
/** The longest text on the wire, in bytes, and so in runes. */
const MAX_MESSAGE = 64 << 10;
/** How many combining marks stay on one character. */
const MAX_MARKS = 4;

const plain = /^[\x20-\x7e]*$/;
// Escape sequences of a terminal, with their contents.
const escapes = /\x1b\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)|\x1b[\x20-\x2f]*[\x30-\x7e]/g;
const mark = /^\p{M}$/u;
const invisible = /^[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Cf}\u034f\u115f\u1160\u3164\uffa0\ufffc\u2065\ufff0-\ufff8\u{1d159}\u{13441}\u{13442}\u{16fe4}\u{e0000}-\u{e0fff}]$/u;
// Arabic, Syriac and Kaithi signs that are drawn although they are of the class Cf.
const drawn = /^[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]$/u;
const pictograph = /^[\p{So}\p{Sm}\u{1f3fb}-\u{1f3ff}]$/u;
const joined = new RegExp('^[' + [
  'Arabic', 'Syriac', 'Mandaic', 'Mongolian', 'Nko', 'Phags_Pa', 'Adlam', 'Hanifi_Rohingya', 'Manichaean', 'Sogdian', 'Devanagari', 'Bengali',
  'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar', 'Tibetan', 'Balinese', 'Javanese',
  'Sundanese', 'Chakma', 'Meetei_Mayek', 'Newa', 'Tirhuta', 'Grantha', 'Kaithi', 'Sharada', 'Saurashtra', 'Modi', 'Brahmi',
].map((s) => `\\p{Script=${s}}`).join('') + ']$', 'u');

const ZWJ = '\u200d';
const ZWNJ = '\u200c';

/** @param {string} r */
function forbidden(r) { return invisible.test(r) && !drawn.test(r); }

/**
 * Whether a joiner between last and next affects how a word is written or which emoji is shown.
 * @param {string} last @param {string} joiner @param {string} next
 */
function joins(last, joiner, next) {
  if (joined.test(last)) return true;
  return joiner === ZWJ && pictograph.test(last) && pictograph.test(next) && !forbidden(next);
}

/**
 * @param {string} s @param {number} limit @param {boolean} rows whether line breaks and tabs stay
 */
function clean(s, limit, rows) {
  if (s.length <= limit && plain.test(s)) return s;
  const runes = [...s.replace(/\r\n?/g, '\n').replace(escapes, '')];
  const out = [];
  let marks = MAX_MARKS; // so that a mark at the start is dropped: it would combine with the text in front
  let last = '';
  for (let i = 0; i < runes.length; i++) {
    let r = runes[i];
    if (r === '\n') {
      r = rows ? r : ' ⏎ ';
      marks = 0;
    } else if (r === '\t') {
      r = rows ? r : ' ';
      marks = 0;
    } else if (r === ZWJ || r === ZWNJ) {
      if (!joins(last, r, runes[i + 1] ?? '')) continue;
    } else if (/^\p{Cs}$/u.test(r)) {
      r = '\ufffd';
    } else if (forbidden(r)) {
      continue;
    } else if (mark.test(r)) {
      if (marks >= MAX_MARKS) continue;
      marks++;
    } else {
      marks = 0;
    }
    if (!mark.test(r)) last = r;
    if (out.length === limit) {
      out[limit - 1] = '…';
      break;
    }
    out.push(r);
  }
  return out.join('');
}

// Letters that are written from right to left. Text with them is isolated (U+2068, U+2069), so that the text around it keeps its order.
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** @param {string} s */
function isolated(s) { return rightToLeft.test(s) ? `\u2068${s}\u2069` : s; }

/** A nick, the name of a room or a code. @param {string|undefined} s */
export function name(s) { return isolated(clean(s ?? '', MAX_NAME, false)); }

/** A subject, a reason, a warning, words or an address. @param {string|undefined} s */
export function phrase(s) { return isolated(clean(s ?? '', MAX_PHRASE, false)); }

/** A text that was said, with its line breaks. @param {string|undefined} s */
export function message(s) { return clean(s ?? '', MAX_MESSAGE, true); }

/** The end of a peer ID, which distinguishes two people with one nick. @param {string} peer */
export function shortID(peer) { return name(peer.slice(-8)); }

// Words that lines of the program begin with. A person with such a nick is shown with the end of the peer ID.
const ownWords = new Set(['you', 'owner', 'system', 'why', 'key', 'policy', 'kick', 'ban', 'removal', 'your']);

/** A nick, or the end of the peer ID where there is none. @param {string|undefined} n @param {string} [peer] */
export function nick(n, peer = '') {
  const shown = name(n).trim();
  if (shown === '') return peer ? `~${shortID(peer)}` : 'somebody';
  return ownWords.has(shown.toLowerCase()) && peer ? `${shown}~${shortID(peer)}` : shown;
}
