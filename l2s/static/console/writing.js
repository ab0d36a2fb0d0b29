/**
 * What stands below a conversation: a composer in one of two modes, the gate where this user may not write yet, and the
 * guard where a text was held. Drafts are kept per chat and mode as long as the page lives, and nowhere else.
 *
 * @import {Composer} from '../shared/composer.js'
 * @import {Slots} from '../shared/dom.js'
 * @import {TeamChat} from '../shared/protocol.d.ts'
 * @import {Desk} from './desk.js'
 * @import {Mode} from './talk.js'
 */
import { listOf, text } from '../shared/texts.js';
import { write } from '../shared/dom.js';
import { drawReach } from './reach.js';
import { calledName, groupOf } from './sections.js';

/** @typedef {{message: string, note: string, mode: Mode}} Draft */

export class Writing {
  #composer;
  #slot;
  #desk;
  #chat = '';
  #typesIn = '';
  /** @type {Map<string, Draft>} */
  #drafts = new Map();

  /** @param {Composer} composer @param {Slots} slot @param {Desk} desk */
  constructor(composer, slot, desk) {
    this.#composer = composer;
    this.#slot = slot;
    this.#desk = desk;
  }

  /** @returns {Mode} */
  get mode() {
    return this.#draft(this.#chat).mode;
  }

  /** Is there a text that is not sent? */
  get dirty() {
    return Boolean(this.#composer.value.trim()) || [...this.#drafts.values()].some(({ message, note }) => message.trim() || note.trim());
  }

  /** Another chat is shown, '' = none. @param {string} chat */
  show(chat) {
    if (chat === this.#chat) return;
    this.#keep();
    this.typing(false);
    this.#chat = chat;
    this.#fill();
  }

  /** @param {Mode} mode */
  turn(mode) {
    if (mode === this.mode) return;
    this.#keep();
    this.typing(false);
    this.#draft(this.#chat).mode = mode;
    this.#fill();
  }

  /** A text comes back to where it was typed. @param {string} chat @param {Mode} mode @param {string} back */
  restore(chat, mode, back) {
    this.#keep();
    const draft = this.#draft(chat);
    draft[mode] = [back, draft[mode]].filter(Boolean).join('\n');
    draft.mode = mode;
    if (chat === this.#chat) this.#fill();
  }

  /** What stood in the composer went out. */
  sent() {
    this.#draft(this.#chat)[this.mode] = '';
    this.typing(false);
  }

  /** The chat is gone, and with it what was typed for it. @param {string} chat */
  forget(chat) {
    if (chat === this.#chat) this.#composer.value = '';
    this.#drafts.delete(chat);
  }

  /** Only what goes to the visitor is announced. @param {boolean} on */
  typing(on) {
    if (on && this.mode === 'message') {
      this.#typesIn = this.#chat;
      this.#desk.typing(this.#chat, true);
    } else if (!on && this.#typesIn) {
      this.#desk.typing(this.#typesIn, false);
      this.#typesIn = '';
    }
  }

  /** @param {TeamChat} chat */
  draw(chat) {
    const slot = this.#slot;
    const { mode } = this;
    const gate = mode === 'message' ? this.#gate(chat) : null;
    slot.form.dataset.mode = mode;
    slot.form.toggleAttribute('data-gated', Boolean(gate));
    slot.tabMessage.ariaSelected = String(mode === 'message');
    slot.tabNote.ariaSelected = String(mode === 'note');
    slot.tabMessage.tabIndex = mode === 'message' ? 0 : -1;
    slot.tabNote.tabIndex = mode === 'note' ? 0 : -1;
    slot.writingPanel.setAttribute('aria-labelledby', mode === 'note' ? 'tab-note' : 'tab-message');
    this.#drawGate(gate);
    const name = calledName(chat);
    const words = mode === 'note' ? { placeholder: text('note.write'), send: text('note.add') } : this.#wordsTo(name);
    this.#composer.words = { ...words, label: words.placeholder };
    slot.guard.hidden = mode === 'note' || !this.#desk.talk?.held;
    write(slot.guardLine, slot.guard.hidden ? '' : text('guard'));
    this.#drawTypists(chat, name);
    if (this.#desk.talk) drawReach(slot, chat, this.#desk.talk, mode === 'note');
    slot.gateAct.classList.toggle('primary', slot.reach.hidden || slot.reachMail.hidden);
  }

  /** @param {string} name */
  #wordsTo(name) {
    return { placeholder: text('write.to', { name }), send: text('send.to', { name }) };
  }

  /** Why one cannot write to the visitor, and the act that changes it. @param {TeamChat} chat @returns {[string, string] | null} */
  #gate(chat) {
    const group = groupOf(this.#desk, chat);
    if (group === 'mine') return null;
    const owner = this.#desk.people.get(chat.owner ?? '')?.name ?? text('somebody');
    if (group === 'team') return [text('gate.team', { name: owner }), 'join'];
    return [text(`gate.${group}`, { name: calledName(chat) }), group === 'closed' ? '' : 'take-this'];
  }

  /** @param {[string, string] | null} gate */
  #drawGate(gate) {
    const { gateBar, gateLine, gateAct, gateVerb, gateKey } = this.#slot;
    gateBar.hidden = !gate;
    if (!gate) return;
    const [line, act] = gate;
    write(gateLine, line);
    gateAct.hidden = !act;
    gateAct.dataset.act = act;
    gateKey.hidden = act !== 'take-this';
    write(gateVerb, text(act === 'join' ? 'join' : 'take'));
  }

  /** @param {TeamChat} chat @param {string} name */
  #drawTypists(chat, name) {
    const ids = this.#desk.typists(chat.id);
    const names = ids.map(id => (id ? (this.#desk.people.get(id)?.name ?? text('somebody')) : name));
    write(this.#slot.typists, ids.length ? text('typing', { count: ids.length, names: listOf(names) }) : '');
  }

  #keep() {
    if (!this.#chat) return;
    const draft = this.#draft(this.#chat);
    draft[draft.mode] = this.#composer.value;
    if (!draft.message && !draft.note && draft.mode === 'message') this.#drafts.delete(this.#chat);
  }

  #fill() {
    const draft = this.#draft(this.#chat);
    this.#composer.value = draft[draft.mode];
  }

  /** @param {string} chat @returns {Draft} */
  #draft(chat) {
    const draft = this.#drafts.get(chat) ?? { message: '', note: '', mode: 'message' };
    if (chat) this.#drafts.set(chat, draft);
    return draft;
  }
}
