// QR codes (ISO/IEC 18004) of texts in bytes, with the lowest error correction, as the consoles draw them.

/** For each version, from 1 to the largest that a camera reads well from a screen (1003 bytes): error correction bytes of a block, and blocks. Level L. */
const ECC = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9];

/** Modules that carry data and error correction, in a code of that version. @param {number} v */
function rawModules(v) {
  let n = (16 * v + 128) * v + 64;
  if (v >= 2) {
    const align = Math.floor(v / 7) + 2;
    n -= (25 * align - 10) * align - 55;
    if (v >= 7) n -= 36;
  }
  return n;
}

/** Bytes of data. @param {number} v */
function capacity(v) { return Math.floor(rawModules(v) / 8) - ECC[v - 1] * BLOCKS[v - 1]; }

/** Product in GF(2^8) modulo x^8+x^4+x^3+x^2+1. @param {number} a @param {number} b */
function times(a, b) {
  let z = 0;
  for (let i = 7; i >= 0; i--) z = ((z << 1) ^ ((z >>> 7) * 0x11d)) ^ (((b >>> i) & 1) * a);
  return z;
}

/** The divisor of a Reed–Solomon code. @param {number} degree */
function divisor(degree) {
  const out = new Array(degree).fill(0);
  out[degree - 1] = 1;
  let root = 1;
  for (let i = 0; i < degree; i++) {
    for (let j = 0; j < degree; j++) out[j] = times(out[j], root) ^ (out[j + 1] ?? 0);
    root = times(root, 2);
  }
  return out;
}

/** @param {number[]} data @param {number[]} by */
function remainder(data, by) {
  const out = new Array(by.length).fill(0);
  for (const b of data) {
    const factor = b ^ out.shift();
    out.push(0);
    by.forEach((c, i) => { out[i] ^= times(c, factor); });
  }
  return out;
}

