/**
 * Who types right now. Somebody who says nothing for 8 s has stopped: a lost "stopped" must not show dots for ever. Pure.
 *
 * @import {Clock} from './clock.js'
 */

const STOPS = 8000;

export class Typists {
  /** @type {Map<string, {name: string, cancel: () => void}>} */
  #typing = new Map();
  #clock;
  #changed;

  /** @param {Clock} clock @param {() => void} changed  somebody stopped by saying nothing */
  constructor(clock, changed) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Ids and names, in the order in which they began. @returns {Array<{id: string, name: string}>} */
  get all() {
    return [...this.#typing].map(([id, { name }]) => ({ id, name }));
  }

  /** @param {string} id @param {string} name @param {boolean} on */
  set(id, name, on) {
    this.stop(id);
    if (!on) return;
    const cancel = this.#clock.after(STOPS, () => {
      this.stop(id);
      this.#changed();
    });
    this.#typing.set(id, { name, cancel });
  }

  /** @param {string} id */
  stop(id) {
    this.#typing.get(id)?.cancel();
    this.#typing.delete(id);
  }

  clear() {
    for (const id of [...this.#typing.keys()]) this.stop(id);
  }
}
