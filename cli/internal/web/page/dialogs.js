// Dialogs: a title, something to read or fill in, and what can be done. The platform's <dialog> keeps the focus inside, closes on
// Escape, and gives the focus back.

import { button, h, icon } from './dom.js';
import { explain } from './hints.js';

let last = 0;

/**
 * Opens a dialog. `run` gets its form; if that fails, the dialog says why and stays open.
 * @param {object} o
 * @param {string} o.title
 * @param {(Node|string|null|undefined|false)[]} o.body
 * @param {string} [o.does] the label of the button that calls `run`; without it the dialog can only be read
 * @param {boolean} [o.grave] set if the action cannot be undone, or hurts somebody
 * @param {(form: FormData, dialog: HTMLDialogElement) => Promise<void>|void} [o.run]
 * @param {(Node|null|undefined|false)[]} [o.also] further buttons
 * @param {string} [o.cancel] the label of the button that closes it
 * @param {boolean} [o.wide]
 * @returns {HTMLDialogElement}
 */
export function open({ title, body, does, grave, run, also = [], cancel, wide }) {
  const id = `dialog-${++last}`;
  const fault = h('div', { class: 'fault', role: 'alert', hidden: true });
  const go = does ? h('button', { type: 'submit', class: grave ? 'grave' : 'primary' }, does) : null;
  const close = button(cancel ?? (does ? 'Cancel' : 'Close'), () => dialog.close(), { class: does ? '' : 'primary' });
  const inside = h('div', { class: 'body' }, ...body);
  if (!inside.querySelector('button, input, textarea, select, [tabindex]')) inside.tabIndex = 0; // to be scrolled by keys
  const form = h('form', { method: 'dialog' },
    h('header', {}, h('h2', { id }, title), button(icon('close'), () => dialog.close(), { class: 'quiet', 'aria-label': 'Close' })),
    inside, fault,
    h('footer', {}, ...also, h('span', { class: 'gap' }), close, go));
  const dialog = h('dialog', { 'aria-labelledby': id, class: wide ? 'wide' : '' }, form);
  form.addEventListener('submit', async (e) => {
    e.preventDefault();
    if (!run) return dialog.close();
    fault.hidden = true;
    if (go) go.disabled = true;
    try {
      await run(new FormData(form), dialog);
      dialog.close();
    } catch (err) {
      const { text, hint } = explain(err);
      fault.replaceChildren(h('strong', {}, text), ' ', hint);
      fault.hidden = false;
    } finally {
      if (go) go.disabled = false;
    }
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    // The button that opened the dialog may be gone. Then the focus goes to the place where one writes, or to the first field.
    if (document.activeElement === document.body) /** @type {HTMLElement|undefined} */ ([...document.querySelectorAll('dialog[open] button, line-composer textarea, lobby-view input')].find((el) => el.checkVisibility()))?.focus();
  });
  // A press beside a dialog that can only be read closes it.
  dialog.addEventListener('pointerdown', (e) => { if (e.target === dialog && !does) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  const first = /** @type {HTMLElement|null} */ (form.querySelector('[autofocus], .body input, .body textarea, .body select'));
  (first ?? go ?? close).focus();
  return dialog;
}

/**
 * A field with its label.
 * @param {string} label @param {HTMLElement} control @param {string} [help]
 */
export function field(label, control, help) {
  const id = control.id || `field-${++last}`;
  control.id = id;
  const helpID = `${id}-help`;
  if (help) control.setAttribute('aria-describedby', helpID);
  return h('div', { class: 'field' }, h('label', { for: id }, label), control, help ? h('p', { class: 'soft', id: helpID }, help) : null);
}

/**
 * A choice of one of several values.
 * @param {string} nameOf @param {[string, string][]} choices values and labels @param {string} chosen
 */
export function select(nameOf, choices, chosen) {
  const el = h('select', { name: nameOf }, ...choices.map(([value, label]) => h('option', { value }, label)));
  el.value = choices.some(([v]) => v === chosen) ? chosen : choices[0][0];
  return el;
}

/** @param {string} nameOf @param {string} label @param {boolean} on */
export function check(nameOf, label, on) {
  const box = h('input', { type: 'checkbox', name: nameOf });
  box.checked = on;
  return h('label', { class: 'check' }, box, label);
}

/** A short message at the edge of the page, which disappears by itself. @param {string} text */
export function toast(text) {
  const box = /** @type {HTMLElement} */ (document.getElementById('toasts'));
  const el = h('p', { class: 'toast' }, text);
  box.append(el);
  setTimeout(() => el.remove(), 6000);
}

/** Does something; if it fails, says why. @param {Promise<any>} deed */
export function attempt(deed) {
  return deed.catch((/** @type {unknown} */ err) => {
    const { text, hint } = explain(err);
    open({ title: 'That did not work', body: [h('p', {}, text), hint ? h('p', { class: 'soft' }, hint) : null] });
  });
}

/** A text to copy, with a button. @param {string} text @param {string} label */
export function copyable(text, label) {
  const area = h('textarea', { readonly: true, rows: Math.min(7, Math.ceil(text.length / 44)), 'aria-label': label, class: 'code', value: text });
  area.addEventListener('focus', () => area.select());
  const copy = button('Copy', async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      area.focus();
      document.execCommand('copy'); // for a browser that does not let pages use the clipboard
    }
    copy.textContent = 'Copied';
    setTimeout(() => { copy.textContent = 'Copy'; }, 2000);
  }, { autofocus: true });
  return h('div', { class: 'copyable' }, area, copy);
}

/** A list of things with their values. @param {[string, Node|string][]} pairs */
export function facts(pairs) { return h('dl', { class: 'facts' }, ...pairs.flatMap(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])); }
