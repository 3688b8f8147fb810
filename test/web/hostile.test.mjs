// Text of others reaches the page as text: no element, no request and no script comes of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { message, phrase } from '../../cli/internal/web/page/safe.js';
import { markup } from './corpus.mjs';
import { StandIn, browser, open, patience, test, web } from './harness.mjs';
import { answers, peer } from './standin.mjs';

/** The texts that the terminal is tried with, and what it shows of them. */
const terminal = JSON.parse(readFileSync('../../cli/internal/safe/testdata/hostile.json', 'utf8'));
const corpus = [...markup, ...Object.values(terminal).map(([text]) => text)];

test('the page cleans text as the terminal does', () => {
  for (const [what, [text, want]] of Object.entries(terminal)) {
    const shown = phrase(text).replace(/^\u2068(.*)\u2069$/s, '$1'); // a page isolates what runs from the right
    if (!what.startsWith('tab')) assert.equal(shown, want, what); // a page has no columns
  }
  assert.ok(markup.length >= 100);
});

/** What must not be there, whatever the text: code, frames, foreign addresses, attributes that run something. */
const harm = (page) => page.evaluate(() => {
  const found = [];
  if ('hacked' in window) found.push('a script ran');
  const known = new Set(['app.js']);
  for (const el of document.querySelectorAll('*')) {
    if (['iframe', 'object', 'embed', 'base', 'style', 'portal', 'video', 'audio', 'template', 'applet'].includes(el.localName)) found.push(el.outerHTML.slice(0, 100));
    if (el.localName === 'script' && !known.has(el.getAttribute('src') ?? '')) found.push(el.outerHTML.slice(0, 100));
    for (const { name, value } of el.attributes) {
      if (name.startsWith('on') || ['srcdoc', 'srcset', 'formaction', 'action', 'ping', 'background'].includes(name)) found.push(`${el.localName} ${name}=${value.slice(0, 100)}`);
      if (['href', 'src', 'xlink:href'].includes(name) && /^\s*(?:javascript|data|vbscript|blob|file):/i.test(value)) found.push(`${el.localName} ${name}=${value.slice(0, 100)}`);
    }
    if (el.localName === 'a' && !el.hasAttribute('download') && (el.getAttribute('rel') !== 'noopener noreferrer' || !el.hasAttribute('data-ask') || el.textContent !== el.getAttribute('href'))) found.push(`a link ${el.outerHTML.slice(0, 200)}`);
  }
  return found;
});

const soon = new Date(Date.now() + 1e6).toISOString();

/** A node in whose words text stands everywhere. @param {string[]} texts */
function hostile(texts) {
  const at = (i) => texts[i % texts.length];
  const now = Date.now();
  return answers({
    rooms: [
      { id: 'mine', name: at(0), mine: true, in: true, subject: at(1) },
      ...texts.map((t, i) => ({ id: `near${i}`, name: t, owner: peer(i), owner_nick: t, words: t, access: at(i + 1), subject: t, verified: false, other: i % 2 ? t : '' })),
    ],
    members: texts.map((t, i) => ({ peer: peer(i), nick: t, role: i === 0 ? 'owner' : t, present: true, words: t, self: i === 0, since: new Date(now).toISOString(), verified: i % 3 === 0, verified_other: i % 3 === 1 ? t : '' })),
    knocks: texts.slice(0, 3).map((t, i) => ({ peer: peer(1000 + i), nick: t, words: t, alike: true, verified: false, verified_other: t })),
    lines: texts.map((t, i) => ({ id: `line${i}`, peer: peer(i), nick: at(i + 3), text: t, action: i % 5 === 0, at: new Date(now - 1000 * (texts.length - i)).toISOString(), self: i % 7 === 0, late: i % 11 === 0 })),
    words: at(2),
  });
}

