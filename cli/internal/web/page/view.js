// A part of the page. It is drawn again when something that it shows has changed, at most once a frame.

import { store } from './store.js';

export class View extends HTMLElement {
  constructor() {
    super();
    this.due = false;
    /** @type {AbortController|null} */
    this.life = null;
  }

  /** The names of the changes in the store after which this view is drawn. @type {string[]} */
  get shows() { return []; }

  /** Draws. A view replaces this. */
  render() {}

  /** Called once, before the view is drawn for the first time. */
  begin() {}

  connectedCallback() {
    this.life = new AbortController();
    for (const what of this.shows) store.addEventListener(what, () => this.update(), { signal: this.life.signal });
    if (!this.dataset.begun) {
      this.dataset.begun = 'yes';
      this.begin();
    }
    this.render();
  }

  disconnectedCallback() { this.life?.abort(); }

  update() {
    if (this.due) return;
    this.due = true;
    const draw = () => {
      if (!this.due) return;
      this.due = false;
      if (this.isConnected) this.render();
    };
    requestAnimationFrame(draw);
    setTimeout(draw, 250); // because a page in the background gets no frames
  }

  /** The room that is shown. */
  get room() { return store.rooms.get(store.current); }
}

/**
 * Makes wanted the children of el. Children that stay are not touched, so that they keep their focus and their place.
 * @param {Element} el @param {HTMLElement[]} wanted
 */
export function arrange(el, wanted) {
  const keep = new Set(wanted);
  for (const child of [...el.children]) if (!keep.has(/** @type {HTMLElement} */ (child))) child.remove();
  wanted.forEach((child, i) => { if (el.children[i] !== child) el.insertBefore(child, el.children[i] ?? null); });
}

/**
 * Draws a list. A row keeps its element while it shows the same.
 * @template T
 * @param {Element} el @param {T[]} items @param {(item: T) => string} key @param {(item: T) => string} shown @param {(item: T) => HTMLElement} make
 */
export function rows(el, items, key, shown, make) {
  const old = new Map([...el.children].map((c) => [/** @type {HTMLElement} */ (c).dataset.key, /** @type {HTMLElement} */ (c)]));
  const hadFocus = el.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const focusKey = /** @type {HTMLElement|undefined} */ (hadFocus?.closest('[data-key]'))?.dataset.key;
  const wanted = items.map((item) => {
    const sig = shown(item);
    const known = old.get(key(item));
    if (known && known.dataset.shown === sig) return known;
    const row = make(item);
    row.dataset.key = key(item);
    row.dataset.shown = sig;
    return row;
  });
  arrange(el, wanted);
  if (hadFocus && !hadFocus.isConnected) {
    const row = wanted.find((w) => w.dataset.key === focusKey);
    /** @type {HTMLElement|null|undefined} */ (row?.matches('button') ? row : row?.querySelector('button'))?.focus();
  }
}
