// The place where a line is written. Enter sends it, Shift-Enter begins a new row. A command is never said by mistake.

import { bdi, button, fill, h, icon } from './dom.js';
import { commandHelp, runCommand } from './commands.js';
import { say } from './outgoing.js';
import { nick, name } from './safe.js';
import { store } from './store.js';
import { View } from './view.js';

/** The longest text, in bytes. */
const MAX_TEXT = 64 << 10;

class LineComposer extends View {
  roomID = '';
  hint = '';

  get shows() { return ['current', 'link', 'people', 'open', 'to']; }

  begin() {
    this.area = h('textarea', { rows: '1', 'aria-label': 'Your line', enterkeyhint: 'send', 'aria-describedby': 'composer-hint' });
    this.area.addEventListener('keydown', (e) => this.key(e));
    this.area.addEventListener('input', () => this.typed());
    this.to = h('div', { class: 'to' });
    this.send = h('button', { type: 'submit', class: 'primary send', 'aria-label': 'Send', title: 'Send (Enter)' }, icon('send'));
    this.note = h('p', { class: 'hint', id: 'composer-hint' });
    this.append(h('form', { onsubmit: (/** @type {Event} */ e) => {
      e.preventDefault();
      void this.say();
    } }, this.to, h('div', { class: 'box' }, this.area, this.send), this.note));
  }

  render() {
    const { room, area, to } = this;
    this.hidden = !room || room.removed !== null || room.refused;
    if (!room || !area || !to) return;
    if (this.roomID !== room.id) {
      this.roomID = room.id;
      area.value = room.draft;
      this.hint = '';
      this.grow();
      if (matchMedia('(pointer: fine)').matches && !document.querySelector('dialog[open]')) area.focus();
    }
    area.placeholder = room.to ? `Only ${nick(room.to.nick, room.to.peer)} will read this` : `Say something in ${name(room.name)}`;
    area.setAttribute('aria-label', room.to ? `Your line, only for ${nick(room.to.nick, room.to.peer)}` : `Your line in ${name(room.name)}`);
    fill(to, room.to && h('span', {}, 'Only for ', bdi(nick(room.to.nick, room.to.peer))), room.to && button('Say it to everybody instead', () => this.address(null)));
    this.classList.toggle('direct', room.to !== null);
    this.tell();
  }

  /** Chooses for whom the next line is: one member, or everybody. @param {{peer: string, nick: string}|null} to */
  address(to) {
    if (this.room) this.room.to = to;
    store.changed('to');
    this.area?.focus();
  }

  typed() {
    if (this.room && this.area) this.room.draft = this.area.value;
    this.hint = '';
    this.grow();
    this.tell();
  }

  grow() {
    const area = this.area;
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight + 2, Math.max(120, innerHeight * 0.4))}px`;
  }

  tell() {
    const { area, note } = this;
    if (!area || !note) return;
    const offline = store.rpc.link !== 'open';
    fill(note, this.hint || (offline ? 'Not connected. Your text is kept here.' : commandHelp(area.value) || 'Enter sends · Shift+Enter starts a new row'));
    note.classList.toggle('alarm', this.hint !== '' || offline);
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.isComposing) return;
    if (e.key === 'Enter' && !e.shiftKey && !e.altKey && !e.ctrlKey && !e.metaKey) {
      e.preventDefault();
      void this.say();
    } else if (e.key === 'Escape' && this.room?.to) {
      e.stopPropagation();
      this.address(null);
    } else if (e.key === 'PageUp' || e.key === 'PageDown') {
      e.preventDefault();
      const log = document.querySelector('.log');
      log?.scrollBy({ top: (e.key === 'PageUp' ? -0.8 : 0.8) * log.clientHeight });
    }
  }

  async say() {
    const { room, area } = this;
    if (!room || !area) return;
    const text = area.value;
    if (text.trim() === '') return;
    if (store.rpc.link !== 'open') return this.complain('Not connected. Your text is kept; send it when the connection is back.');
    if (new TextEncoder().encode(text).length > MAX_TEXT) return this.complain('This is too long for one line: at most 64 KiB. Nothing was sent.');
    if (text.startsWith('/') && !text.startsWith('//')) {
      const wrong = runCommand(room, text.slice(1));
      if (wrong) return this.complain(wrong);
    } else {
      say(store, room, text.startsWith('//') ? text.slice(1) : text);
      store.changed('outgoing', room.id);
    }
    area.value = room.draft = '';
    this.typed();
    this.area?.focus();
  }

  /** @param {string} hint */
  complain(hint) {
    this.hint = hint;
    this.tell();
  }
}

customElements.define('line-composer', LineComposer);
export { LineComposer };
