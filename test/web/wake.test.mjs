// What time does to a page: a laptop that has slept, a node that is stopped, clocks that jump, a ban that ends.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Node, StandIn, browser, open, patience, picture, test, web } from './harness.mjs';
import { create, line, say } from './page.mjs';
import { answers, peer } from './standin.mjs';

const lab = { id: 'mine', name: 'lab', mine: true, in: true };
const composer = (page) => page.getByRole('textbox', { name: /^Your line/ });

// What sleeps: the tab alone, as a browser has it that saves energy, or all of the browser.
for (const what of ['renderer', '']) {
  test(`a page sleeps while the node is started anew: ${what || 'all'} of its browser`, async () => {
    let node = new Node('a', 'home');
    await node.call('room.create', { name: 'bed', nick: 'alice' });
    const server = await web('a');
    const b = await browser('a');
    const page = await open(b, server.link);
    await page.getByRole('heading', { level: 1, name: 'bed' }).waitFor();
    await say(page, 'good night');
    await line(page, 'good night').waitFor();
    await page.evaluate(() => {
      globalThis.ticks = 0;
      setInterval(() => globalThis.ticks++, 100);
    });
    const ticks = await page.evaluate(() => globalThis.ticks);
    b.sleep(what);
    await node.call('room.say', { room: 'bed', text: 'said while it sleeps' });
    await node.kill();
    node = new Node('a', 'home');
    await node.event('joined');
    await node.call('room.say', { room: 'bed', text: 'said in the morning' });
    await pause(1500);
    b.wake();
    const slept = await page.evaluate(() => globalThis.ticks) - ticks;
    assert.ok(slept < 10, `the page ran ${slept} times while it slept`);
    await line(page, 'said in the morning').waitFor();
    await page.locator('.banner.lost').waitFor({ state: 'hidden' });
    await say(page, 'good morning');
    await line(page, 'good morning').waitFor();
    for (const text of ['said in the morning', 'good morning']) assert.equal(await line(page, text).count(), 1, text);
    assert.deepEqual(page.faults, []);
  });
}

test('a whole laptop sleeps, and goes on', async () => {
  const node = new Node('a', 'home');
  await node.call('room.create', { name: 'bed', nick: 'alice' });
  const server = await web('a');
  const b = await browser('a');
  const page = await open(b, server.link);
  await page.getByRole('heading', { level: 1, name: 'bed' }).waitFor();
  b.sleep();
  for (const p of [server, node]) await p.sleep();
  await pause(1500);
  for (const p of [b, server, node]) p.wake();
  await say(page, 'good morning');
  await line(page, 'good morning').waitFor();
  assert.equal(await page.locator('.banner.lost').isVisible(), false, 'the page thinks that its node was silent');
  assert.deepEqual(page.faults, []);
});

test('a node and a server that are stopped are said to be silent, and nothing is lost', async () => {
  const node = new Node('a', 'home');
  await node.call('room.create', { name: 'bed', nick: 'alice' });
  const server = await web('a');
  const context = await (await browser('a')).newContext();
  await context.clock.install();
  const page = await open(context, server.link);
  await page.getByRole('heading', { level: 1, name: 'bed' }).waitFor();
  for (const [who, text] of [[node, 'to the node'], [server, 'to the server']]) {
    await who.sleep();
    await say(page, text);
    await context.clock.runFor(20_000);
    await page.getByText('localchat does not answer.').waitFor();
    await page.locator('.outgoing').getByText('nobody knows whether this was sent').waitFor();
    const meanwhile = `typed meanwhile: ${text}`;
    await composer(page).fill(meanwhile);
    await page.keyboard.press('Enter');
    await page.getByText('Your text is kept').waitFor();
    await pause(1500); // attempts are under way
    await page.getByText('localchat does not answer.').waitFor();
    who.wake();
    await page.getByText('localchat does not answer.').waitFor({ state: 'hidden' });
    assert.equal(await composer(page).inputValue(), meanwhile, 'what was typed is lost');
    await composer(page).press('Enter');
    await line(page, meanwhile).waitFor();
    // The node may have taken the line before. Otherwise it is there to be sent again.
    const left = page.locator('.outgoing li');
    await left.waitFor({ state: 'detached', timeout: 2000 }).catch(() => left.getByRole('button', { name: 'Send again' }).click());
    await left.waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('log').getByText(text, { exact: true }).count(), 1);
  }
  assert.deepEqual(page.faults, []);
});

test('days go by, and clocks jump', async () => {
  const now = Date.now();
  const lines = [{ id: 'l', peer: peer(1), nick: 'bob', text: 'said today', at: new Date(now).toISOString() }];
  const node = await new StandIn('a', { ...answers({ rooms: [lab, { id: 'their', name: 'canteen', in: true }], lines }), 'room.say': (p, c) => {
    c.event('message', { room: 'mine', room_name: 'lab', id: `s${p.text}`, peer: peer(0), nick: 'alice', text: p.text, at: new Date().toISOString(), self: true, late: false, action: false });
    return { id: `s${p.text}` };
  } }).listen();
  const server = await web('a');
  const context = await (await browser('a')).newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  await context.clock.install({ time: now });
  const page = await open(context, server.link);
  const rooms = page.locator('room-list');
  await rooms.getByRole('button', { name: /^canteen/ }).click();
  node.event('removed', { room: 'their', room_name: 'canteen', kind: 'banned', text: 'this is no market', by: peer(7), by_nick: 'erin', at: new Date(now).toISOString(), until: new Date(now + 3_600_000).toISOString(), removal: 1 });
  await page.getByText('this is no market').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Ask to come back' }).count(), 0);
  await rooms.getByRole('button', { name: /^lab/ }).click();
  await page.locator('.rule.day').getByText('Today').waitFor();
  await context.clock.fastForward('24:00:00'); // the lid is closed
  await page.locator('.rule.day').getByText('Yesterday').waitFor();
  await rooms.getByRole('button', { name: /^canteen/ }).click();
  await page.getByText('The ban is over').waitFor();
  await page.getByRole('button', { name: 'Ask to come back' }).waitFor();
  await rooms.getByRole('button', { name: /^lab/ }).click();
  for (const jump of [48, -96]) {
    await context.clock.setSystemTime(now + jump * 3_600_000);
    await say(page, `${jump} hours`);
    await line(page, `${jump} hours`).waitFor();
    assert.equal(await page.locator('.outgoing li').count(), 0);
  }
  assert.deepEqual(page.faults, []);
});

