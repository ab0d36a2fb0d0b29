/**
 * One chat that was opened here: its timeline, the visitor card, and what this user has on the way. Pure.
 *
 * Invariants: nothing goes out before the conversation came on this socket (`ready`), and each id goes out once per socket,
 * so a reconnect resends what is pending with the same ids and never doubles. A text goes out with the seq that was shown
 * when Enter was pressed, also when it is sent again later: the guard judges what its author had read.
 *
 * @import {Clock} from '../shared/clock.js'
 * @import {Conversation, Detail, Reply, WriteNote} from '../shared/protocol.d.ts'
 */
import { newId } from '../shared/clock.js';
import { Timeline } from '../shared/timeline.js';

/** @typedef {'message' | 'note'} Mode */

export class Talk {
  /** @type {Detail[]} */
  details = [];
  version = 0;
  /** @type {number | string} how long a closed chat is kept */
  days = '';
  /** @type {number | null} when it is erased, if it ended */
  until = null;
  /** Was it ever read from the server? */
  loaded = false;
  /** Did the conversation come on this socket? */
  ready = false;
  /** Unknown here: erased, or not for this user. */
  missing = false;
  /** Up to which seq the list has shown it. */
  shown = 0;
  /** A text was held because of newer lines: the next one goes anyway. */
  held = false;

  /** @type {Map<string, {seen: number, anyway: boolean}>} */
  #how = new Map();
  /** @type {Set<string>} ids sent on this socket */
  #sent = new Set();
  #asked = 0;

  /** @param {string} id @param {string} me @param {Clock} clock */
  constructor(id, me, clock) {
    this.id = id;
    this.timeline = new Timeline({ me, cursor: 'rev', clock });
  }

  /** @param {Conversation} frame */
  take({ chat, messages, full, more, details, version, days, until }) {
    Object.assign(this, { details, version, days, until, loaded: true, ready: true, missing: false });
    this.#asked = 0;
    this.timeline.online(true);
    this.timeline.marks(chat);
    this.timeline.snapshot({ messages, full, more, upto: chat.rev });
  }

  /** The connection is gone: everything is asked for and sent again on the next one. */
  cut() {
    this.ready = false;
    this.#sent.clear();
    this.timeline.online(false);
  }

  /** @param {Mode} mode @param {string} text */
  post(mode, text) {
    const id = newId();
    this.#how.set(id, { seen: this.shown, anyway: this.held });
    if (mode === 'message') this.held = false;
    this.timeline.post(id, { kind: mode === 'note' ? 'note' : 'text', text });
  }

  /** @param {string} id */
  retry(id) {
    this.#sent.delete(id);
    this.timeline.retry(id);
  }

  /** What is pending and has not gone out on this socket. @returns {Array<Reply | WriteNote>} */
  outgoing() {
    if (!this.ready) return [];
    const waiting = this.timeline.pending.filter(({ id }) => !this.#sent.has(id));
    return waiting.map(({ id, body }) => {
      this.#sent.add(id);
      const text = 'text' in body ? (body.text ?? '') : '';
      if (body.kind === 'note') return { type: 'note', chat: this.id, id, text };
      return { type: 'send', chat: this.id, id, text, ...this.#how.get(id) };
    });
  }

  /** Takes back what was refused: its text returns to where it was typed. @param {string} id */
  takeBack(id) {
    const item = this.timeline.pending.find(each => each.id === id);
    this.timeline.drop(id);
    this.#how.delete(id);
    return item && 'text' in item.body ? (item.body.text ?? '') : '';
  }

  /** Is there another page to ask for? Answers its `before` once, 0 = no. */
  nextPage() {
    const before = this.timeline.items[0]?.seq ?? 0;
    if (!this.ready || !this.timeline.more || !before || before === this.#asked) return 0;
    this.#asked = before;
    return before;
  }
}
