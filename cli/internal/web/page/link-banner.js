// How the connection with the node is, and what the node warns of.

import { button, fill, h, icon } from './dom.js';
import { checkNetwork } from './dialogs-node.js';
import { phrase } from './safe.js';
import { store } from './store.js';
import { View } from './view.js';
import { entry, warned as todo } from './words.js';

/** Why the page cannot be used: a heading and what to do. @type {Record<string, [string, string]>} */
const denials = {
  used: ['This link was used before', 'A link opens the page once, so that nobody else can use it.'],
  wrong: ['This link is not valid', 'It may be cut off, or of a localchat that has ended.'],
  wait: ['Too many links were tried', 'Wait a moment.'],
  none: ['This page is not connected with localchat', 'Its session has ended, or was never begun in this browser.'],
};

class LinkBanner extends View {
  /** @type {import('./session.js').Denial|''} */
  denial = '';

  get shows() { return ['link', 'warnings', 'open']; }

  begin() {
    this.bar = h('div', { class: 'banner lost', role: 'status', hidden: true });
    this.wall = h('section', { class: 'wall', role: 'alert', hidden: true });
    this.warned = h('ul', { class: 'warnings', 'aria-label': 'Warnings' });
    this.append(this.bar, this.warned, this.wall);
  }

  render() {
    const { bar, wall, warned } = this;
    if (!bar || !wall || !warned) return;
    const link = store.rpc.link;
    const denied = this.denial || (link === 'denied' ? 'none' : '');
    wall.hidden = denied === '';
    if (denied) {
      const [title, why] = denials[denied];
      fill(wall, h('h1', {}, title), h('p', {}, why), h('p', {}, 'Run this in a terminal again, and open the link that it prints:'), h('pre', {}, 'localchat web'),
        store.rooms.size > 0 ? h('p', { class: 'soft' }, 'What you have not sent is still here; copy it before you close this page.') : null);
    }
    bar.hidden = denied !== '' || link === 'open' || (link === 'connecting' && !store.wasOpen);
    const texts = {
      asleep: ['localchat does not run.', ' Start it, and this page goes on. What you have not sent is kept.'],
      full: ['Too many pages are open.', ' Close one of them, and this one goes on.'],
    };
    const [title, rest] = /** @type {Record<string, string[]>} */ (texts)[link] ?? ['The connection with localchat was lost.', ' Trying again. What you have not sent is kept. If it has ended, run localchat web again.'];
    if (!bar.hidden) fill(bar, h('span', {}, h('strong', {}, title), rest), button('Try now', () => store.rpc.retry()));
    fill(warned, ...store.warnings.map((w) => h('li', { class: 'banner warning' }, h('span', {}, phrase(w.text), entry(todo, w.code) ?? ''),
      w.code === 'network' || w.code === 'mdns' ? button('Check the network', checkNetwork) : null,
      button(icon('close'), () => {
        store.warnings = store.warnings.filter((x) => x !== w);
        store.changed('warnings');
      }, { class: 'quiet', 'aria-label': 'Put this warning away' }))));
  }
}

customElements.define('link-banner', LinkBanner);
export { LinkBanner };
