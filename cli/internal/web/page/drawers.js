// On a narrow page the rooms and the people are drawers over the lines; on a wide one they are columns.

const narrow = matchMedia('(max-width: 719px)');
const middle = matchMedia('(max-width: 1119px)');

/** @typedef {'rooms'|'people'} Drawer */

/** @type {Drawer|''} */
let open = '';
/** @type {HTMLElement|null} */
let from = null;

/** @param {Drawer} which */
function isDrawer(which) { return which === 'rooms' ? narrow.matches : middle.matches; }

function show() {
  for (const which of /** @type {Drawer[]} */ (['rooms', 'people'])) {
    const el = document.getElementById(which);
    if (!el) continue;
    el.inert = isDrawer(which) && open !== which;
    el.classList.toggle('open', open === which);
  }
  const scrim = /** @type {HTMLElement} */ (document.getElementById('scrim'));
  scrim.hidden = open === '' || !isDrawer(open);
  /** @type {HTMLElement} */ (document.querySelector('main')).inert = !scrim.hidden;
}

/** Opens a drawer or closes it. On a wide page it shows or hides the column of people. @param {Drawer} which */
export function toggleDrawer(which) {
  if (!isDrawer(which)) {
    document.body.classList.toggle(`no-${which}`);
    return;
  }
  from = open === which ? null : /** @type {HTMLElement|null} */ (document.activeElement);
  open = open === which ? '' : which;
  show();
  if (open) /** @type {HTMLElement|null} */ (document.querySelector(`#${open} [aria-current], #${open} button:not([hidden])`))?.focus();
}

/** Closes the open drawer, and reports whether one was open. */
export function closeDrawer() {
  if (open === '' || !isDrawer(open)) return false;
  open = '';
  show();
  from?.focus();
  from = null;
  return true;
}

for (const width of [narrow, middle]) width.addEventListener('change', () => {
  open = '';
  show();
});

export function beginDrawers() {
  document.getElementById('scrim')?.addEventListener('click', () => closeDrawer());
  show();
}
