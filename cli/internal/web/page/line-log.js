// The transcript of the room that is shown. However many lines a room has, the document holds a bounded number of them: a window that
// moves over the transcript. The space above and below the window stands for the other lines.

import { button, h, icon } from './dom.js';
import { element, shown } from './line-item.js';
import { nick, phrase } from './safe.js';
import { store } from './store.js';
import { count } from './words.js';
import { View, arrange } from './view.js';

/** How many items are in the document: several screens, so that scrolling rarely comes to the end of them. */
const WINDOW = 160;
/** The window moves when fewer pixels of drawn lines than this are left above or below the screen. */
const MARGIN = 500;
/** The window moves by at least so many items. */
const STEP = 16;
/** A window that was put in another place begins with so many items above and below the screen, and grows by so many in each frame. */
const GROWTH = 40;
const AROUND = 6;
/** How many new lines a screen reader reads out; of more, it reads the number. */
const ANNOUNCED = 3;

class LineLog extends View {
  roomID = '';
  start = 0; // the first item of the window
  size = WINDOW; // items of the window
  stuck = true; // the end is on the screen, and stays there
  fresh = false; // there are new lines below the screen
  moving = false;
  row = 40; // pixels of an item, as measured
  drawn = 0; // how many items the transcript had when the window was last placed
  lastKey = '';
  /** @type {Map<string, {el: HTMLElement, shown: string}>} */
  made = new Map();
  /** @type {{of: object, by: Map<string, string>}|null} */
  marked = null;

  get shows() { return ['lines', 'current', 'people', 'settings']; }

  begin() {
    this.above = h('div', { class: 'space' });
    this.list = h('div', { class: 'window' });
    this.below = h('div', { class: 'space' });
    this.box = h('div', { class: 'log', role: 'log', 'aria-live': 'off', tabindex: '0' }, this.above, this.list, this.below);
    this.news = h('div', { class: 'unseen', 'aria-live': 'polite', 'aria-relevant': 'additions' });
    this.down = button('', () => this.toEnd(), { class: 'to-end', hidden: true });
    this.append(this.box, this.news, this.down);
    this.box.addEventListener('scroll', () => this.scrolled(), { passive: true });
    new ResizeObserver(() => { if (this.stuck) this.settle(); }).observe(this.box);
    addEventListener('focus', () => this.seen());
    document.addEventListener('visibilitychange', () => this.seen());
  }

  get items() { return this.room?.transcript.items ?? []; }

  render() {
    const room = this.room;
    if (!room) return;
    if (room.removed !== null || room.refused) return this.empty();
    const other = this.roomID !== room.id;
    if (other) {
      this.roomID = room.id;
      this.made.clear();
      this.stuck = true;
      this.fresh = false;
      this.news?.replaceChildren();
      this.lastKey = this.items.at(-1)?.key ?? '';
      this.box?.setAttribute('aria-label', `Lines of ${room.name}`);
    }
    this.draw();
    if (other && room.newFrom) this.toNew(room.newFrom);
    this.announce(other);
    this.seen();
  }

  /** Removes all lines from the document. */
  empty() {
    this.roomID = '';
    this.made.clear();
    this.list?.replaceChildren();
    this.news?.replaceChildren();
  }

  /** Draws the window. The lines on the screen stay where they are. */
  draw() {
    const { items, box, list } = this;
    if (!box || !list) return;
    const max = Math.max(0, items.length - WINDOW);
    const anchor = this.stuck ? null : this.anchor();
    if (this.stuck) this.start = max;
    else if (anchor) {
      const at = items.findIndex((i) => i.key === anchor.key);
      if (at >= 0 && (at < this.start || at >= this.start + WINDOW)) this.start = at - WINDOW / 2;
    }
    this.place();
    if (this.stuck) this.settle();
    else if (anchor) this.hold(anchor);
  }

  /** The marks of the members, by peer. @param {import('./store.js').Room} room */
  marks(room) {
    if (this.marked?.of !== room.members) {
      this.marked = { of: room.members, by: new Map(room.members.map((m) => [m.peer, m.verified ? '✓' : m.verified_other ? '!' : ''])) };
    }
    return this.marked.by;
  }

  /** Puts the items of the window into the document. @param {number} [size] how many */
  place(size = WINDOW) {
    const { items, room, list } = this;
    if (!list || !room || !this.above || !this.below) return;
    this.size = size;
    this.start = Math.max(0, Math.min(Math.round(this.start), items.length - size));
    const marks = this.marks(room);
    const made = new Map();
    const wanted = [];
    const end = Math.min(this.start + size, items.length);
    this.drawn = items.length;
    for (let i = this.start; i < end; i++) {
      const item = items[i];
      const isNew = item.key === room.newFrom;
      const mark = marks.get(item.peer ?? '') ?? '';
      const sig = shown(item, items[i - 1], isNew, mark);
      let known = this.made.get(item.key);
      if (!known || known.shown !== sig) known = { el: element(item, items[i - 1], isNew, mark), shown: sig };
      known.el.dataset.key = item.key;
      made.set(item.key, known);
      wanted.push(known.el);
    }
    this.made = made;
    arrange(list, wanted);
    if (wanted.length > 20) this.row = Math.max(16, list.offsetHeight / wanted.length);
    this.above.style.height = `${this.start * this.row}px`;
    this.below.style.height = `${(items.length - end) * this.row}px`;
  }

  /** The first item on the screen, and where it is. */
  anchor() {
    const { box, list } = this;
    if (!box || !list) return null;
    const top = box.getBoundingClientRect().top;
    for (const child of list.children) {
      const at = child.getBoundingClientRect();
      if (at.bottom > top) return { key: /** @type {HTMLElement} */ (child).dataset.key ?? '', offset: at.top - top };
    }
    return null;
  }

