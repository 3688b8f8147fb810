// The state of the connection with the node, and the node's warnings.

import { button, fill, h, icon } from './dom.js';
import { checkNetwork } from './dialogs-node.js';
import { phrase } from './safe.js';
import { store } from './store.js';
import { View } from './view.js';
import { entry, warned as todo } from './words.js';

/** Why the page cannot be used: a heading and what to do. @type {Record<string, [string, string]>} */
const denials = {
  used: ['This link was used before', 'A link opens the page once, so that nobody else can use it.'],
  wrong: ['This link is not valid', 'It may be incomplete, or of a localchat that has ended.'],
  wait: ['Too many links were tried', 'Wait a moment.'],
  none: ['This page is not connected with localchat', 'Its session has ended, or never began in this browser.'],
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
    if (!bar.hidden) fill(bar, h('span', {}, ...this.trouble(link)), button('Try now', () => store.rpc.retry()));
    fill(warned, ...store.warnings.map((w) => h('li', { class: 'banner warning' }, h('span', {}, phrase(w.text), entry(todo, w.code) ?? ''),
      w.code === 'network' || w.code === 'mdns' ? button('Check the network', checkNetwork) : null,
      button(icon('close'), () => {
        store.warnings = store.warnings.filter((x) => x !== w);
        store.changed('warnings');
      }, { class: 'quiet', 'aria-label': 'Hide this warning' }))));
  }

  /** What is wrong with the connection, and what to do. @param {import('./rpc.js').Link} link @returns {(Node|string)[]} */
  trouble(link) {
    const kept = store.wasOpen ? ' What you have not sent is kept.' : '';
    const what = (/** @type {string} */ title, /** @type {(Node|string)[]} */ ...rest) => [h('strong', {}, title), ' ', ...rest];
    switch (link) {
      case 'asleep': return store.rpc.again ? what('localchat does not run.', 'Type ', h('code', {}, store.rpc.again), ' in a terminal, and this page goes on.', kept)
        : what('localchat does not run.', 'Start it, and this page goes on.', kept);
      case 'ended': return what('localchat web has ended.', 'Type ', h('code', {}, `localchat web --port ${location.port || 80}`), ' in a terminal, and open the link that it prints.', kept);
      case 'silent': return what('localchat does not answer.', 'It may be stopped. This page goes on when it answers.', kept);
      case 'full': return what('Too many pages or programs are attached to localchat.', 'Close one of them, and this one goes on.', kept);
      case 'blocked': return what('The browser does not let this page through to localchat.', `A proxy or an extension stands between: set the browser to use no proxy for ${location.hostname}.`, kept);
    }
    return what('The connection with localchat was lost.', 'Trying again.', kept, ' If it has ended, run ', h('code', {}, 'localchat web'), ' again.');
  }
}

customElements.define('link-banner', LinkBanner);
export { LinkBanner };
