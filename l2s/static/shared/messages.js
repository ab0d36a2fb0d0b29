/**
 * <l2s-messages>: draws a timeline, keeps its end in view, says what is new once.
 *
 * Properties, set by the entry: `timeline`, `isMine` (who stands on the reader's side), `nameOf` (author → name, '' where
 * there is none), `sentence` (an event in words). It tells `l2s:older` when the reader comes to the top of what is
 * here, and `l2s:seen` when an end that was out of view is in view. Needs the markup of `_parts.html`.
 *
 * The visible list is no live region: a row that changes its state would be read again. A hidden log gets one line for
 * each new entry of others beyond what was known; it keeps five.
 *
 * @import {Item, Timeline} from './timeline.js'
 * @import {Part} from './dom.js'
 * @import {Row} from './rows.js'
 */
import { realClock } from './clock.js';
import { icon, perFrame, reconcile, slots, stamp, write } from './dom.js';
import { rows } from './rows.js';
import { initials, linked, text, timeOf, tintOf, weekdayOf } from './texts.js';

const ICONS = {
  '': '',
  sending: '',
  waiting: 'clock',
  sent: 'check',
  delivered: 'check-check',
  read: 'check-check',
  failed: 'circle-alert',
};
const NEAR = 24;
const SAID = 5;

export class Messages extends HTMLElement {
  /** @type {(by: string) => boolean} */
  isMine = by => by === this.#timeline?.me;
  /** @type {(by: string) => string} */
  nameOf = () => '';
  /** @type {(name: string, user: string, at: number | null, waited: number | null) => string} */
  sentence = () => '';
  /** Is the newest entry in view? */
  atEnd = true;

  /** @type {Timeline | null} */
  #timeline = null;
  /** @type {Map<string, Part<Row>>} */
  #parts = new Map();
  #slot = slots(this);
  #said = 0;
  #startsAt = 0;
  #following = new AbortController();
  #sizes = new ResizeObserver(() => this.#stick());
  #draw = perFrame(() => this.draw());

