/**
 * Small moves that clicks and keys share.
 *
 * @import {Slots} from '../shared/dom.js'
 */

/** A click on a link that is ours, unless it asks for another tab. @param {MouseEvent} event @param {() => void} run */
export function followed(event, run) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  run();
}

/** A key means this and nothing else. @param {KeyboardEvent} event @param {() => void} run */
export function instead(event, run) {
  event.preventDefault();
  run();
}

/** The acts of a chat, folded into a menu on a phone. @param {Slots} slot @param {boolean} on */
export function openActs(slot, on) {
  slot.acts.toggleAttribute('data-open', on);
  slot.actsMore.ariaExpanded = String(on);
}

/** Would this page be shown again, or does it lead to the sign-in by now? @param {string} base */
export async function signedOut(base) {
  try {
    const answer = await fetch(`${base}console`, { redirect: 'manual' });
    return answer.type === 'opaqueredirect' || answer.status === 401;
  } catch {
    return false;
  }
}
