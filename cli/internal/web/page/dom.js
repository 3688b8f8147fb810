// Functions that make elements. Text becomes text nodes; nothing here can make markup of it.

/**
 * An element with attributes, listeners (on…) and children. A child that is text becomes a text node.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [attributes]
 * @param {(Node|string|null|undefined|false)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) el.addEventListener(name.slice(2), value);
    else if (name === 'class') el.className = value;
    else if (name === 'value' && el instanceof HTMLTextAreaElement) el.value = value;
    else el.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) el.append(child);
  return el;
}

/**
 * Text of a peer, isolated so that its direction changes nothing around it.
 * @param {string} text @param {string} [className]
 */
export function bdi(text, className) { return h('bdi', { class: className }, text); }

/**
 * A button. @param {string|Node} label @param {() => void} action @param {Record<string, any>} [attributes]
 */
export function button(label, action, attributes = {}) { return h('button', { type: 'button', onclick: action, ...attributes }, label); }

const SVG = 'http://www.w3.org/2000/svg';

/** Icons, on a grid of 20 by 20, as strokes. */
const icons = {
  menu: 'M3 5.5h14M3 10h14M3 14.5h14',
  people: 'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.5c.3-3 2.500-4.500 5.500-4.500s5.200 1.500 5.500 4.500M13 9.300a2.600 2.600 0 1 0-1-5M14.500 12.300c2 .4 3.300 1.800 3.500 4.200',
  close: 'M5 5l10 10M15 5L5 15',
  plus: 'M10 4v12M4 10h12',
  send: 'M3 10.500L17 4l-4.500 13-3-5.500zM9.500 11.500L17 4',
  gear: 'M10 12.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM10 2.500v2M10 15.500v2M2.500 10h2M15.500 10h2M4.700 4.700l1.400 1.400M13.900 13.900l1.400 1.400M4.700 15.300l1.400-1.400M13.900 6.100l1.400-1.400',
  search: 'M9 14.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11zM13 13l4 4',
  down: 'M10 4v12M5 11l5 5 5-5',
  more: 'M4.500 10h.01M10 10h.01M15.500 10h.01',
  home: 'M3.500 9.500L10 4l6.500 5.500V16h-4.500v-4h-4v4H3.500z',
};

/** @param {keyof typeof icons} which */
export function icon(which) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', `icon icon-${which}`);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', icons[which]);
  svg.append(path);
  return svg;
}

/**
 * A QR code from its matrix: rows of '1' (dark) and '0'.
 * @param {string[]} rows @param {string} label
 */
export function qrCode(rows, label) {
  const quiet = 4; // modules of margin that a camera needs
  const size = rows.length + 2 * quiet;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  svg.setAttribute('class', 'qr');
  svg.setAttribute('shape-rendering', 'crispEdges');
  const path = document.createElementNS(SVG, 'path');
  let d = '';
  rows.forEach((row, y) => {
    for (const run of row.matchAll(/1+/g)) d += `M${run.index + quiet} ${y + quiet}h${run[0].length}v1h-${run[0].length}z`;
  });
  path.setAttribute('d', d);
  svg.append(path);
  return svg;
}

/** Replaces the children of an element. @param {Element} el @param {(Node|string|null|undefined|false)[]} children */
export function fill(el, ...children) {
  el.replaceChildren(...children.filter((c) => c !== null && c !== undefined && c !== false).map((c) => /** @type {Node|string} */ (c)));
}

/** One of eight colours that stand for a person. @param {string} peer */
export function hue(peer) {
  let sum = 7;
  for (let i = Math.max(0, peer.length - 12); i < peer.length; i++) sum = (sum * 31 + peer.charCodeAt(i)) >>> 0;
  return `hue${sum % 8}`;
}
