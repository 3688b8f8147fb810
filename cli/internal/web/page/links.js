// Web addresses in a text, by the rules of the consoles: a link leads exactly where its text says. An address stays plain text if it
// has another scheme, a user name before its host, letters that are not ASCII, or a host that a browser reads in another way.

/**
 * The address in a word without blanks, and where it begins; null if there is none.
 * @param {string} word
 * @returns {{at: number, address: string} | null}
 */
export function addressIn(word) {
  const at = word.indexOf('http');
  if (at < 0 || (at > 0 && /[0-9A-Za-z]/.test(word[at - 1]))) return null;
  let address = word.slice(at).replace(/(?:[.,;:!?'"\]>]|(?!…)(?=[^\x00-\x7f])\p{P})+$/u, '');
  while (address.endsWith(')') && address.split(')').length > address.split('(').length) {
    address = address.slice(0, -1).replace(/[.,;:!?'"]+$/, '');
  }
  return isWebAddress(address) ? { at, address } : null;
}

/** @param {string} text */
function isWebAddress(text) {
  const parts = /^https?:\/\/([^/?#]+)([/?#].*)?$/.exec(text);
  if (!parts || /[^\x21-\x7e]|["<>[\]\\^`{|}]/.test(parts[2] ?? '') || /%(?![0-9A-Fa-f]{2})/.test(text)) return false;
  const authority = parts[1];
  let url;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  if (url.username || url.password || /[^A-Za-z0-9.:[\]-]/.test(authority)) return false;
  const host = authority.replace(/:\d*$/, '').toLowerCase();
  const last = host.split('.').at(-1) ?? '';
  if (/^\d/.test(last) && !/^\d+(\.\d+){3}$/.test(host)) return false; // a browser reads it as a number
  // The browser must read the host as it is shown: no numbers in other forms, no letters in disguise.
  return url.hostname === host && !host.split('.').some((label) => label === '' || label.startsWith('xn--'));
}

/**
 * Splits a text into plain parts and addresses.
 * @param {string} text
 * @returns {{text: string, link: boolean}[]}
 */
export function split(text) {
  if (!text.includes('://')) return [{ text, link: false }];
  const parts = [];
  let done = 0;
  for (const word of text.matchAll(/\S+/g)) {
    const found = addressIn(word[0]);
    if (!found) continue;
    const start = word.index + found.at;
    if (start > done) parts.push({ text: text.slice(done, start), link: false });
    parts.push({ text: found.address, link: true });
    done = start + found.address.length;
  }
  if (done < text.length) parts.push({ text: text.slice(done), link: false });
  return parts;
}

/** @param {string} address */
export function hostOf(address) { return new URL(address).host; }
