// The link that opens the page carries a token that works once. It is exchanged for a session: a cookie, and a key that the browser
// keeps for this page's port alone. The token leaves the address bar.

/** Why the page may not speak with the node: its link was used before, or is wrong, or too many were tried; or it has no session. */
/** @typedef {'used'|'wrong'|'wait'|'none'} Denial */

const KEY = 'localchat.key';

function key() { return localStorage.getItem(KEY) ?? ''; }

/** The address of the WebSocket. */
export function socketURL() { return `ws://${location.host}/ws?key=${encodeURIComponent(key())}`; }

/**
 * Whether the server knows this page's session; `other`: something else answers in its place. It rejects if nobody answers.
 * @returns {Promise<'yes'|'no'|'other'>}
 */
export async function alive() {
  const answer = await fetch(`/session?key=${encodeURIComponent(key())}`, { cache: 'no-store' });
  if (answer.status === 204) return 'yes';
  return answer.status === 403 && (await answer.text()).trim() === 'no session' ? 'no' : 'other';
}

/**
 * Exchanges the token of the address, if there is one.
 * @returns {Promise<Denial|''>} '' if nothing is known to stand in the way
 */
export async function enter() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return '';
  history.replaceState(null, '', location.pathname);
  try {
    const answer = await fetch('/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }) });
    const result = await answer.json();
    if (answer.ok) {
      localStorage.setItem(KEY, result.key);
      return '';
    }
    if (await alive() === 'yes') return ''; // the link was used in this browser, which still has its session
    return result.error === 'used' || result.error === 'wait' ? result.error : 'wrong';
  } catch {
    return ''; // nobody answers: the connection says so, and tries again
  }
}
