/**
 * What this page wrote in the last seconds: it is posted again should another tab's token win. Pure.
 *
 * @import {Clock} from '../shared/clock.js'
 */

const YOUNG = 5000;

export class Lately {
  /** @type {Map<string, string>} */
  #texts = new Map();
  #cancel = () => {};
  #clock;

  /** @param {Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** @param {string} id @param {string} text */
  wrote(id, text) {
    this.#texts.set(id, text);
    this.#cancel();
    this.#cancel = this.#clock.after(YOUNG, () => this.#texts.clear());
  }

  /** All of it, once: (id, text). */
  take() {
    const all = [...this.#texts];
    this.#texts.clear();
    return all;
  }
}
