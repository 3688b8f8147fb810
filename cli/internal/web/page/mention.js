// Whether a text names somebody, by the rule of the consoles: a name counts if it is a word of its own, case does not matter, and in a
// script without blanks between words a name counts wherever it occurs.

const inWord = /^[\p{L}\p{Nd}\p{M}_-]$/u;
const noBlanks = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}\p{Script=Javanese}\p{Script=Balinese}]$/u;
const hangul = /^\p{Script=Hangul}$/u;

/** @param {string} s */
function sameLetters(s) { return s.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC'); }

/**
 * Whether b, after a, may belong to the same word.
 * @param {string} a @param {string} b @param {boolean} end whether a is the end of the name
 */
function goesOn(a, b, end) {
  if (!inWord.test(a) || !inWord.test(b)) return false;
  if (/^\p{M}$/u.test(b)) return true;
  if (noBlanks.test(a) || noBlanks.test(b)) return end && /^[\p{Nd}_-]$/u.test(b);
  if (hangul.test(a) !== hangul.test(b)) return !/^\p{L}$/u.test(a) || !/^\p{L}$/u.test(b);
  return !(end && hangul.test(a)); // a particle follows the name
}

/** @param {string} text @param {string} nick */
export function mentions(text, nick) {
  const all = sameLetters(text);
  const wanted = sameLetters(nick);
  if (wanted === '') return false;
  const letters = [...wanted];
  for (let i = all.indexOf(wanted); i >= 0; i = all.indexOf(wanted, i + 1)) {
    const before = [...all.slice(Math.max(0, i - 2), i)].pop() ?? '';
    const after = [...all.slice(i + wanted.length, i + wanted.length + 2)][0] ?? '';
    if (!goesOn(before, letters[0], false) && !goesOn(letters[letters.length - 1], after, true)) return true;
  }
  return false;
}
