/**
 * The two dialogs: a question with two answers, and the keys. Trap, Esc and the way back of the focus are the browser's;
 * the focus starts on the harmless answer. A dialog never opens over another.
 */
import { slots, write } from '../shared/dom.js';

/** @typedef {{title: string, lead: string, keep: string, act: string, danger?: boolean}} Question */

/** @param {string} id */
function dialogOf(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) throw new Error(`no ${id}`);
  return dialog;
}

/** @param {Question} question  resolves to whether it was answered with the act */
export async function confirmed({ title, lead, keep, act, danger = false }) {
  const dialog = dialogOf('ask');
  if (document.querySelector('dialog[open]')) return false;
  const slot = slots(dialog);
  write(slot.askTitle, title);
  write(slot.askLead, lead);
  write(slot.askKeep, keep);
  write(slot.askDo, act);
  slot.askDo.classList.toggle('danger', danger);
  dialog.returnValue = '';
  dialog.showModal();
  slot.askKeep.focus();
  await new Promise(closed => dialog.addEventListener('close', closed, { once: true }));
  return dialog.returnValue === 'do';
}

export function showKeys() {
  if (!document.querySelector('dialog[open]')) dialogOf('keys').showModal();
}