test('a ban of a length that is typed ends, and outlives a reload', async () => {
  const [alice, bob] = await Promise.all([web('a'), web('b')]);
  const [onA, onB] = await Promise.all([browser('a'), browser('b')]);
  const a = await open(onA, alice.link);
  await create(a, 'lab', 'alice');
  const b = await open(onB, bob.link);
  await b.locator('lobby-view').getByLabel('Your name').fill('bob');
  await b.getByRole('button', { name: 'Join lab' }).click();
  await a.getByRole('button', { name: /^Let .*bob/ }).click();
  await b.getByRole('heading', { level: 1, name: 'lab' }).waitFor();

  await a.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
  await a.getByRole('dialog', { name: 'bob' }).getByRole('button', { name: 'Ban…' }).click();
  const ban = a.getByRole('dialog', { name: 'Ban bob from lab?' });
  await ban.getByLabel('For how long', { exact: true }).selectOption('another time…');
  const length = ban.getByLabel('For how long, as');
  await length.fill('soon');
  await ban.getByRole('button', { name: 'Ban bob' }).click();
  await ban.getByText('“soon” is not a length of time').waitFor();
  await picture(a, 'ban');
  await length.fill('6 s');
  await ban.getByLabel('Why').fill('a short one');
  await ban.getByRole('button', { name: 'Ban bob' }).click();
  const gone = b.getByRole('alert').filter({ hasText: 'You are banned from lab' });
  await gone.getByText('a short one').waitFor();
  await b.reload();
  await gone.getByText('a short one').waitFor();
  assert.equal(await b.getByText('The ban is over').count(), 0, 'the ban was over before the reload');
  await gone.getByText('The ban is over').waitFor();
  await gone.getByRole('button', { name: 'Ask to come back' }).click();
  await a.getByRole('button', { name: /^Let .*bob/ }).click();
  await b.getByRole('textbox', { name: 'Your line in lab' }).waitFor();
  await b.reload();
  await b.getByRole('textbox', { name: 'Your line in lab' }).waitFor();
  assert.equal(await b.locator('room-list [aria-labelledby=mine] [data-key]').count(), 1, 'the removal is still kept');

  // In the command a length may stand before the reason, as in a console.
  await say(a, '/ban bob 90m enough');
  await ban.waitFor();
  assert.equal(await length.inputValue(), '1h30m');
  assert.equal(await ban.getByLabel('Why').inputValue(), 'enough');
  assert.deepEqual([...a.faults, ...b.faults], []);
});

test('the screen is cleared, and the lines come back', async () => {
  const lines = ['one', 'two'].map((text, i) => ({ id: text, peer: peer(1), nick: 'bob', text, at: new Date(Date.now() - 10_000 + i).toISOString() }));
  const node = await new StandIn('a', answers({ rooms: [lab], lines })).listen();
  const server = await web('a');
  const page = await open(await browser('a'), server.link);
  await line(page, 'two').waitFor();
  await say(page, '/clear');
  await line(page, 'two').waitFor({ state: 'hidden' });
  for (const c of node.connections) c.socket.destroy(); // with a new connection the lines are asked for again
  await page.locator('.banner.lost').waitFor();
  await page.locator('.banner.lost').waitFor({ state: 'hidden' });
  node.event('message', { room: 'mine', room_name: 'lab', id: 'three', peer: peer(1), nick: 'bob', text: 'three', at: new Date().toISOString(), self: false, late: false, action: false });
  await line(page, 'three').waitFor();
  assert.equal(await line(page, 'two').count(), 0, 'what was cleared came back by itself');
  node.event('expired', { room: 'mine', ids: ['one'] });
  await page.locator('people-pane').getByRole('button', { name: 'Show the cleared lines' }).click();
  await line(page, 'two').waitFor();
  assert.deepEqual(await page.locator('.log .text').allTextContents(), ['two', 'three'], 'a line that has expired came back, or the order is wrong');
  assert.deepEqual(page.faults, []);
});

test('the node is told whether the page is looked at', async () => {
  const node = await new StandIn('a', answers({ rooms: [lab] })).listen();
  const server = await web('a');
  const page = await open(await browser('a'), server.link);
  await page.getByRole('heading', { level: 1, name: 'lab' }).waitFor();
  const told = async (n) => {
    for (const end = Date.now() + patience; Date.now() < end; await pause(20)) {
      const all = node.calls.filter((c) => c.method === 'node.focus').map((c) => c.params.focused);
      if (all.length >= n) return all;
    }
    assert.fail(`node.focus was not called ${n} times`);
  };
  assert.deepEqual(await told(1), [true]);
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.deepEqual(await told(2), [true, false]);
  await page.evaluate(() => {
    delete document.visibilityState;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.deepEqual(await told(3), [true, false, true]);
  for (const c of node.connections) c.socket.destroy();
  assert.deepEqual(await told(4), [true, false, true, true], 'a new connection is not told');
  assert.deepEqual(page.faults, []);
});
