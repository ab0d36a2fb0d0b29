/**
 * The few things that the server-made pages do by script: copy, the light of the tag, times in the reader's own form.
 * Without it every page still works.
 */

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

for (const button of document.querySelectorAll('[data-copy]')) copies(/** @type {HTMLElement} */ (button));
for (const light of document.querySelectorAll('[data-state]')) watches(/** @type {HTMLElement} */ (light));
const form = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
for (const time of document.querySelectorAll('time[data-at]')) {
  const at = Number(/** @type {HTMLElement} */ (time).dataset.at);
  time.textContent = form.format(at);
}

const me = document.querySelector('details.me');
if (me instanceof HTMLDetailsElement) folds(me);

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