  /** @param {{key: string, offset: number}} anchor */
  hold(anchor) {
    const { box } = this;
    const el = this.made.get(anchor.key)?.el;
    if (!box || !el) return;
    const off = el.getBoundingClientRect().top - box.getBoundingClientRect().top - anchor.offset;
    if (Math.abs(off) >= 1) box.scrollTop += off;
  }

  settle() { if (this.box) this.box.scrollTop = this.box.scrollHeight; }

  scrolled() {
    const { box, list } = this;
    if (!box || !list) return;
    this.stuck = box.scrollHeight - box.scrollTop - box.clientHeight < 24 && this.start + this.size >= this.drawn;
    store.atEnd = this.stuck;
    if (this.stuck) this.fresh = false;
    this.showDown();
    this.seen();
    if (this.moving) return;
    this.moving = true;
    requestAnimationFrame(() => {
      this.moving = false;
      this.follow();
    });
  }

  /** Moves the window if the screen has come near one of its ends. */
  follow() {
    const { box, list, items, above } = this;
    if (!box || !list || !above || this.stuck) return;
    const top = box.scrollTop - above.offsetHeight;
    const bottom = list.offsetHeight - top - box.clientHeight;
    if (top < -box.clientHeight || bottom < -box.clientHeight) { // far away, in the space that stands for other lines
      // The items on the screen are drawn first: drawing the whole window at once would take too long for one frame.
      const at = Math.floor(box.scrollTop / this.row);
      this.start = at - AROUND;
      this.place(Math.min(WINDOW, Math.ceil(box.clientHeight / 20) + 2 * AROUND));
      const el = list.children[Math.max(0, Math.min(at - this.start, list.children.length - 1))];
      if (el) box.scrollTop += el.getBoundingClientRect().top - box.getBoundingClientRect().top;
      requestAnimationFrame(() => this.widen());
      return;
    }
    if (this.size < WINDOW) return; // it grows
    const up = top < MARGIN && this.start > 0;
    const down = bottom < MARGIN && this.start + WINDOW < items.length;
    if (!up && !down) return;
    const anchor = this.anchor();
    // By few items, so that a frame stays short; by as many as are needed, if somebody scrolls fast.
    const by = Math.min(WINDOW / 2, STEP + Math.ceil((MARGIN - (up ? top : bottom)) / this.row));
    this.start += up ? -by : by;
    this.place();
    if (anchor) this.hold(anchor);
  }

  /** Lets a window that was placed far away grow to its size. */
  widen() {
    const more = Math.min(GROWTH, WINDOW - this.size);
    if (more <= 0) return;
    const anchor = this.anchor();
    this.start -= more / 2;
    this.place(this.size + more);
    if (anchor) this.hold(anchor);
    requestAnimationFrame(() => (this.size < WINDOW ? this.widen() : this.follow()));
  }

  toEnd() {
    this.stuck = true;
    this.fresh = false;
    this.draw();
    this.showDown();
    this.seen();
  }

  /** Shows an item in the upper part of the screen. @param {string} key @param {boolean} [point] whether it is marked for a moment */
  toItem(key, point = true) {
    const at = this.items.findIndex((i) => i.key === key);
    if (at < 0 || !this.box) return;
    this.stuck = false;
    this.start = at - WINDOW / 2;
    this.place();
    this.hold({ key, offset: this.box.clientHeight / 4 });
    const el = point ? this.made.get(key)?.el : undefined;
    el?.classList.add('shown');
    setTimeout(() => el?.classList.remove('shown'), 2000);
  }

  /** @param {string} key */
  toNew(key) {
    const list = this.list;
    const el = this.made.get(key)?.el;
    const box = this.box;
    if (box && list && el && el.getBoundingClientRect().top >= box.getBoundingClientRect().top) return; // it is on the screen
    this.toItem(key, false);
  }

  /** Reads new lines out to a screen reader, and shows that there are some below. @param {boolean} other */
  announce(other) {
    const { items, news } = this;
    const last = items.at(-1)?.key ?? '';
    const from = items.findLastIndex((i) => i.key === this.lastKey) + 1;
    // If the line that was the last one is gone, it is unknown which lines are new.
    if (!other && last !== this.lastKey && news && (from > 0 || this.lastKey === '')) {
      const fresh = items.slice(Math.max(from, items.length - 50)).filter((i) => !i.self);
      if (fresh.length > ANNOUNCED) news.append(h('p', {}, count(fresh.length, 'new line')));
      else news.append(...fresh.map((i) => h('p', {}, i.kind === 'note' ? i.text : `${nick(i.nick, i.peer)}${i.kind === 'direct' ? ' to you' : ''}: ${phrase(i.text)}`)));
      while (news.children.length > 12) news.firstElementChild?.remove();
      if (fresh.length > 0 && !this.stuck) this.fresh = true;
      if (items.at(-1)?.self && document.hasFocus()) this.toEnd();
    }
    this.lastKey = last;
    store.atEnd = this.stuck;
    this.showDown();
  }

  showDown() {
    const { down, room } = this;
    if (!down) return;
    down.hidden = this.stuck;
    down.replaceChildren(icon('down'), this.fresh ? `${room?.unread ? count(room.unread, 'new line') : 'New lines'} below` : 'To the newest');
    down.classList.toggle('fresh', this.fresh);
  }

  seen() {
    const room = this.room;
    if (room && room.unread > 0 && store.seen(room)) store.read(room);
  }
}

customElements.define('line-log', LineLog);
export { LineLog };
