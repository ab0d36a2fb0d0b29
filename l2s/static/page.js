/**
 * The few things that the server-made pages do by script: copy, the light of the tag, times in the reader's own form. Behind
 * the pages of the desk the console's own desk stands by.
 * Without it every page still works.
 */

const COLOUR = /^#[0-9a-f]{6}$/i;
const LANGUAGE = document.documentElement.lang; // plain English is told the British way: 24 h, day before month
const LIGHT = 3000; // ms between two looks, while the page is visible

/** @param {HTMLElement} button */
function copies(button) {
  button.addEventListener('click', () => {
    const source = document.getElementById(button.dataset.copy ?? '');
    if (!source) return;
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
    if (navigator.clipboard) void navigator.clipboard.writeText(source.textContent ?? '');
    else document.execCommand('copy');
    const word = button.querySelector('span');
    if (word) word.textContent = button.dataset.done ?? '';
  });
}

/** @param {HTMLElement} light */
function watches(light) {
  const look = async () => {
    if (light.classList.contains('seen')) return;
    if (!document.hidden) {
      const answer = await fetch(light.dataset.state ?? '', { headers: { Accept: 'application/json' } }).catch(() => null);
      const state = answer?.ok ? await answer.json() : null;
      if (state?.seen) shows(light);
      else if (state && state.refused.length > document.querySelectorAll('.refused').length) location.reload();
    }
    setTimeout(look, LIGHT);
  };
  setTimeout(look, LIGHT);
}

/** @param {HTMLElement} light */
function shows(light) {
  light.classList.add('seen');
  for (const line of light.querySelectorAll('[data-seen]')) line.textContent = /** @type {HTMLElement} */ (line).dataset.seen ?? '';
}

/** A colour beside its number, and a sample of both; what stands on a colour the server knows. @param {HTMLInputElement} picker */
function colours(picker) {
  const field = document.getElementById(picker.dataset.colours ?? '');
  if (!(field instanceof HTMLInputElement)) return;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  picker.hidden = false;
  let asking = false;
  const show = async () => {
    const { value } = field;
    if (asking || !COLOUR.test(value)) return;
    asking = true;
    const answer = await fetch(`${picker.dataset.state}?colour=${encodeURIComponent(value)}`).catch(() => null);
    if (answer?.ok) sheet.replaceSync(`.sample.sample{${(await answer.json()).brand}}`);
    asking = false;
    if (value !== field.value) void show();
  };
  picker.addEventListener('input', () => {
    field.value = picker.value;
    void show();
  });
  field.addEventListener('input', () => {
    if (COLOUR.test(field.value)) picker.value = field.value.toLowerCase();
    void show();
  });
}

/** A password can be seen by who types it. @param {HTMLElement} button */
function reveals(button) {
  const field = document.getElementById(button.dataset.reveal ?? '');
  if (!(field instanceof HTMLInputElement)) return;
  const words = [button.textContent ?? '', button.dataset.hide ?? ''];
  button.hidden = false;
  const turn = (/** @type {boolean} */ on) => {
    field.type = on ? 'text' : 'password';
    button.ariaPressed = String(on);
    button.textContent = words[Number(on)];
  };
  button.addEventListener('click', () => turn(field.type === 'password'));
  field.form?.addEventListener('submit', () => turn(false));
}

for (const button of document.querySelectorAll('[data-copy]')) copies(/** @type {HTMLElement} */ (button));
for (const light of document.querySelectorAll('[data-state]')) watches(/** @type {HTMLElement} */ (light));
const form = new Intl.DateTimeFormat(LANGUAGE === 'en' ? 'en-GB' : LANGUAGE, { dateStyle: 'medium', timeStyle: 'short' });
for (const time of document.querySelectorAll('time[data-at]')) {
  const at = Number(/** @type {HTMLElement} */ (time).dataset.at);
  time.textContent = form.format(at);
}

for (const picker of document.querySelectorAll('[data-colours]')) colours(/** @type {HTMLInputElement} */ (picker));
for (const button of document.querySelectorAll('[data-reveal]')) reveals(/** @type {HTMLElement} */ (button));

const me = document.querySelector('details.me');
if (me instanceof HTMLDetailsElement) {
  folds(me);
  void import('./console/standby.js').then(({ standBy }) => standBy());
}

/** The menu of one's own, as in the console: Esc and a click beside it put it away. @param {HTMLDetailsElement} menu */
function folds(menu) {
  document.addEventListener('click', event => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !menu.open) return;
    menu.open = false;
    menu.querySelector('summary')?.focus();
  });
}