test('no element, no request and no script comes of a text', async () => {
  const harmless = corpus.map((_, i) => `text ${i}`);
  const node = await new StandIn('a', hostile(harmless)).listen();
  const server = await web('a');
  const b = await browser('a');
  const page = await open(b, server.link);
  const log = page.getByRole('log');
  // The log has a window of lines: the corpus is shown in parts that fit.
  const part = 60;
  const parts = [];
  for (let i = 0; i < corpus.length; i += part) parts.push(corpus.slice(i, i + part));
  for (const texts of parts) {
    for (const [which, shown] of [['harmless', texts.map((_, i) => `text ${i}`)], ['hostile', texts]]) {
      node.methods = hostile(shown);
      await page.reload();
      await page.getByRole('button', { name: 'Join or create' }).first().waitFor();
      await page.waitForFunction((n) => document.querySelectorAll('[data-key^="near"]').length >= n, Math.min(shown.length, 50));
      await page.evaluate(() => document.querySelector('room-list [data-key="mine"] button').click());
      await page.waitForFunction((n) => document.querySelectorAll('.log [data-key^="line"]').length >= n && document.querySelectorAll('people-pane [data-key]').length >= n, shown.length);
      // What the node tells of itself and of the room.
      for (const t of shown.slice(0, 5)) {
        node.event('warning', { code: t, text: t, hint: t });
        node.event('warning', { code: 'attempt', text: t, peer: t, room: 'mine', room_name: t });
        node.event('direct', { room: 'mine', id: `d${t}`, peer: peer(1), nick: t, text: t, at: new Date().toISOString() });
        node.event('member_removed', { room: 'mine', peer: peer(2), nick: t, by: peer(0), by_nick: t, kind: t, until: soon, removal: 1 });
        node.event('removal_reason', { room: 'mine', peer: peer(2), nick: t, text: t, removal: 1 });
        node.event('policy', { room: 'mine', subject: t, access: t, retain_s: 60, idle_s: 60, history: t, by: peer(0), by_nick: t, changed: ['subject', 'access', 'history', t] });
        node.event('owner_unreachable', { room: 'mine', for_s: 60, nick: t });
        node.event('epoch', { room: 'mine', epoch: 2, have: [t], missing: [t] });
      }
      await page.waitForFunction(() => document.querySelector('.banner.away:not([hidden])') && document.querySelectorAll('.log .direct').length >= 5);
      assert.deepEqual(await harm(page), [], `${which} text from ${texts[0]}`);
      const inside = await page.evaluate(() => {
        for (const more of document.querySelectorAll('.log .text button.more')) more.click();
        return [...new Set([...document.querySelectorAll('.log .text')].flatMap((el) => [...el.childNodes]).map((n) => n.nodeName))];
      });
      assert.deepEqual(inside.filter((n) => n !== '#text' && n !== 'A'), [], 'a text became an element');
    }
    // A line is shown whole, as text.
    const shown = await log.locator('[data-key^="line"]').evaluateAll((all) => Object.fromEntries(all.map((el) => [el.dataset.key, el.querySelector('.text').textContent])));
    texts.forEach((t, i) => assert.equal(shown[`line${i}`], message(t)));
  }

  // Dialogs that repeat what others wrote.
  const few = markup.slice(13, 16);
  node.methods = { ...hostile(few), 'room.bans': () => ({ bans: few.map((t, i) => ({ peer: peer(i), nick: t, by: t, reason: t, until: soon })) }),
    'room.invites': () => ({ invites: few.map((t) => ({ id: t, nick: t, expires: soon })) }),
    'node.doctor': () => ({ blocked: true, findings: few.map((t) => ({ code: t, severity: t, about: t, text: t, cause: t, do: t, blocks: true })) }),
    'room.policy': () => ({ error: { code: -32000, message: few[0], data: { code: few[1], hint: few[2] } } }) };
  await page.reload();
  await page.evaluate(() => document.querySelector('room-list [data-key="mine"] button')?.click());
  for (const what of ['Bans', 'Open invites', 'Rules of the room', 'Network']) {
    await page.getByRole('button', { name: what, exact: true }).click();
    await page.locator('dialog[open]').getByText(few[0]).first().waitFor();
    assert.deepEqual(await harm(page), [], what);
    await page.keyboard.press('Escape');
  }
  // Being removed, by somebody and for a reason of that kind.
  for (const t of few) {
    node.event('removed', { room: 'mine', room_name: t, kind: 'banned', text: t, by: peer(1), by_nick: t, at: new Date().toISOString(), until: soon, removal: 9 });
    await page.locator('.gone .why').getByText(t).waitFor();
    assert.deepEqual(await harm(page), [], t);
  }
  assert.deepEqual(page.faults, []);
});

test('a link says where it leads, and asks', async () => {
  const there = 'https://example.test/path?q=1';
  await new StandIn('a', answers({ rooms: [{ id: 'mine', name: 'lab', mine: true, in: true }], lines: [{ id: 'l', peer: peer(1), nick: 'bob', text: `see ${there}.`, at: new Date().toISOString() }] })).listen();
  const server = await web('a');
  const page = await open(await browser('a'), server.link);
  const link = page.getByRole('log').getByRole('link', { name: there });
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
  await link.click();
  const dialog = page.getByRole('dialog', { name: 'Open a page of example.test?' });
  await dialog.getByText(there).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.deepEqual(page.faults, [], 'the link was followed without being asked');
  await link.click();
  const [opened] = await Promise.all([page.context().waitForEvent('page', { timeout: patience }), dialog.getByRole('button', { name: 'Open it' }).click()]);
  assert.equal(await opened.evaluate(() => window.opener), null);
});
