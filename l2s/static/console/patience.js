/**
 * A connection that is only a moment away is not worth a word. Pure.
 *
 * @import {Clock} from '../shared/clock.js'
 */

const MOMENT = 1500;

export class Patience {
  isOver = false;
  #clock;
  #changed;
  /** @type {(() => void) | null} */
  #cancel = null;

  /** @param {Clock} clock @param {() => void} changed */
  constructor(clock, changed) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** @param {boolean} live */
  tell(live) {
    if (live) {
      this.#cancel?.();
      this.#cancel = null;
      this.isOver = false;
    } else if (!this.isOver && !this.#cancel) {
      this.#cancel = this.#clock.after(MOMENT, () => {
        this.#cancel = null;
        this.isOver = true;
        this.#changed();
      });
    }
  }
}
