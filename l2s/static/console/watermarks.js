/**
 * This user's watermarks of every chat on their way to the server: only what grew, at most one frame a second and chat. Pure.
 *
 * @import {Clock} from '../shared/clock.js'
 */

const PAUSE = 1000;

/** @typedef {{delivered: number, read: number}} Mark */

export class Watermarks {
  /** @type {Map<string, Mark & {resting: boolean, next: Mark | null}>} */
  #chats = new Map();
  #clock;
  #send;

  /** @param {Clock} clock @param {(chat: string, mark: Mark) => boolean} send  false = not now */
  constructor(clock, send) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Another connection: what was said may not have arrived. */
  clear() {
    this.#chats.clear();
  }

  /** "Mark unread" put the mark back: what follows counts from there. @param {string} chat @param {number} read */
  fall(chat, read) {
    const said = this.#chats.get(chat);
    if (said) Object.assign(said, { read, next: null });
  }

  /** @param {string} chat @param {Mark} mark */
  tell(chat, { delivered, read }) {
    const said = this.#chats.get(chat) ?? { delivered: 0, read: 0, resting: false, next: null };
    if (delivered <= said.delivered && read <= said.read) return;
    const mark = { delivered: Math.max(delivered, said.delivered), read: Math.max(read, said.read) };
    if (said.resting) {
      said.next = mark;
      return;
    }
    if (!this.#send(chat, mark)) return;
    this.#chats.set(chat, Object.assign(said, mark, { resting: true, next: null }));
    this.#clock.after(PAUSE, () => {
      said.resting = false;
      if (said.next && this.#chats.get(chat) === said) this.tell(chat, said.next);
    });
  }
}
