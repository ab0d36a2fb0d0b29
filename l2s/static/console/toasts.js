/**
 * Toasts: one line at the bottom start, at most three, 6 s; those that tell of a failure stay until they are put away.
 *
 * @import {Clock} from '../shared/clock.js'
 */
import { icon, stamp, write } from '../shared/dom.js';
import { face } from '../shared/messages.js';

const MOST = 3;
const STAYS = 6000;

export class Toasts {
  #box;
  #clock;

  /** @param {Element} box @param {Clock} clock */
  constructor(box, clock) {
    this.#box = box;
    this.#clock = clock;
  }

  /** @param {string} line @param {{sign?: string, who?: {id: string, name: string}, stays?: boolean}} [how] */
  say(line, { sign = 'check', who, stays = false } = {}) {
    const { root, slot } = stamp('t-toast');
    root.toggleAttribute('data-stays', stays);
    write(slot.line, line);
    slot.sign.parentElement.toggleAttribute('hidden', Boolean(who));
    slot.face.hidden = !who;
    if (who) face(slot.face, who.id, who.name);
    icon(slot.sign, stays ? 'circle-alert' : sign);
    this.#box.append(root);
    if (this.#box.childElementCount > MOST) this.#box.firstElementChild?.remove();
    if (!stays) this.#clock.after(STAYS, () => root.remove());
  }
}
