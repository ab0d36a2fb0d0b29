/**
 * One chat as one reader sees it: what is stored, what is still on its way, how far the other side has come. Pure.
 *
 * Invariants: an entry is known by its author and the author's own id, so the echo of a send changes the entry that was
 * drawn when Enter was pressed. An object older than the one held is ignored. What is not stored keeps its id and its order
 * until the server answers for it: sending all of `pending` after every snapshot is the whole of retry and reconnect.
 * Order is (seq, notes after the message whose place they share, rev). Dispatches `change` after every change.
 *
 * @import {Clock} from './clock.js'
 * @import {TeamMessage, VisitorMessage} from './protocol.d.ts'
 */

/** @typedef {VisitorMessage | TeamMessage} Message */

/**
 * @typedef {object} Item
 * @property {string} key  author and id, one string
 * @property {string} id
 * @property {string} by  "visitor", "system" or a user's id
 * @property {'stored' | 'waiting' | 'failed'} state
 * @property {number} seq  its place; Infinity while it has none
 * @property {number} version
 * @property {number | null} at
 * @property {Message['body']} body
 * @property {string} code  why it failed
 */

/** @param {string} by @param {string} id */
const keyOf = (by, id) => `${by} ${id}`;

/** @param {Item} a @param {Item} b */
const inOrder = (a, b) =>
  (a.seq === b.seq ? 0 : a.seq - b.seq) || Number(a.body.kind === 'note') - Number(b.body.kind === 'note') || a.version - b.version;

export class Timeline extends EventTarget {
  /** Up to which cursor (`pub` or `rev`) this chat is known: the `since` of the next hello or open. */
  since = 0;
  /** Where history ended when it was last read whole: what stands up to here is never announced. */
  known = 0;
  /** The seq of the newest stored entry. */
  newest = 0;
  /** Is there older history on the server? */
  more = false;
  /** Is the connection up? Decides whether an entry on its way is told as waiting. */
  live = false;
  /** Did the marks of how far it was read end with the chat? Then no state is told of what is stored. */
  unmarked = false;
  /** Up to which seq the other side has it. */
  delivered = 0;
  read = 0;

  #cursor;
  #clock;
  /** @type {Map<string, Item>} */
  #stored = new Map();
  /** @type {Map<string, Item>} in the order of posting */
  #own = new Map();
  /** @type {Item[] | null} */
  #sorted = null;

  /**
   * @param {object} parts
   * @param {string} parts.me  the author of what is posted here: "visitor" or a user's id
   * @param {'pub' | 'rev'} parts.cursor  which of the two counters this reader is given
   * @param {Clock} parts.clock
   */
  constructor({ me, cursor, clock }) {
    super();
    this.me = me;
    this.#cursor = cursor;
    this.#clock = clock;
  }

  /** Everything in order: what is stored, then what is on its way. */
  get items() {
    this.#sorted ??= [...this.#stored.values()].sort(inOrder);
    return [...this.#sorted, ...this.#own.values()];
  }

  /** What the server has not answered for, in the order of posting. */
  get pending() {
    return [...this.#own.values()].filter(item => item.state === 'waiting');
  }

  /**
   * Draws an entry at once; it is pending until its echo or its refusal comes.
   * @param {string} id @param {Message['body']} body
   */
  post(id, body) {
    const key = keyOf(this.me, id);
    this.#own.set(key, { key, id, by: this.me, state: 'waiting', seq: Infinity, version: 0, at: this.#clock.now(), body, code: '' });
    this.#tell();
  }

  /** @param {string} id @param {string} code */
  fail(id, code) {
    this.#mark(id, 'failed', code);
  }

  /** Pending again, with the same id. @param {string} id */
  retry(id) {
    this.#mark(id, 'waiting', '');
  }

  /** Takes back what was not stored: the text returns to the composer. @param {string} id */
  drop(id) {
    if (this.#own.delete(keyOf(this.me, id))) this.#tell();
  }

  /**
   * A snapshot: the newest page (`full`), or exactly what came after `since`.
   * @param {{messages: Message[], full: boolean, more: boolean, upto: number}} page
   */
  snapshot({ messages, full, more, upto }) {
    if (full) {
      this.#stored.clear();
      this.#sorted = null;
      this.newest = 0;
      this.more = more;
    }
    for (const message of messages) this.#take(message);
    if (full) this.known = this.newest;
    this.since = Math.max(full ? 0 : this.since, upto);
    this.#tell();
  }

  /** An older page. @param {{messages: Message[], more: boolean}} page */
  older({ messages, more }) {
    const { since } = this;
    for (const message of messages) this.#take(message);
    this.since = since;
    this.more = more;
    this.#tell();
  }

  /** One message was added or changed. @param {Message} message */
  take(message) {
    this.#take(message);
    this.#tell();
  }

  /** @param {{delivered: number, read: number, state?: string}} marks */
  marks({ delivered, read, state }) {
    this.unmarked = state === 'closed' && !delivered && !read;
    this.delivered = delivered;
    this.read = read;
    this.#tell();
  }

  /** @param {boolean} live */
  online(live) {
    this.live = live;
    this.#tell();
  }

  /** Another chat, or none: what is stored goes, what is on its way stays. */
  clear() {
    this.#stored.clear();
    this.#sorted = null;
    this.since = this.known = this.newest = this.delivered = this.read = 0;
    this.more = false;
    this.#tell();
  }

  /** @param {Message} message */
  #take(message) {
    const { id, by, seq, at, body } = message;
    const key = keyOf(by, id);
    const version = /** @type {Record<string, any>} */ (message)[this.#cursor];
    this.#own.delete(key);
    if ((this.#stored.get(key)?.version ?? -1) > version) return;
    this.#stored.set(key, { key, id, by, state: 'stored', seq, version, at, body, code: '' });
    this.#sorted = null;
    this.since = Math.max(this.since, version);
    this.newest = Math.max(this.newest, seq);
  }

  /** @param {string} id @param {Item['state']} state @param {string} code */
  #mark(id, state, code) {
    const key = keyOf(this.me, id);
    const item = this.#own.get(key);
    if (!item) return;
    this.#own.set(key, { ...item, state, code });
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}
