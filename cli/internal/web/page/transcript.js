// What the page shows of a room, in the room's order: lines, direct messages, and notes about what happened. It is pure.

/** @typedef {import('./types.js').Item} Item */

/** How many items of a room are kept: as many as a node keeps lines of a room, and some notes between them. */
export const MAX_ITEMS = 12000;

export class Transcript {
  constructor() {
    /** @type {Item[]} */
    this.items = [];
    /** @type {Map<string, Item>} */
    this.byKey = new Map();
    /** Lines that have been removed. An answer that is on its way may still contain them. @type {Set<string>} */
    this.gone = new Set();
    /** Items that were cleared from the screen. They are kept, and a search finds them. @type {Item[]} */
    this.off = [];
  }

  /** @param {string} key */
  has(key) { return this.byKey.has(key); }

  /**
   * Adds an item above another one, or at the end. An item that is already here stays where it is.
   * @param {Item} item @param {string} [before]
   */
  add(item, before) {
    if (this.byKey.has(item.key) || this.off.some((i) => i.key === item.key)) return false;
    this.byKey.set(item.key, item);
    const at = before && this.byKey.has(before) ? this.items.findLastIndex((i) => i.key === before) : -1;
    if (at >= 0) this.items.splice(at, 0, item);
    else this.items.push(item);
    if (this.items.length > MAX_ITEMS + 500) {
      for (const old of this.items.splice(0, this.items.length - MAX_ITEMS)) this.byKey.delete(old.key);
    }
    return true;
  }

  /**
   * Replaces all lines by those that the node has, in the node's order. The other items keep their place in time.
   * @param {Item[]} lines
   */
  replaceLines(lines) {
    const others = this.items.filter((i) => i.kind !== 'line').sort((a, b) => a.at - b.at);
    const off = new Set(this.off.map((i) => i.key));
    const kept = lines.filter((l) => !this.gone.has(l.key) && !off.has(l.key)).slice(-MAX_ITEMS).map((l) => {
      const known = this.byKey.get(l.key);
      return known ? { ...known, ...l, pending: known.pending, version: known.version + 1 } : l;
    });
    this.items = [];
    let o = 0;
    for (const line of kept) {
      while (o < others.length && others[o].at < line.at) this.items.push(others[o++]);
      this.items.push(line);
    }
    this.items.push(...others.slice(o));
    this.byKey = new Map(this.items.map((i) => [i.key, i]));
    this.gone.clear();
  }

  /** @param {string[]} keys */
  forget(keys) {
    const gone = new Set(keys.filter((k) => this.byKey.delete(k)));
    if (this.off.length > 0) {
      const all = new Set(keys);
      this.off = this.off.filter((i) => !all.has(i.key));
    }
    for (const k of keys) this.gone.add(k);
    if (this.gone.size > MAX_ITEMS) this.gone = gone;
    if (gone.size > 0) this.items = this.items.filter((i) => !gone.has(i.key));
  }

  /**
   * Changes an item, if it is here.
   * @param {string} key @param {Partial<Item>} change
   */
  change(key, change) {
    const item = this.byKey.get(key);
    if (item) Object.assign(item, change, { version: item.version + 1 });
    return item !== undefined;
  }

  clear() {
    this.items = [];
    this.byKey.clear();
    this.gone.clear();
    this.off = [];
  }

  /** Clears the screen. */
  putOff() {
    this.off = [...this.off, ...this.items].slice(-MAX_ITEMS);
    this.items = [];
    this.byKey.clear();
  }

  /** Brings back the items that were cleared. */
  bringBack() {
    this.items = [...this.off, ...this.items];
    this.off = [];
    this.byKey = new Map(this.items.map((i) => [i.key, i]));
  }
}
