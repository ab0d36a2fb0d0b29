/**
 * The visitor's token in the storage of the page: the one thing that is kept there, under one key. Storage, clock and locks are arguments of tests.
 *
 * It is drawn here and not by the server: two tabs that sent their first message together would else swap tokens. A lock lets
 * one tab draw at a time and keeps the next one waiting until what was stored has surely reached it; pages without https have
 * no locks. The value is the token and one character, whether a chat is open. Nothing is written before the first send. Where storage is denied the token lives in memory, and `kept` says so.
 *
 * @import {Clock} from '../shared/clock.js'
 */
import { newId, realClock } from '../shared/clock.js';

const SHAPE = /^[\w-]{22,128}[01]$/;

export class Tokens {
  /** Does the browser keep it? */
  kept = true;

  #storage;
  #key;
  #clock;
  #locks;
  #value = '';

  /**
   * @param {object} parts
   * @param {() => Storage} [parts.storage]  may throw where storage is denied
   * @param {string} parts.key
   * @param {Clock} [parts.clock]
   * @param {LockManager | null} [parts.locks]  null, or none on a page without https
   */
  constructor({ key, storage = () => localStorage, clock = realClock, locks = navigator.locks }) {
    this.#storage = storage;
    this.#key = key;
    this.#clock = clock;
    this.#locks = locks;
    this.look();
  }

  /** '' = none. */
  get token() {
    return this.#value.slice(0, -1);
  }

  /** Was a chat open when this page last heard? */
  get open() {
    return this.#value.endsWith('1');
  }

  /** Reads the store again: another tab may have written. */
  look() {
    try {
      const value = this.#storage().getItem(this.#key) ?? '';
      if (this.kept) this.#value = SHAPE.test(value) ? value : '';
    } catch {
      this.kept = false;
    }
    return this.token;
  }

  /** For the first send: the stored token at once, or the one that all tabs agree on. @param {(token: string) => void} give */
  draw(give) {
    const take = () => {
      if (!this.look()) this.#write(`${newId(24)}1`);
      this.mark(true); // a send is on its way: another page hears the answer even if this one is left now
      give(this.token);
      return /** @type {Promise<void>} */ (new Promise(done => this.#clock.after(1e3, done)));
    };
    if (this.look() || !this.kept || !this.#locks)
      take(); // whoever is denied the store is denied locks
    else this.#locks.request(this.#key, take);
  }

  /** @param {boolean} open */
  mark(open) {
    if (this.look() && this.open !== open) this.#write(this.token + (open ? 1 : 0));
  }

  drop() {
    this.#value = '';
    try {
      this.#storage().removeItem(this.#key);
    } catch {
      this.kept = false;
    }
  }

  /** @param {string} value */
  #write(value) {
    this.#value = value;
    try {
      this.#storage().setItem(this.#key, value);
    } catch {
      this.kept = false;
    }
  }
}
