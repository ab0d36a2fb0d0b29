/**
 * The closed chats, a page at a time: what was asked for, and how far down it is known. The rows themselves stand among
 * all chats, so that they live like the others. Pure.
 *
 * One question at a time: answers do not name theirs, so a filter that changes meanwhile waits for the answer before it.
 */

/** @typedef {import('../shared/protocol.d.ts').TeamChat} TeamChat */

export class Shelf {
  text = '';
  /** Below which end time nothing is known yet; 0 = all is. */
  floor = 0;
  /** Did a page come for this filter? */
  listed = false;
  busy = false;

  #again = false;
  #ask;

  /** @param {(text: string, before: number) => boolean} ask */
  constructor(ask) {
    this.#ask = ask;
  }

  /** The first page. @param {string} [text] */
  open(text = this.text) {
    if (text !== this.text) this.listed = false;
    this.text = text;
    if (this.busy) this.#again = true;
    else this.busy = this.#ask(text, 0);
  }

  /** The next page. */
  more() {
    if (!this.busy && this.floor) this.busy = this.#ask(this.text, this.floor);
  }

  /** An answer came. @param {number} next */
  take(next) {
    this.busy = false;
    if (this.#again) {
      this.#again = false;
      this.open();
      return;
    }
    this.listed = true;
    this.floor = next;
  }

  /** The answer will not come. */
  cut() {
    this.busy = this.#again = false;
  }

  /** Is this closed chat on the part of the list that is known? @param {TeamChat} chat @param {string} name */
  holds(chat, name) {
    if (!this.listed || (chat.ended ?? 0) < this.floor) return false;
    const heap = `${name} ${chat.label} ${chat.line?.text ?? ''}`.toLowerCase();
    return this.text
      .toLowerCase()
      .split(/\s+/)
      .every(word => heap.includes(word));
  }
}
