/**
 * The tick of a law that keeps some classes only with consent: never set by itself, bound to the version that was shown, taken
 * back in the same place. One box, which stands where it is needed: above the composer, in the message form, in My data.
 *
 * What was chosen before anything was written is kept by nobody but this page, so it is said again after each welcome.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Law} from '../shared/protocol.d.ts'
 * @import {Session} from './session.js'
 */
import { write } from '../shared/dom.js';
import { text } from '../shared/texts.js';
import { classesOf } from './mydata.js';

export class Consent {
  /** @type {boolean | null} what was clicked and is not answered yet */
  #clicked = null;
  /** The version that was agreed to here, 0 = none. */
  #agreed;
  #objected;
  #session;
  #slot;

  /** @param {Session} session @param {Slots} slot */
  constructor(session, slot) {
    this.#session = session;
    this.#slot = slot;
    this.#agreed = session.ticked ? (session.law?.version ?? 0) : 0;
    this.#objected = session.objected;
    slot.tickBox.addEventListener('change', () => this.#chosen());
    session.addEventListener('tick', () => {
      this.#tell('tick_first');
      slot.tickBox.focus();
    });
    session.addEventListener('frame', event => {
      const frame = /** @type {CustomEvent} */ (event).detail;
      if (Object.hasOwn(this.#heard, frame.type)) this.#heard[frame.type](frame);
    });
  }

  /** @param {string} view */
  draw(view) {
    const asks = this.#session.law?.asks ?? [];
    this.#place(view);
    this.#slot.tick.hidden = !asks.length;
    write(this.#slot.tickSaid, text('tick', { what: classesOf(asks) }));
    this.#slot.tickBox.checked = this.#clicked ?? this.#session.ticked;
  }

  /** @type {Record<string, (frame: any) => void>} */
  #heard = {
    welcome: ({ law, held, ticked, objected }) => {
      this.#clicked = null;
      this.#moved(law, ticked);
      if (held) return;
      if (!ticked && this.#agreed === law.version) this.#session.say({ type: 'tick', on: true, version: law.version });
      else if (this.#objected && !objected) this.#session.say({ type: 'object', on: true });
    },
    law: ({ law, ticked, objected }) => {
      this.#moved(law, ticked);
      if (ticked !== Boolean(this.#agreed) && this.#session.held && law.asks.includes('message')) this.#readAgain();
      this.#clicked = null;
      this.#agreed = ticked ? law.version : 0;
      this.#objected = objected;
    },
    refused: ({ command, code }) => {
      if (command !== 'tick') return;
      if (this.#clicked !== null) this.#session.ticked = !this.#clicked;
      this.#clicked = null;
      this.#tell(code);
    },
  };

  #chosen() {
    const on = this.#slot.tickBox.checked;
    this.#tell('');
    this.#clicked = this.#session.say({ type: 'tick', on, version: this.#session.law?.version ?? 0 }) ? on : null;
    if (this.#clicked !== null) this.#session.ticked = on; // commands keep their order: what is sent now comes after it
    this.#slot.tickBox.checked = this.#clicked ?? this.#session.ticked;
  }

  /** @param {string} code  why it does not hold, '' = it does */
  #tell(code) {
    this.#slot.tickProblem.hidden = !code;
    write(this.#slot.tickWrong, code && text(`error.${code}`));
    this.#slot.tickBox.ariaInvalid = code ? 'true' : null;
  }

  /** A law that keeps more than was agreed to asks again. @param {Law} law @param {boolean} ticked */
  #moved({ version }, ticked) {
    if (ticked) this.#tell('');
    else if (this.#agreed && this.#agreed !== version) this.#tell('law_moved');
  }

  /** What may be read of the chat is another now. */
  #readAgain() {
    this.#session.timeline.clear();
    this.#session.connection.again();
  }

  /** @param {string} view */
  #place(view) {
    const { tick, choices, write: writing, submitLeave } = this.#slot;
    if (view === 'data' && tick.parentElement !== choices) choices.append(tick);
    else if (view === 'form' && tick.nextElementSibling !== submitLeave.parentElement) submitLeave.parentElement.before(tick);
    else if (view !== 'data' && view !== 'form' && tick.parentElement !== writing) writing.prepend(tick);
  }
}
