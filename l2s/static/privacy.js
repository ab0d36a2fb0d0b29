/**
 * The editor's page, where a script can help: a preset fills the form in place, and the side column follows what is chosen.
 * Without it the same form works by its buttons. Sentences come from the server, ready; here they are only shown.
 */
import { dataOf, icon, perFrame, slots, stamp, write } from './shared/dom.js';

const GAP = 250; // ms in which several choices become one question

/** @typedef {[title: string, text: string, wider: boolean]} Line */
/** @typedef {{promise: string, reads: string[], drops: Line[], adds: [string, Line[]][], problem: string}} Effect */
/** @typedef {{level: string, when: string, days: string | number, purposes: string[], audience: string[], recipients: string[][]}} Rule */

const form = document.getElementById('declaration');
const READERS = ['operator', 'team', 'site', 'supervisor', 'admin'];

/** @param {HTMLFormElement} form */
function edits(form) {
  const side = slots(document.body);
  let asked = 0;

  const ask = perFrame(async () => {
    const turn = ++asked;
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    const headers = { Accept: 'application/json' };
    const answer = await fetch(form.dataset.preview ?? '', { method: 'POST', body, headers }).catch(() => null);
    const effect = answer?.ok ? await answer.json() : null;
    if (effect && turn === asked) shows(side, effect);
  }, GAP);

  form.addEventListener('input', event => {
    if (event.target instanceof Element) sums(event.target.closest('.whys'));
    for (const card of form.querySelectorAll('[data-chosen]')) chooses(card, false);
    ask();
  });

  /** @type {Record<string, Record<string, Rule>>} */
  const presets = dataOf('presets');
  for (const card of form.querySelectorAll('[data-preset]')) {
    card.querySelector('button')?.addEventListener('click', event => {
      event.preventDefault();
      for (const other of form.querySelectorAll('[data-preset]')) chooses(other, other === card);
      fills(form, presets[/** @type {HTMLElement} */ (card).dataset.preset ?? '']);
      ask();
    });
  }
}

/** @param {Element} card @param {boolean} on */
function chooses(card, on) {
  card.toggleAttribute('data-chosen', on);
  card.querySelector('button')?.setAttribute('aria-pressed', String(on));
}

/** Writes a preset into the fields; a class that it leaves off keeps its other choices. @param {HTMLFormElement} form @param {Record<string, Rule>} preset */
function fills(form, preset) {
  for (const row of form.querySelectorAll('[data-class]')) {
    const cls = /** @type {HTMLElement} */ (row).dataset.class ?? '';
    const rule = preset[cls];
    ticks(form, `${cls}.level`, [rule?.level ?? 'none']);
    if (!rule) continue;
    picks(form, `${cls}.when`, rule.when);
    picks(form, `${cls}.days`, String(rule.days));
    picks(form, `${cls}.reader`, READERS.filter(name => rule.audience.includes(name)).at(-1) ?? '');
    ticks(form, `${cls}.why`, rule.purposes);
    ticks(form, `${cls}.apart`, rule.audience);
    const out = rule.recipients.map(pair => pair.join(', '));
    ticks(form, `${cls}.to`, out);
    sums(row.querySelector('.whys'));
  }
}

/** @param {HTMLFormElement} form @param {string} name @param {string[]} values */
function ticks(form, name, values) {
  for (const box of form.querySelectorAll(`input[name="${name}"]`)) {
    if (box instanceof HTMLInputElement) box.checked = values.includes(box.value);
  }
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value */
function picks(form, name, value) {
  const list = form.elements.namedItem(name);
  if (list instanceof HTMLSelectElement) list.value = value;
}

/** The folded disclosure says what is in it. @param {Element | null} whys */
function sums(whys) {
  const line = whys?.querySelector('summary');
  if (!whys || !line) return;
  const said = [...whys.querySelectorAll('input:checked')].filter(box => !box.getAttribute('name')?.endsWith('.to'));
  const why = said.filter(box => box.getAttribute('name')?.endsWith('.why')).map(told);
  const apart = said.filter(box => box.getAttribute('name')?.endsWith('.apart')).map(told);
  const list = whys.querySelector('select');
  const reader = list?.value || !apart.length ? [list?.selectedOptions[0]?.text ?? ''] : [];
  write(line, `${why.join(', ')} · ${[...reader, ...apart].join(', ')}`);
}

/** @param {Element} box */
const told = box => box.parentElement?.textContent?.trim() ?? '';

/** @param {import('./shared/dom.js').Slots} side @param {Effect} effect */
function shows(side, effect) {
  write(side.promise.firstElementChild, effect.promise);
  side.promise.hidden = !effect.promise;
  write(side.problem, effect.problem);
  side.problem.hidden = !effect.problem;
  side.reads.replaceChildren(...effect.reads.map(item));
  side.drops.hidden = !effect.drops.length;
  side.drops.querySelector('ul').replaceChildren(...effect.drops.map(line => lineOf(side, line)));
  side.adds.replaceChildren(...effect.adds.map(([head, lines]) => addsOf(side, head, lines)));
}

/** @param {string} said */
function item(said) {
  const made = document.createElement('li');
  made.textContent = said;
  return made;
}

/** @param {import('./shared/dom.js').Slots} side @param {string} head @param {Line[]} lines */
function addsOf(side, head, lines) {
  const { root, slot } = stamp('t-adds');
  write(slot.head, head);
  slot.lines.append(...lines.map(line => lineOf(side, line)));
  return root;
}

/** @param {import('./shared/dom.js').Slots} side @param {Line} line */
function lineOf(side, [title, text, wider]) {
  const { root, slot } = stamp('t-line');
  icon(slot.sign, wider ? 'plus' : 'minus');
  write(slot.said, `${wider ? side.effect.dataset.more : side.effect.dataset.less} `);
  write(slot.title, title);
  write(slot.text, text);
  return root;
}

/** Esc and a click beside it put an open disclosure away. @param {string} kind */
function folds(kind) {
  document.addEventListener('click', event => {
    for (const open of document.querySelectorAll(`${kind}[open]`)) {
      if (event.target instanceof Node && !open.contains(event.target)) open.removeAttribute('open');
    }
  });
  document.addEventListener('keydown', event => {
    const open = event.key === 'Escape' ? document.querySelector(`${kind}[open]`) : null;
    open?.removeAttribute('open');
    open?.querySelector('summary')?.focus();
  });
}

if (form instanceof HTMLFormElement) edits(form);
folds('.chooser');
folds('.whys');
