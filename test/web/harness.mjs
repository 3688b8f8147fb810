// What the tests of the page have in common: programs on hosts, browsers, and a node that says what a test wants.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { after, test as nodeTest } from 'node:test';
import { chromium } from 'playwright-core';

export const settings = JSON.parse(process.env.WEB_TEST);

/** Milliseconds that a test waits for what should come at once. It only ends a test that has failed already. */
export const patience = 30_000;

const ends = [];
after(async () => { for (const end of ends.reverse()) await end(); });

let tests = 0; // so far; each has directories of its own
const programs = [];
const pages = [];

/** A test. If it fails, it shows what the programs have written and what stands on the pages. */
export function test(name, run, options = {}) {
  nodeTest(name, options, async (t) => {
    tests++;
    try {
      await run(t);
    } catch (err) {
      for (const p of programs) console.log(`${p.name}:\n${tail(p.lines)}\n`);
      for (const p of pages) console.log(`${p.url()}: ${p.faults.join('; ')}\n${p.frames.slice(-60).join('\n')}\n${await p.locator('body').ariaSnapshot().catch((e) => e.message)}\n`);
      throw err;
    }
  });
}

/** The end of a program's output, for the message of a test that fails. */
const tail = (lines) => lines.slice(-30).join('\n');

/** A program on a host. */
export class Program extends EventEmitter {
  constructor(host, args, dir = args[0], program = settings.program) {
    super();
    this.setMaxListeners(0);
    const home = `${settings.dir}/${tests}-${host}-${dir}`;
    mkdirSync(home, { recursive: true, mode: 0o700 });
    this.home = home;
    this.lines = [];
    this.child = spawn('ip', ['netns', 'exec', settings.hosts[host], program, ...args], {
      env: { PATH: process.env.PATH, HOME: home, USER: host, XDG_DATA_HOME: `${home}/data`, XDG_CONFIG_HOME: `${home}/config`, XDG_RUNTIME_DIR: `${home}/run` },
    });
    this.ended = once(this.child, 'exit');
    this.name = `${host}: ${program.split('/').at(-1)} ${args.join(' ')}`;
    programs.push(this);
    for (const out of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: out }).on('line', (line) => {
        this.lines.push(line);
        this.emit('line', line);
      });
    }
    ends.push(() => this.kill());
  }

  /** Waits for a line, one that has come already among them, and returns its match. */
  async sees(pattern) {
    for (const line of this.lines) {
      const m = line.match(pattern);
      if (m) return m;
    }
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no line ${pattern} in\n${tail(this.lines)}`)), patience);
      const look = (line) => {
        const m = line.match(pattern);
        if (!m) return;
        clearTimeout(late);
        this.off('line', look);
        resolve(m);
      };
      this.on('line', look);
    });
  }

  /** Stops the program, as a laptop that sleeps, until it wakes. */
  async sleep() {
    this.child.kill('SIGSTOP');
    for (const end = Date.now() + patience; /\) [^T]/.test(readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')); await pause(5)) assert.ok(Date.now() < end, 'it does not stop');
  }

  wake() { this.child.kill('SIGCONT'); }

  type(line) { this.child.stdin.write(`${line}\n`); }

  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** `localchat web`; link is what it prints. */
export async function web(host, ...args) {
  const program = new Program(host, ['web', '--no-open', ...args], 'home');
  const [link, origin] = await program.sees(/^(http:\/\/127\.0\.0\.1:\d+)\/#token=\S+$/);
  return Object.assign(program, { link, origin });
}

/** JSON-RPC with a node, by `localchat rpc`. */
export class Node extends Program {
  constructor(host, dir, ...args) {
    super(host, ['rpc', ...args], dir);
    this.last = 0;
  }

  async call(method, params = {}) {
    const id = ++this.last;
    this.type(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    const [line] = await this.sees(new RegExp(`^\\{"jsonrpc":"2\\.0","id":${id},.*`));
    const answer = JSON.parse(line);
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }

  /** Waits for an event. */
  async event(type, text = '') { return JSON.parse((await this.sees(new RegExp(`^.*"method":"event","params":\\{"type":"${type}".*${text}.*`)))[0]).params; }
}

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const argsOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
};

/** The processes of a group. */
function processes(group) {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[2] === String(group);
    } catch {
      return false; // it has ended
    }
  }).map(Number);
}

/** A browser on a host. */
export async function browser(host, ...more) {
  const path = `${settings.dir}/chromium-${tests}-${host}`;
  writeFileSync(path, `#!/bin/sh\necho $$ >${path}.pid\nexec ip netns exec ${settings.hosts[host]} ${settings.chromium} "$@"\n`);
  chmodSync(path, 0o755);
  const b = await chromium.launch({ executablePath: path, args: [...flags, ...more] });
  const group = -Number(readFileSync(`${path}.pid`, 'utf8')); // a browser is many processes
  ends.push(() => {
    process.kill(group, 'SIGCONT');
    return b.close();
  });
  return Object.assign(b, {
    /** Stops its processes, or those of a type, until it wakes. */
    sleep: (type = '') => { for (const pid of processes(-group)) if (type === '' || argsOf(pid).includes(`--type=${type}`)) process.kill(pid, 'SIGSTOP'); },
    wake: () => process.kill(group, 'SIGCONT'),
  });
}

/**
 * A page of a browser. What goes wrong in it, or leaves it for elsewhere, is kept in page.faults.
 * @param {import('playwright-core').Browser|import('playwright-core').BrowserContext} of
 */
export async function open(of, link, options = {}) {
  const context = 'newContext' in of ? await of.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options }) : of;
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  watch(page, new URL(link).origin);
  pages.push(page);
  await page.goto(link);
  return page;
}

