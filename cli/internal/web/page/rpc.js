// JSON-RPC 2.0 over a WebSocket, one object in each text message. If the connection is lost, the page connects again, after pauses that
// grow.

import { alive, socketURL } from './session.js';

/** The first pause between two attempts, and the longest, in milliseconds. */
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 8000;

/** How long a node may take to answer a request for which it asks no other node, in milliseconds. It is waited for in steps of PAUSE. */
const PATIENCE = 10_000;
const PAUSE = 1000;

/** An error from the node, or of the connection. */
export class RpcError extends Error {
  /** @param {string} text @param {import('./types.js').ErrorData} data */
  constructor(text, data) {
    super(text);
    this.data = data;
  }
  get code() { return this.data.code; }
}

/** @typedef {{resolve: (r: any) => void, reject: (e: Error) => void, asked?: (room: string, until: string) => void}} Waiting */
/**
 * The state of the connection. The page connects again unless it is `denied`: the server does not know this page. `ended`: the server has
 * said that it ends; `asleep`: the server answers, but no node runs; `silent`: the node does not answer; `full`: too many programs are
 * attached; `blocked`: the server answers requests, but no connection gets through; `lost`: any other cause.
 * @typedef {'connecting'|'open'|'lost'|'ended'|'asleep'|'silent'|'full'|'blocked'|'denied'} Link
 */

/** The codes with which the server closes a connection. @type {Record<number, Link>} */
const ends = { 1001: 'ended', 4001: 'asleep', 4002: 'full', 4003: 'denied', 4004: 'silent' };

export class Rpc extends EventTarget {
  constructor() {
    super();
    /** @type {Link} */
    this.link = 'connecting';
    /** @type {WebSocket|null} */
    this.socket = null;
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
    this.last = 0;
    this.attempts = 0;
    this.timer = 0;
    /** The number of messages that have come. */
    this.heard = 0;
    /** The connection from which an answer is awaited. @type {WebSocket|null} */
    this.probed = null;
    /** How many connections in a row did not get through. */
    this.refused = 0;
    /** The command that starts a node, which the server has given; or ''. */
    this.again = '';
    /** @type {(event: import('./types.js').NodeEvent) => void} */
    this.onevent = () => {};
    /** Called when there is a connection. It calls opened() when the node has answered. */
    this.onopen = () => {};
    // A page that may have slept checks the connection at once.
    const wake = () => {
      this.retry();
      this.probe();
    };
    for (const what of ['online', 'pageshow']) addEventListener(what, wake);
    document.addEventListener('resume', wake);
    document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') wake(); });
  }

  connect() {
    clearTimeout(this.timer);
    const socket = new WebSocket(socketURL());
    this.socket = socket;
    let through = false;
    socket.onopen = () => {
      through = true;
      this.refused = 0;
      this.onopen();
    };
    socket.onmessage = (m) => {
      this.heard++;
      if (this.socket === socket && typeof m.data === 'string') this.take(m.data);
    };
    socket.onclose = (e) => {
      if (this.socket !== socket) return;
      if (!through) this.refused++;
      if (e.code === 4001) this.again = e.reason;
      void this.ended(ends[e.code] ?? 'lost');
    };
  }

  /** Checks whether the node answers. If nothing comes for PATIENCE, the node has stopped or the connection is dead; the page connects again. */
  probe() {
    const { socket, heard } = this;
    if (this.link !== 'open' || !socket || this.probed === socket) return;
    this.probed = socket;
    this.call('node.info').catch(() => {});
    // It waits in steps: if the page itself has slept, its timers fire at once, before it has read the messages that have come.
    const look = (/** @type {number} */ left) => {
      if (this.socket !== socket || this.heard !== heard) this.probed = null;
      else if (left > 0) setTimeout(() => look(left - PAUSE), PAUSE);
      else {
        socket.close();
        void this.ended('silent');
      }
    };
    look(PATIENCE);
  }

  /** Tries again at once, if the connection is lost. */
  retry() {
    if (this.socket || this.link === 'denied' || this.link === 'connecting') return; // the first connection is the page's own to make
    this.attempts = 0;
    this.connect();
  }

  /** @param {Link} why */
  async ended(why) {
    this.socket = this.probed = null;
    const calls = [...this.waiting.values()];
    this.waiting.clear();
    // A server that has said that it ends, and a node that is silent, keep their state while they cannot be reached.
    if (why !== 'lost' || (this.link !== 'ended' && this.link !== 'silent')) this.become(why);
    for (const c of calls) c.reject(new RpcError('The connection to localchat was lost', { code: 'lost' }));
    try {
      if (why === 'lost') {
        const known = await alive();
        if (known === 'no') this.become('denied');
        else if (!this.socket && (known === 'other' || this.refused > 1)) this.become('blocked');
      }
    } catch { /* the server does not answer */ }
    if (this.link === 'denied' || this.socket) return;
    const pause = Math.min(FIRST_PAUSE * 2 ** this.attempts++, LONGEST_PAUSE);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), pause * (0.75 + Math.random() / 2));
  }

  /** Called when the node has answered. */
  opened() {
    this.attempts = 0;
    this.become('open');
  }

  /** @param {Link} link */
  become(link) {
    if (this.link === link) return;
    this.link = link;
    this.dispatchEvent(new Event('link'));
  }

  /**
   * Makes a request to the node.
   * @param {string} method @param {Record<string, any>} [params]
   * @param {{asked?: (room: string, until: string) => void, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  call(method, params = {}, { asked, signal } = {}) {
    const socket = this.socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new RpcError('There is no connection to localchat now', { code: 'lost', hint: 'it is being made again; try in a moment' }));
    }
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, asked });
      signal?.addEventListener('abort', () => { if (this.waiting.has(id)) void this.call('node.cancel', { request: id }).catch(() => {}); });
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /** @param {string} text */
  take(text) {
    const m = JSON.parse(text);
    if (m.method === 'event') return this.onevent(m.params);
    if (m.method === 'asked') return this.waiting.get(m.params.request)?.asked?.(m.params.room, m.params.until);
    const call = this.waiting.get(m.id);
    if (!call) return;
    this.waiting.delete(m.id);
    if (m.error) call.reject(new RpcError(m.error.message, m.error.data ?? { code: 'internal' }));
    else call.resolve(m.result);
  }
}
