/**
 * The visitor's token in the storage of the page: the one thing that is kept there, under one key. Pure: storage is an argument.
 *
 * It is drawn here and not by the server: two tabs that sent their first message together would else swap tokens. The one
 * that stores last wins, and each looks again 80 ms later. The value is the token and one character, whether a chat is open.
 * Nothing is written before the first send. Where storage is denied the token lives in memory, and `kept` says so.
 *
 * @import {Clock} from '../shared/clock.js'
 */
import { newId } from '../shared/clock.js';

const SHAPE = /^[\w-]{22,128}[01]$/;
const SECOND_LOOK = 80;

export class Tokens {
  /** Does the browser keep it? */
  kept = true;

  #storage;
  #key;
  #clock;
  #value = '';

  /**
   * @param {object} parts
   * @param {() => Storage} parts.storage  may throw where storage is denied
   * @param {string} parts.key
   * @param {Clock} parts.clock
   */
  constructor({ storage, key, clock }) {
    this.#storage = storage;
    this.#key = key;
    this.#clock = clock;
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

  /** For the first send: the stored token at once, or a new one after the second look. @param {(token: string) => void} give */
  draw(give) {
    if (this.look()) {
      this.mark(true);
      give(this.token);
      return;
    }
    const mine = `${newId(24)}1`; // a send is on its way: another page hears the answer even if this one is left now
    this.#write(mine);
    this.#clock.after(SECOND_LOOK, () => {
      if (!this.look()) this.#write(mine);
      give(this.token);
    });
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
