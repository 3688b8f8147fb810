// Who gets in, and what a page does when its browser, its node or its server goes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Node, Program, browser, open, settings, test, watch, web } from './harness.mjs';
import { create, line, say } from './page.mjs';

const wall = (page, title) => page.getByRole('alert').filter({ hasText: title });

test('a link opens the page once, and nothing else does', async () => {
  const server = await web('a');
  const b = await browser('a', '--host-resolver-rules=MAP rebound.test 127.0.0.1');
  const page = await open(b, server.link);
  await page.getByRole('button', { name: 'Create a room' }).waitFor();
  await server.sees(/a browser has opened the page/);
  assert.equal(await page.evaluate(() => location.hash + document.cookie), '', 'a script sees the token or the cookie');

  // Another tab of the same browser needs no link, and the used link does no harm there.
  const second = await page.context().newPage();
  await second.goto(`${server.origin}/`);
  await second.getByRole('button', { name: 'Create a room' }).waitFor();
  await second.goto(server.link);
  await second.getByRole('button', { name: 'Create a room' }).waitFor();

  // In another browser the link is used, and without one there is no session. Enter makes a new link.
  await wall(await open(b, server.link), 'This link was used before').waitFor();
  await wall(await open(b, `${server.origin}/`), 'This page is not connected').waitFor();
  await wall(await open(b, `${server.origin}/#token=AAAAAAAAAAAAAAAAAAAAAAAAAA`), 'This link is not valid').waitFor();
  server.type('');
  const fresh = new RegExp(`^(?!.*${server.link.split('=')[1]})http://\\S+$`);
  await (await open(b, (await server.sees(fresh))[0])).getByRole('button', { name: 'Create a room' }).waitFor();

  // A name that leads here gets nothing.
  const rebound = await page.context().newPage();
  const answer = await rebound.goto(server.origin.replace('127.0.0.1', 'rebound.test'));
  assert.equal(answer?.status(), 421);
  assert.equal(await rebound.locator('script').count(), 0);

  // Nor does another site in the same browser, even one that a browser takes for the same because it differs in its port alone, and even
  // if it knew the key.
  const key = await page.evaluate(() => localStorage.getItem('localchat.key'));
  for (const site of ['http://127.0.0.1:9', 'http://elsewhere.test']) {
    const other = await page.context().newPage();
    await page.context().route(`${site}/**`, (r) => r.fulfill({ contentType: 'text/html', body: '<!doctype html><title>elsewhere</title>' }));
    await other.goto(`${site}/`);
    const got = await other.evaluate(async ([origin, key]) => {
      const socket = await new Promise((done) => {
        const s = new WebSocket(`${origin.replace('http', 'ws')}/ws?key=${key}`);
        s.onopen = () => done('open');
        s.onclose = (e) => done(e.code);
      });
      const read = (path, init) => fetch(origin + path, { credentials: 'include', ...init }).then((r) => `read ${r.status}`, () => 'refused');
      const frame = document.createElement('iframe');
      frame.src = `${origin}/`;
      const framed = new Promise((done) => { frame.onload = () => done('loaded'); });
      document.body.append(frame);
      await framed;
      const image = await new Promise((done) => {
        const i = new Image();
        i.onload = () => done('seen');
        i.onerror = () => done('refused');
        i.src = `${origin}/icon.svg`;
      });
      return [socket, await read('/'), await read('/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"token":""}' }), await read(`/session?key=${key}`), image];
    }, [server.origin, key]);
    assert.deepEqual(got, [1006, 'refused', 'refused', 'refused', 'refused'], site);
    for (const f of other.frames().slice(1)) assert.doesNotMatch(f.url(), /127\.0\.0\.1:(?!9\b)/, `${site} shows the page in a frame`);
    await other.close();
  }
  assert.deepEqual(page.faults, []);
});

test('a console beside the page, and two tabs', async () => {
  const server = await web('a');
  const page = await open(await browser('a'), server.link);
  await create(page, 'desk', 'alice');
  const tab = await page.context().newPage();
  watch(tab, server.origin);
  await tab.goto(`${server.origin}/`);
  await tab.getByRole('heading', { level: 1, name: 'desk' }).waitFor();

  const beside = new Program('a', ['--plain'], 'home');
  await beside.sees(/you own desk, as alice/);
  beside.type('said in the console');
  await line(page, 'said in the console').waitFor();
  await line(tab, 'said in the console').waitFor();
  await say(tab, 'said in a tab');
  await line(page, 'said in a tab').waitFor();
  await beside.sees(/<alice> said in a tab/);
  await line(tab, 'said in a tab').waitFor();
  assert.equal(await line(tab, 'said in a tab').count(), 1);
  beside.type('/quit');
  await beside.ended;
  await say(page, 'the console has gone');
  await line(tab, 'the console has gone').waitFor();
  assert.deepEqual([...page.faults, ...tab.faults], []);
});

test('the doctor says in the page what stands in the way', async () => {
  const server = await web('a');
  const page = await open(await browser('a'), server.link);
  const link = (state) => execFileSync('ip', ['-n', settings.hosts.a, 'link', 'set', 'eth0', state]);
  const check = async (verdict) => {
    await page.locator('room-list').getByRole('button', { name: 'Network' }).click();
    const dialog = page.getByRole('dialog', { name: 'Check the network' });
    await dialog.getByText(verdict).waitFor();
    const findings = await dialog.locator('.finding').evaluateAll((all) => all.map((el) => el.className.match(/is-(\w+)/)[1]));
    assert.ok(findings.length > 0);
    assert.deepEqual(findings, [...findings].sort((x, y) => ['fault', 'warning', 'ok', 'note'].indexOf(x) - ['fault', 'warning', 'ok', 'note'].indexOf(y)), 'what is worse comes first');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    return findings;
  };
  assert.ok(!(await check(/^(Nothing stands in the way|It works, but something needs attention)\.$/)).includes('fault'));
  try {
    link('down');
    assert.ok((await check('Something stands in the way.')).includes('fault'));
  } finally {
    link('up');
  }
  assert.deepEqual(page.faults, []);
});

test('the node is killed and started again, and then the server', async () => {
  let node = new Node('a', 'home');
  await node.call('node.info');
  await node.call('room.create', { name: 'phoenix', nick: 'alice' });
  const server = await web('a');
  const page = await open(await browser('a'), server.link);
  await page.getByRole('heading', { level: 1, name: 'phoenix' }).waitFor();
  await say(page, 'before');
  await line(page, 'before').waitFor();

  await node.kill();
  await page.getByText('localchat does not run. Type localchat up in a terminal').waitFor();
  await say(page, 'typed meanwhile');
  assert.equal(await page.getByRole('textbox', { name: /^Your line/ }).inputValue(), 'typed meanwhile', 'what was typed is lost');
  node = new Node('a', 'home');
  await page.getByText('localchat does not run.').waitFor({ state: 'hidden' });
  await page.getByRole('textbox', { name: /^Your line/ }).press('Enter');
  await line(page, 'typed meanwhile').waitFor();
  assert.equal(await line(page, 'typed meanwhile').count(), 1);

  // Without its server the page says so. It goes on with a new link of a server at the same address.
  const port = new URL(server.origin).port;
  await server.kill();
  await page.getByText('The connection with localchat was lost.').waitFor();
  const again = await web('a', '--port', port);
  await wall(page, 'This page is not connected').waitFor();
  await page.goto(again.link);
  await page.reload(); // another fragment alone is no other page
  await page.getByRole('heading', { level: 1, name: 'phoenix' }).waitFor();
  assert.deepEqual(page.faults, []);
});