/** The bytes of a code: data and error correction, interleaved. @param {Uint8Array} text @param {number} v */
function codewords(text, v) {
  const bits = /** @type {number[]} */ ([]);
  const put = (/** @type {number} */ value, /** @type {number} */ n) => { for (let i = n - 1; i >= 0; i--) bits.push((value >>> i) & 1); };
  put(4, 4);
  put(text.length, v < 10 ? 8 : 16);
  for (const b of text) put(b, 8);
  const room = capacity(v) * 8;
  put(0, Math.min(4, room - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) put(pad, 8);
  const data = [];
  for (let i = 0; i < bits.length; i += 8) data.push(parseInt(bits.slice(i, i + 8).join(''), 2));

  const blocks = BLOCKS[v - 1];
  const ecc = ECC[v - 1];
  const raw = Math.floor(rawModules(v) / 8);
  const short = Math.floor(raw / blocks);
  const shorts = blocks - (raw % blocks);
  const by = divisor(ecc);
  const all = [];
  for (let i = 0, at = 0; i < blocks; i++) {
    const part = data.slice(at, at + short - ecc + (i < shorts ? 0 : 1));
    at += part.length;
    all.push({ part, check: remainder(part, by) });
  }
  const out = [];
  for (let i = 0; i <= short - ecc; i++) for (const b of all) if (i < b.part.length) out.push(b.part[i]);
  for (let i = 0; i < ecc; i++) for (const b of all) out.push(b.check[i]);
  return out;
}

const masks = [
  (/** @type {number} */ x, /** @type {number} */ y) => (x + y) % 2 === 0,
  (/** @type {number} */ _x, /** @type {number} */ y) => y % 2 === 0,
  (/** @type {number} */ x) => x % 3 === 0,
  (/** @type {number} */ x, /** @type {number} */ y) => (x + y) % 3 === 0,
  (/** @type {number} */ x, /** @type {number} */ y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (/** @type {number} */ x, /** @type {number} */ y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (/** @type {number} */ x, /** @type {number} */ y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (/** @type {number} */ x, /** @type {number} */ y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** How hard a code is to read. @param {boolean[][]} m */
function penalty(m) {
  const n = m.length;
  let sum = 0;
  let dark = 0;
  const finder = /(?=00001011101|10111010000)/g;
  for (let i = 0; i < n; i++) {
    for (const line of [m[i], m.map((row) => row[i])]) {
      const s = line.map(Number).join('');
      for (const run of s.matchAll(/0{5,}|1{5,}/g)) sum += run[0].length - 2;
      sum += 40 * [...s.matchAll(finder)].length;
    }
    for (let j = 0; j < n; j++) {
      if (m[i][j]) dark++;
      if (i > 0 && j > 0 && m[i][j] === m[i - 1][j] && m[i][j] === m[i][j - 1] && m[i][j] === m[i - 1][j - 1]) sum += 3;
    }
  }
  return sum + 10 * Math.floor(Math.abs(dark * 20 - n * n * 10) / (n * n));
}

/**
 * A text as a matrix: rows of '1' (dark) and '0'; null if it is too long for a code that a camera reads from a screen.
 * @param {string} text
 * @returns {string[]|null}
 */
export function encode(text) {
  const bytes = new TextEncoder().encode(text);
  let v = 1;
  while (v <= ECC.length && capacity(v) * 8 < 4 + (v < 10 ? 8 : 16) + bytes.length * 8) v++;
  if (v > ECC.length) return null;
  const n = 4 * v + 17;
  /** @type {(boolean|undefined)[][]} */
  const fixed = Array.from({ length: n }, () => new Array(n));
  const set = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ on) => { if (x >= 0 && y >= 0 && x < n && y < n) fixed[y][x] = on; };
  for (let i = 0; i < n; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [cx, cy] of [[3, 3], [n - 4, 3], [3, n - 4]]) {
    for (let dy = -4; dy <= 4; dy++) for (let dx = -4; dx <= 4; dx++) {
      const d = Math.max(Math.abs(dx), Math.abs(dy));
      set(cx + dx, cy + dy, d !== 2 && d !== 4);
    }
  }
  const count = v === 1 ? 0 : Math.floor(v / 7) + 2;
  const step = Math.floor((v * 8 + count * 3 + 5) / (count * 4 - 4)) * 2;
  const at = Array.from({ length: count }, (_, i) => (i === 0 ? 6 : n - 7 - (count - 1 - i) * step));
  at.forEach((x, i) => at.forEach((y, j) => {
    if ((i === 0 && j === 0) || (i === 0 && j === count - 1) || (i === count - 1 && j === 0)) return;
    for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
  }));
  if (v >= 7) {
    let rest = v;
    for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
    const bits = (v << 12) | rest;
    for (let i = 0; i < 18; i++) {
      set(n - 11 + (i % 3), Math.floor(i / 3), ((bits >>> i) & 1) === 1);
      set(Math.floor(i / 3), n - 11 + (i % 3), ((bits >>> i) & 1) === 1);
    }
  }
  const format = (/** @type {number} */ mask) => {
    const data = (1 << 3) | mask; // level L
    let rest = data;
    for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
    const bits = ((data << 10) | rest) ^ 0x5412;
    const bit = (/** @type {number} */ i) => ((bits >>> i) & 1) === 1;
    for (let i = 0; i < 15; i++) {
      set(8, i < 6 ? i : i < 8 ? i + 1 : n - 15 + i, bit(i));
      set(i < 8 ? n - 1 - i : i < 9 ? 15 - i : 14 - i, 8, bit(i));
    }
    set(8, n - 8, true);
  };
  format(0);
  const words = codewords(bytes, v);
  let best = /** @type {boolean[][]|null} */ (null);
  let least = Infinity;
  masks.forEach((mask, which) => {
    format(which);
    const m = fixed.map((row) => Array.from({ length: n }, (_, x) => row[x]));
    let i = 0;
    for (let right = n - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      for (let k = 0; k < n; k++) for (let j = 0; j < 2; j++) {
        const x = right - j;
        const y = ((right + 1) & 2) === 0 ? n - 1 - k : k;
        if (m[y][x] !== undefined) continue;
        const bit = i < words.length * 8 && ((words[i >>> 3] >>> (7 - (i & 7))) & 1) === 1;
        m[y][x] = bit !== mask(x, y);
        i++;
      }
    }
    const full = /** @type {boolean[][]} */ (m);
    const p = penalty(full);
    if (p < least) [best, least] = [full, p];
  });
  return (best ?? []).map((row) => row.map(Number).join(''));
}
