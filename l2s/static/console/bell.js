/**
 * When it rings: at once for each new waiting chat, then again while anybody waits, and never once nobody does. Pure.
 *
 * @import {Clock} from '../shared/clock.js'
 */

const AGAIN = 15_000;

export class Bell {
  /** @type {Set<string>} */
  #waiting = new Set();
  #clock;
  #ring;
  #hush;
  #cancel = () => {};

  /** @param {Clock} clock @param {() => void} ring @param {() => void} hush  stops a tone that still sounds */
  constructor(clock, ring, hush) {
    this.#clock = clock;
    this.#ring = ring;
    this.#hush = hush;
  }

  /** Who waits now, for somebody who may be rung. @param {Iterable<string>} ids */
  tell(ids) {
    const now = new Set(ids);
    const isNew = [...now].some(id => !this.#waiting.has(id));
    const wasRinging = this.#waiting.size > 0;
    this.#waiting = now;
    if (isNew) this.#sound();
    else if (wasRinging && !now.size) {
      this.#cancel();
      this.#hush();
    }
  }

  #sound() {
    this.#cancel();
    this.#ring();
    this.#cancel = this.#clock.after(AGAIN, () => {
      if (this.#waiting.size) this.#sound();
    });
  }
}