export function watch(page, origin) {
  page.faults = [];
  page.frames = [];
  const note = (way) => (f) => { if (page.frames.push(`${way} ${String(f.payload).slice(0, 200)}`) > 200) page.frames.shift(); };
  page.on('websocket', (w) => w.on('framesent', note('>')).on('framereceived', note('<')));
  page.on('pageerror', (e) => page.faults.push(`script: ${e.stack}`));
  page.on('console', (m) => { if (m.type() === 'error' && !/WebSocket connection to|Failed to load resource/.test(m.text())) page.faults.push(`console: ${m.text()}`); });
  page.on('dialog', (d) => {
    page.faults.push(`dialog: ${d.message()}`);
    void d.dismiss();
  });
  page.on('request', (r) => { if (!r.url().startsWith(`${origin}/`) && !r.url().startsWith('data:') && !r.url().startsWith('blob:')) page.faults.push(`request: ${r.url()}`); });
  page.on('popup', (p) => page.faults.push(`window: ${p.url()}`));
}

/** Takes a picture for the README, if pictures are asked for. */
export async function portrait(page, name) {
  if (!settings.pictures) return;
  await page.setViewportSize({ width: 1000, height: 560 });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.screenshot({ path: `../../docs/${name}.png` });
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Takes pictures of every width and colour scheme, if they are asked for. */
export async function picture(page, name) {
  if (!settings.pictures) return;
  for (const scheme of ['light', 'dark']) {
    for (const width of [360, 800, 1600]) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: width < 700 ? 740 : 900 });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.screenshot({ path: `${settings.pictures}/${name}-${width}-${scheme}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** A node that says what a test wants, where a program would attach to a real one. */
export class StandIn {
  /** @param {Record<string, (params: any, connection: Connection) => any>} methods */
  constructor(host, methods) {
    this.methods = methods;
    this.connections = new Set();
    this.calls = [];
    this.data = `${settings.dir}/${tests}-${host}-home/data/localchat`;
    mkdirSync(`${this.data}/attach`, { recursive: true, mode: 0o700 });
  }

  listen() {
    return new Promise((resolve) => {
      this.server = createServer((socket) => this.serve(socket)).listen(`${this.data}/attach/socket`, () => resolve(this));
      ends.push(() => this.close());
    });
  }

  close() {
    for (const c of this.connections) c.socket.destroy();
    return new Promise((resolve) => this.server.close(resolve));
  }

  serve(socket) {
    const c = { socket, send: (message) => socket.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`) };
    c.event = (type, body) => c.send({ method: 'event', params: { type, seq: 1, time: new Date().toISOString(), ...body } });
    this.connections.add(c);
    socket.on('error', () => {}).on('close', () => this.connections.delete(c));
    createInterface({ input: socket }).on('error', () => {}).on('line', async (line) => {
      const { id, method, params } = JSON.parse(line);
      if (method === 'attach') return c.send({ id, result: { pid: process.pid, version: params.version, since: new Date().toISOString() } });
      this.calls.push({ method, params });
      const answer = this.methods[method];
      if (!answer) return c.send({ id, error: { code: -32601, message: `no ${method}` } });
      const result = await answer(params ?? {}, c);
      c.send(result?.error ? { id, error: result.error } : { id, result: result ?? {} });
    });
  }

  /** Tells every page. */
  event(type, body) { for (const c of this.connections) c.event(type, body); }
}
