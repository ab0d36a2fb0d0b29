/**
 * The 40 lines between rows and the document: stamp, slots, reconcile, perFrame, and what one look-up table needs.
 *
 * Markup stands in <template>s; `data-slot` names what is written to, `data-act` what a click does. Rows that did not change
 * are not written to, and a row that moves keeps its focus.
 */

/** @typedef {Record<string, any>} Slots */

/**
 * @template Row
 * @typedef {object} Part
 * @property {HTMLElement} root
 * @property {Slots} slot
 * @property {Row | null} data
 */

/** The elements inside `root` by their `data-slot`. @param {Element} root @returns {Slots} */
export function slots(root) {
  /** @type {Slots} */
  const found = {};
  for (const each of root.querySelectorAll('[data-slot]')) found[each.getAttribute('data-slot') ?? ''] = each;
  return found;
}

/** A fresh copy of a template's one element. @param {string} id @returns {Part<any>} */
export function stamp(id) {
  /** @type {any} */
  const template = document.getElementById(id);
  const root = template.content.firstElementChild.cloneNode(true);
  return { root, slot: slots(root), data: null };
}

/** @param {any} a @param {any} b */
const same = (a, b) => Object.keys(b).every(key => a?.[key] === b[key]);

/** @param {Element} parent @param {Element} child @param {Element | null} before */
function place(parent, child, before) {
  if ('moveBefore' in parent && child.isConnected) {
    parent.moveBefore(child, before);
    return;
  }
  const focused = child.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(child, before);
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}

/**
 * Makes `parent` show `rows`, in order. Answers the parts by key, to be given back next time.
 * @template {{key: string}} Row
 * @param {Element} parent
 * @param {Map<string, Part<Row>>} parts
 * @param {Row[]} rows
 * @param {(row: Row) => Part<Row>} make
 * @param {(part: Part<Row>, row: Row) => void} update
 */
export function reconcile(parent, parts, rows, make, update) {
  /** @type {Map<string, Part<Row>>} */
  const next = new Map();
  const keys = new Set(rows.map(row => row.key));
  for (const [key, part] of parts) if (!keys.has(key)) part.root.remove();
  let at = parent.firstElementChild;
  for (const row of rows) {
    const part = parts.get(row.key) ?? make(row);
    next.set(row.key, part);
    if (!same(part.data, row)) update(part, row);
    part.data = row;
    if (at?.nextElementSibling === part.root) at = part.root;
    if (at && at === part.root) at = at.nextElementSibling;
    else place(parent, part.root, at);
  }
  return next;
}

/**
 * Joins many calls into one drawing a frame, and with `gap` into one per so many ms. A hidden page draws when it is shown.
 * @param {() => void} draw @param {number} [gap]
 */
export function perFrame(draw, gap = 0) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    const run = () => {
      asked = false;
      draw();
    };
    if (gap) setTimeout(() => requestAnimationFrame(run), gap);
    else requestAnimationFrame(run);
  };
}

/** Another icon in the same place. @param {Element} use  the <use> of an icon @param {string} name */
export function icon(use, name) {
  if (use.getAttribute('href') !== `#i-${name}`) use.setAttribute('href', `#i-${name}`);
}

/** Data that the server wrote into the document. @param {string} id @returns {any} */
export const dataOf = id => JSON.parse(document.getElementById(id)?.textContent ?? 'null');

/** Writes text only where it differs. @param {Element} element @param {string} value */
export function write(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/**
 * One click listener for the whole document: `data-act` looks its verb up in the table.
 * @param {Record<string, (element: HTMLElement, event: MouseEvent) => unknown>} verbs
 */
export function onActs(verbs) {
  document.addEventListener('click', event => {
    const element = event.target instanceof Element ? event.target.closest('[data-act]') : null;
    if (!(element instanceof HTMLElement) || element.ariaDisabled === 'true') return;
    const verb = element.dataset.act ?? '';
    if (Object.hasOwn(verbs, verb)) verbs[verb](element, event);
  });
}

/**
 * The dial: how much of a time of keeping is left. The arc stops at 90 %, or it would read as a radio button.
 * @param {Element} dial  made by the macro `dial` @param {number | null} left  0 to 1; null = nothing is stored yet
 */
export function setDial(dial, left) {
  const arc = dial.lastElementChild;
  const share = left === null ? '' : left <= 0 ? 'over' : left < 0.15 ? 'low' : 'some';
  dial.setAttribute('data-left', share);
  arc?.setAttribute('stroke-dasharray', left === null ? '4 5' : `${Math.round(Math.min(Math.max(left, 0), 0.9) * 100)} 100`);
}
