/**
 * Single keys: a table from key to act. They act only outside fields and dialogs, and never with Ctrl, Meta or Alt.
 */

/** @param {Record<string, (event: KeyboardEvent) => void>} table */
export function onKeys(table) {
  document.addEventListener('keydown', event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = event.target instanceof Element ? event.target : document.body;
    if (at.closest('dialog, [role="slider"]') || document.querySelector('dialog[open]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (at.closest('input, textarea, select') && key !== 'Escape') return;
    if (Object.hasOwn(table, key)) table[key](event);
  });
}
