/**
 * The visitor's token in the storage of the page: the one thing that is kept there, under one key. Pure: storage is an argument.
 *
 * It is drawn here and not by the server: two tabs that sent their first message together would else swap tokens. A lock lets
 * one tab draw at a time and keeps the next one waiting until what was stored has surely reached it; pages without https have
 * no locks. The value is the token and one character, whether a chat is open. Nothing is written before the first send. Where storage is denied the token lives in memory, and `kept` says so.
 */
import { newId } from '../shared/clock.js';

const SHAPE = /^[\w-]{22,128}[01]$/;
const SURELY = 1000;

export class Tokens {
  /** Does the browser keep it? */
  kept = true;

  #storage;
  #key;
  #locks;
  #value = '';

  /**
   * @param {object} parts
   * @param {() => Storage} parts.storage  may throw where storage is denied
   * @param {string} parts.key
   * @param {LockManager | undefined} [parts.locks]
   */
  constructor({ storage, key, locks }) {
    this.#storage = storage;
    this.#key = key;
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
      return new Promise(done => setTimeout(done, SURELY));
    };
    if (this.look() || !this.#locks) take();
    else this.#locks.request(this.#key, take).catch(take); // a page may be denied them
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
