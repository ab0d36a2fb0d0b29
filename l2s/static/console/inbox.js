/**
 * <l2s-inbox>: draws the sections, roves through them with one tab stop, and holds still under pointer and focus.
 *
 * While the pointer or the focus is inside, rows keep their places: texts change, newcomers are added at a section's end,
 * and the order is made right when both have left. It tells `l2s:fold` {group} when a section was unfolded.
 *
 * @import {Part} from '../shared/dom.js'
 * @import {Group, InboxRow, Section} from './sections.js'
 */
import { icon, perFrame, reconcile, slots, stamp, write } from '../shared/dom.js';
import { face } from '../shared/messages.js';
import { text } from '../shared/texts.js';

const STOPS = '[data-stop]';

/** @typedef {{slot: Record<string, any>, fold: HTMLElement | null, parts: Map<string, Part<InboxRow>>, open: boolean}} Pane */

export class Inbox extends HTMLElement {
  /** @type {(chat: string) => string} the address of a chat */
  hrefOf = () => '#';

  /** @type {Map<Group, Pane>} */
  #groups = new Map();
  /** @type {Record<Group, Section> | null} */
  #sections = null;
  /** @type {Element | null} the one tab stop */
  #stop = null;
  /** @type {Element | null} the one row that Tab reaches; the heads of folded sections are stops of their own */
  #row = null;
  /** Did somebody put it there? Until then it is the first row, whichever comes. */
  #chosen = false;
  #redraw = perFrame(() => this.#draw());

  connectedCallback() {
    for (const section of this.querySelectorAll('[data-group]')) {
      const name = /** @type {Group} */ (section.getAttribute('data-group'));
      /** @type {HTMLElement | null} */
      const fold = section.querySelector('.fold');
      this.#groups.set(name, { slot: slots(section), fold, parts: new Map(), open: fold?.ariaExpanded !== 'false' });
    }
    this.addEventListener('focusin', this.#focused);
    this.addEventListener('focusout', this.#redraw);
    this.addEventListener('pointerleave', this.#redraw);
  }

  disconnectedCallback() {
    this.#groups.clear();
    this.removeEventListener('focusin', this.#focused);
    this.removeEventListener('focusout', this.#redraw);
    this.removeEventListener('pointerleave', this.#redraw);
  }

  /** @param {Record<Group, Section>} sections */
  show(sections) {
    this.#sections = sections;
    this.#draw();
  }

  /** Folds or unfolds. @param {Group} name */
  fold(name) {
    const group = this.#groups.get(name);
    if (!group) return;
    group.open = !group.open;
    if (group.fold) group.fold.ariaExpanded = String(group.open);
    group.slot.body.hidden = !group.open;
    if (group.open) this.dispatchEvent(new CustomEvent('l2s:fold', { detail: { group: name } }));
    this.#draw();
  }

  /** The focus moves by so many stops, or to an end. @param {number} step  Infinity and -Infinity = the ends */
  move(step) {
    const stops = [...this.querySelectorAll(STOPS)].filter(each => each.checkVisibility());
    const at = stops.indexOf(this.#stop ?? stops[0]);
    const inside = this.contains(document.activeElement);
    const to = Math.min(Math.max(inside ? at + step : at, 0), stops.length - 1);
    const stop = stops[to];
    if (stop instanceof HTMLElement) stop.focus();
  }

  /** The row in focus, '' = none. */
  get focused() {
    return document.activeElement?.closest('l2s-inbox [data-chat]')?.getAttribute('data-chat') ?? '';
  }

  /** @param {string} chat */
  focusRow(chat) {
    for (const { parts } of this.#groups.values()) parts.get(chat)?.slot.link.focus();
  }

  get #still() {
    return this.contains(document.activeElement) || (matchMedia('(hover: hover)').matches && this.matches(':hover'));
  }

  #draw() {
    if (!this.#sections) return;
    const held = this.focused;
    const still = this.#still;
    for (const [name, group] of this.#groups) this.#drawGroup(group, this.#sections[name], still);
    if (held && !this.focused) this.focusRow(held);
    const keeps = this.#chosen && this.#stop?.isConnected && !this.#stop.closest('[hidden]');
    const stop = keeps ? this.#stop : this.querySelector(STOPS);
    if (stop) this.#stand(stop);
  }

  /** @param {Pane} group @param {Section} section @param {boolean} still */
  #drawGroup(group, { count, rows, more, busy }, still) {
    const { slot } = group;
    write(slot.count, String(count));
    slot.count.hidden = !count && slot.count.classList.contains('count');
    if (slot.none) slot.none.hidden = rows.length > 0 || busy;
    if (slot.more) slot.more.hidden = !more;
    if (slot.busy) slot.busy.hidden = !busy;
    if (!group.open) return;
    const ordered = still ? inPlace(rows, group.parts) : rows;
    group.parts = reconcile(slot.rows, group.parts, ordered, make, (part, row) => this.#update(part, row));
  }

  /** @param {Part<InboxRow>} part @param {InboxRow} row */
  #update({ root, slot, data }, row) {
    root.dataset.chat = row.key;
    root.toggleAttribute('data-ringing', row.ringing);
    root.toggleAttribute('data-waits', row.waits);
    root.toggleAttribute('data-unread', row.count > 0);
    slot.link.href = this.hrefOf(row.key);
    slot.link.ariaCurrent = row.current ? 'true' : null;
    if (data?.name !== row.name) face(slot.avatar, row.key, row.known ? row.name : '');
    write(slot.name, row.name);
    slot.name.title = row.name;
    write(slot.time, row.time);
    slot.time.dataset.tone = row.tone;
    write(slot.line, row.line);
    slot.signed.parentElement.hidden = !row.sign;
    if (row.sign) icon(slot.sign, row.sign);
    write(slot.signed, row.signed);
    write(slot.count, row.count ? String(row.count) : '');
    write(slot.counted, row.count ? text('row.unread', { count: row.count }) : '');
    write(slot.site, row.site);
    slot.take.ariaLabel = row.waits ? text('take.named', { name: row.name }) : null;
  }

  #focused = (/** @type {FocusEvent} */ event) => {
    const stop = event.target instanceof Element ? event.target.closest(STOPS) : null;
    if (!stop) return;
    this.#chosen = true;
    this.#stand(stop);
  };

  /** @param {Element} stop */
  #stand(stop) {
    this.#stop = stop;
    const row = stop.matches('.fold') ? (this.#row?.isConnected ? this.#row : this.querySelector('.row-link')) : stop;
    if (row === this.#row && row?.getAttribute('tabindex') === '0') return;
    this.#row?.setAttribute('tabindex', '-1');
    row?.setAttribute('tabindex', '0');
    this.#row = row;
  }
}

/** @returns {Part<InboxRow>} */
const make = () => stamp('t-chat');

/** The rows in the order in which they stand; newcomers last. @param {InboxRow[]} rows @param {Map<string, Part<InboxRow>>} parts */
function inPlace(rows, parts) {
  const now = new Map(rows.map(row => [row.key, row]));
  const kept = [...parts.keys()].flatMap(key => now.get(key) ?? []);
  return [...kept, ...rows.filter(({ key }) => !parts.has(key))];
}

customElements.define('l2s-inbox', Inbox);
