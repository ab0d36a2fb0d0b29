/**
 * The visitor's own watermarks on their way to the server: only what grew, at most one frame a second. Pure.
 *
 * @import {Clock} from '../shared/clock.js'
 */

const PAUSE = 1000;

/** @typedef {{delivered: number, read: number}} Pair */

export class Marks {
  /** @type {Pair} */
  #said = { delivered: 0, read: 0 };
  #resting = false;
  #clock;
  #now;
  #send;

  /** @param {Clock} clock @param {() => Pair} now  how far it is @param {(pair: Pair) => boolean} send  false = not now */
  constructor(clock, now, send) {
    this.#clock = clock;
    this.#now = now;
    this.#send = send;
  }

  /** Another chat: nothing was said of it. */
  clear() {
    this.#said = { delivered: 0, read: 0 };
  }

  tell() {
    const { delivered, read } = this.#now();
    if (this.#resting || (delivered <= this.#said.delivered && read <= this.#said.read)) return;
    if (!this.#send({ delivered, read })) return;
    this.#said = { delivered, read };
    this.#resting = true;
    this.#clock.after(PAUSE, () => {
      this.#resting = false;
      this.tell();
    });
  }
}