  connectedCallback() {
    this.#slot = slots(this);
    const { box, list } = this.#slot;
    if (!box) return;
    box.addEventListener('scroll', this.#scrolled, { passive: true });
    this.#sizes.observe(box);
    this.#sizes.observe(list);
  }

  disconnectedCallback() {
    this.#slot.box?.removeEventListener('scroll', this.#scrolled);
    this.#sizes.disconnect();
  }

  /** @param {Timeline | null} timeline */
  set timeline(timeline) {
    this.#following.abort();
    this.#following = new AbortController();
    this.#timeline = timeline;
    this.#said = timeline?.newest ?? 0;
    this.#startsAt = 0;
    this.atEnd = true;
    timeline?.addEventListener('change', this.#changed, { signal: this.#following.signal });
    this.draw();
    this.#stick();
  }

  get timeline() {
    return this.#timeline;
  }

  /** Draws what is there now. An entry calls it after it changed a property. */
  draw() {
    const { list, older } = this.#slot;
    if (!list) return;
    const timeline = this.#timeline;
    const now = timeline ? rows(timeline, this.isMine, realClock.now()) : [];
    const first = now.find(row => row.seq >= this.#startsAt)?.key;
    this.#parts = reconcile(list, this.#parts, now, make, (part, row) => this.#update(part, row));
    older.hidden = !timeline?.more;
    if (this.#startsAt && first) this.#showFrom(first);
    else this.#stick();
    this.#tellEnd();
  }

  /** The words changed: every row is written again. */
  renew() {
    for (const part of this.#parts.values()) part.data = null;
    this.draw();
  }

  /** The next drawing starts at this entry instead of the end: the first unread one. @param {number} seq */
  startAt(seq) {
    this.#startsAt = seq;
    this.#draw();
  }

  /** Somebody writes, or '' = nobody does. @param {string} by @param {string} sentence */
  typing(by, sentence) {
    const { typing, typist, said } = this.#slot;
    typing.hidden = !sentence;
    if (sentence) face(typist, by, this.nameOf(by));
    write(said, sentence);
    this.#stick();
  }

  toEnd() {
    this.atEnd = true;
    this.#stick();
    this.#tellEnd();
  }

  #changed = () => {
    this.#announce();
    this.#draw();
  };

  #scrolled = () => {
    const { box } = this.#slot;
    this.#tellEnd(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR);
    if (box.scrollTop < NEAR && this.#timeline?.more) this.dispatchEvent(new Event('l2s:older'));
  };

  #stick() {
    const { box } = this.#slot;
    if (box && this.atEnd) box.scrollTop = box.scrollHeight;
  }

  /** @param {string} key */
  #showFrom(key) {
    const { box } = this.#slot;
    this.#startsAt = 0;
    box.scrollTop = (this.#parts.get(key)?.root.offsetTop ?? 0) - NEAR;
    this.atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  }

  #tellEnd(atEnd = this.atEnd) {
    const came = atEnd && !this.atEnd;
    this.atEnd = atEnd;
    this.#slot.jump.hidden = atEnd;
    if (came) this.dispatchEvent(new Event('l2s:seen'));
  }

  #announce() {
    const timeline = this.#timeline;
    if (!timeline) return;
    const floor = Math.max(this.#said, timeline.known);
    for (const item of timeline.items) {
      if (item.state === 'stored' && item.seq > floor && item.by !== timeline.me) this.#say(item);
    }
    this.#said = Math.max(floor, timeline.newest);
  }

  /** @param {Item} item */
  #say(item) {
    const { log } = this.#slot;
    const line = document.createElement('p');
    const { body, by } = item;
    line.textContent =
      body.kind === 'event'
        ? this.sentence(body.name, body.user ?? '', item.at, body.waited ?? null)
        : text('says', { name: this.nameOf(by), text: 'text' in body ? body.text : '' });
    if (!line.textContent) return;
    log.append(line);
    if (log.childElementCount > SAID) log.firstElementChild?.remove();
  }

  /** @param {Part<Row>} part @param {Row} row */
  #update({ root, slot }, row) {
    root.dataset.side = row.mine ? 'mine' : 'theirs';
    root.dataset.state = row.kind === 'withdrawn' ? 'withdrawn' : row.told === 'sending' ? 'sending' : row.state;
    root.toggleAttribute('data-first', row.first);
    root.toggleAttribute('data-last', row.last);
    root.dataset.id = row.id;
    if (row.kind === 'event') write(slot.text, this.sentence(row.text, row.user, row.at, row.waited));
    else if (row.kind === 'day') write(slot.text, weekdayOf(row.at ?? 0));
    else this.#spoken(slot, row);
  }

  /** @param {Record<string, any>} slot @param {Row} row */
  #spoken(slot, row) {
    const name = this.nameOf(row.by);
    const own = row.by === this.#timeline?.me;
    if (row.kind === 'note') write(slot.head, text('note.head', { name }));
    else {
      face(slot.avatar, row.by, name);
      write(slot.author, own ? text('you') : name);
      write(slot.name, own ? '' : name);
      write(slot.state, row.told ? text(`state.${row.told}`) : '');
      write(slot.why, row.code && text(`error.${row.code}`));
      slot.retry.hidden = row.told !== 'failed';
      if (ICONS[row.told]) icon(slot.icon, ICONS[row.told]);
      slot.icon.parentElement.toggleAttribute('hidden', !ICONS[row.told]);
    }
    write(slot.time, row.told === 'waiting' || row.told === 'failed' ? '' : timeOf(row.at));
    if (row.kind === 'withdrawn') write(slot.text, text('withdrawn'));
    else slot.text.replaceChildren(...pieces(row.text));
  }
}

/** @param {Row} row @returns {Part<Row>} */
const make = row => stamp(`t-${row.kind === 'withdrawn' ? 'text' : row.kind}`);

/** @param {string} said */
function pieces(said) {
  return linked(said).map((piece, i) => {
    if (i % 2 === 0) return piece;
    const link = document.createElement('a');
    link.href = piece;
    link.rel = 'noreferrer noopener nofollow';
    link.target = '_blank';
    link.textContent = piece;
    return link;
  });
}

/** Initials on a tint; the outlined person where there is no name. @param {Element} avatar @param {string} id @param {string} name */
export function face(avatar, id, name) {
  avatar.setAttribute('data-tint', name ? tintOf(id) : '');
  if (avatar.lastElementChild) write(avatar.lastElementChild, initials(name));
}

customElements.define('l2s-messages', Messages);
