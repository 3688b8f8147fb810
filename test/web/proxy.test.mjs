// A browser that uses a proxy.

import assert from 'node:assert/strict';
import { Program, browser, open, picture, test, watch, web } from './harness.mjs';
import { create, line, say } from './page.mjs';

/** A browser with a proxy, which is asked for this machine too if `loopback` is set. */
async function behind(does, loopback) {
  const proxy = new Program('a', [`${import.meta.dirname}/proxy.mjs`, does], `proxy-${does}`, process.execPath);
  const [, port] = await proxy.sees(/^port (\d+)$/);
  return [await browser('a', `--proxy-server=127.0.0.1:${port}`, ...(loopback ? ['--proxy-bypass-list=<-loopback>'] : [])), proxy];
}

test('a proxy that refuses everything is not asked for this machine', async () => {
  const server = await web('a', '--ephemeral');
  const [b, proxy] = await behind('refuse', false);
  const page = await open(b, server.link);
  await create(page, 'direct', 'alice');
  await say(page, 'no proxy hears this');
  await line(page, 'no proxy hears this').waitFor();
  assert.deepEqual(proxy.lines.filter((l) => l.includes('127.0.0.1')), []);
  assert.deepEqual(page.faults, []);
});

test('where it is asked, the terminal says what to do', async () => {
  const server = await web('a', '--ephemeral');
  const [b, proxy] = await behind('refuse', true);
  const page = await b.newPage();
  watch(page, server.origin);
  await page.goto(server.link);
  await page.getByText('the proxy refuses').waitFor();
  assert.deepEqual(proxy.lines.filter((l) => l.includes('token')), [], 'the proxy was told the token');
  server.type('');
  await server.sees(/no browser has opened the page yet: .*no proxy for 127\.0\.0\.1/);
});

test('a proxy that hands on the page and no connection is said to stand between', async () => {
  const server = await web('a', '--ephemeral');
  const [b] = await behind('plain', true);
  const page = await open(b, server.link);
  await page.getByText('The browser does not let this page through').waitFor();
  await page.getByText('no proxy for 127.0.0.1').waitFor();
  await picture(page, 'blocked');
  assert.deepEqual(page.faults, []);
});

test('a proxy that hands on everything does no harm', async () => {
  const server = await web('a', '--ephemeral');
  const [b, proxy] = await behind('all', true);
  const page = await open(b, server.link);
  await create(page, 'through', 'alice');
  await say(page, 'by way of a proxy');
  await line(page, 'by way of a proxy').waitFor();
  assert.ok(proxy.lines.some((l) => l.startsWith('CONNECT 127.0.0.1')), 'the proxy was not asked');
  assert.deepEqual(page.faults, []);
});
