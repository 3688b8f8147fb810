// How the page is to use: with a screen reader, by keyboard alone, on a narrow screen, in light and dark.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { StandIn, browser, open, picture, test, web } from './harness.mjs';
import { answers, peer } from './standin.mjs';

const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** The faults that axe finds, in both colour schemes. */
async function examine(page, what) {
  const faults = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    for (const v of violations) faults.push(`${what}, ${colorScheme}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.html} (${n.failureSummary})`).join('; ')}`);
  }
  return faults;
}

const minute = 60_000;
const now = Date.now();
const lines = [
  ['bob', 'morning. is the printer on this floor?', 1500], ['bob', 'the one by the door is out of paper', 1499], ['carol', 'second floor, room 12', 1490], ['alice', 'there is paper in the cupboard', 30],
  ['bob', '@alice thanks! the form is at https://example.test/forms/12?lang=en', 20], ['dave', 'is there coffee\nand is it fresh?', 12], ['carol', 'waves', 8, true], ['alice', 'both', 2],
].map(([nick, text, ago, action], i) => ({ id: `l${i}`, peer: peer(['alice', 'bob', 'carol', 'dave'].indexOf(nick)), nick, text, at: new Date(now - ago * minute).toISOString(), self: nick === 'alice', action: action ?? false }));
const members = ['alice', 'bob', 'carol', 'dave'].map((nick, i) => ({ peer: peer(i), nick, role: i === 0 ? 'owner' : 'member', present: i !== 3, words: 'fire cute loyal wood practice muscle recall initial', self: i === 0, since: new Date(now - 3e6).toISOString(), verified: i === 1, verified_other: i === 2 ? 'x' : '' }));

test('axe finds nothing, at any width, in either colour scheme', async () => {
  const rooms = [{ id: 'mine', name: 'lab', mine: true, in: true, subject: 'today: the build' }, { id: 'their', name: 'canteen', in: true }, { id: 'near', name: 'workshop', owner: peer(7), owner_nick: 'erin', members: 4, subject: 'lathes', access: 'open' }];
  const knocks = [{ peer: peer(8), nick: 'frank', words: 'sense clip tomato gossip angry patient book pioneer', verified: false }];
  const findings = [
    { code: 'mdns', severity: 'ok', text: 'others are found by mDNS', blocks: false },
    { code: 'no_desktop', severity: 'note', text: 'the desktop shows you no notifications while no console is open', cause: 'there is no session bus', blocks: false },
    { code: 'vpn', severity: 'warning', about: 'tun0', text: 'a VPN takes the local network', cause: 'its routes cover 192.168.1.0/24', blocks: false },
    { code: 'firewall', severity: 'fault', about: 'eth0', text: 'a firewall drops what others send to this machine', cause: 'ufw is on', do: 'sudo ufw allow 4001 && sudo ufw allow 5353/udp', blocks: true },
  ];
  const node = await new StandIn('a', { ...answers({ rooms, members, knocks, lines }), 'node.doctor': () => ({ blocked: true, findings }) }).listen();
  const server = await web('a');
  const page = await open(await browser('a'), server.link);
  await page.evaluate(axe);
  const faults = [];
  const shown = async (what) => {
    for (const width of [360, 1600]) {
      await page.setViewportSize({ width, height: 800 });
      faults.push(...await examine(page, `${what} at ${width}`));
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false, `${what} is wider than the screen`);
    await picture(page, what);
  };
  await page.getByRole('button', { name: 'Create a room' }).waitFor();
  await shown('lobby');
  await page.locator('room-list').getByRole('button', { name: /^lab/ }).click();
  await page.getByRole('log').getByText('both').waitFor();
  node.event('owner_unreachable', { room: 'their', for_s: 90, nick: 'erin' });
  node.event('warning', { code: 'mdns', text: 'nothing is heard by mDNS on this network' });
  await shown('owner');
  const dialogs = {
    invite: async () => page.locator('people-pane').getByRole('button', { name: 'Invite somebody' }).click(),
    rules: async () => page.locator('people-pane').getByRole('button', { name: 'Rules of the room' }).click(),
    person: async () => page.locator('people-pane').getByRole('button', { name: /^bob/ }).click(),
    help: async () => page.keyboard.press('F1'),
    network: async () => {
      await page.locator('room-list').getByRole('button', { name: 'Network' }).click();
      await page.getByRole('dialog').getByText('Something stands in the way.').waitFor();
    },
    settings: async () => page.locator('room-list').getByRole('button', { name: 'Settings' }).click(),
  };
  for (const [what, show] of Object.entries(dialogs)) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await show();
    await page.locator('dialog[open]').waitFor();
    await shown(what);
    await page.keyboard.press('Escape');
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator('room-list').getByRole('button', { name: /^canteen/ }).click();
  node.event('removed', { room: 'their', room_name: 'canteen', kind: 'banned', text: 'this is no market', by: peer(7), by_nick: 'erin', at: new Date().toISOString(), until: new Date(now + 90 * minute).toISOString(), removal: 1 });
  await page.getByText('this is no market').waitFor();
  await shown('gone');
  await node.close();
  await page.getByText('localchat does not run.').waitFor();
  await shown('asleep');
  assert.deepEqual(faults, []);
  assert.deepEqual(page.faults, []);
});

test('the page is used by keyboard alone', async () => {
  const server = await web('a', '--ephemeral', '--no-mdns');
  const page = await open(await browser('a'), server.link);
  await page.getByRole('button', { name: 'Create a room' }).waitFor();
  /** Goes to what has this name, by Tab. */
  const reach = async (name, most = 40) => {
    for (let i = 0; i < most; i++) {
      const here = await page.evaluate(() => {
        const el = /** @type {HTMLElement} */ (document.activeElement);
        return el?.getAttribute('aria-label') ?? (el instanceof HTMLInputElement ? el.labels?.[0]?.textContent : el?.textContent) ?? '';
      });
      if (name.test(here)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`no Tab leads to ${name}`);
  };
  await reach(/^Create a room$/);
  await page.keyboard.press('Enter');
  await reach(/^Name of the room/);
  await page.keyboard.type('keys');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'keys' }).waitFor();
  await reach(/^Your line/);
  await page.keyboard.type('by keyboard alone');
  await page.keyboard.press('Enter');
  await page.getByRole('log').getByText('by keyboard alone').waitFor();
  await reach(/^Rules of the room$/);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('F1');
  await page.getByRole('dialog', { name: 'How it works' }).waitFor();
  await page.keyboard.press('Escape');
  await reach(/^Close the room$/);
  await page.keyboard.press('Enter');
  await reach(/^Why/);
  await page.keyboard.type('done');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'keys' }).waitFor({ state: 'hidden' });
  // What comes is read out: a log, and news for a screen reader.
  assert.deepEqual(page.faults, []);
});
