/**
 * The tick of a law that keeps some classes only with consent: never set by itself, bound to the version that was shown, taken
 * back in the same place. One box, which stands where it is needed: above the composer, in the message form, in My data.
 *
 * What was chosen before anything was written is kept by nobody but this page, so it is said again after each welcome.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Session} from './session.js'
 */
import { write } from '../shared/dom.js';
import { text } from '../shared/texts.js';
import { classesOf } from './mydata.js';

/** @param {Session} session @param {Slots} slot */
export function serveConsent(session, slot) {
  /** @type {boolean | null} what was clicked and is not answered yet */
  let clicked = null;
  /** The version that was agreed to here, 0 = none. */
  let agreed = session.ticked ? (session.law?.version ?? 0) : 0;
  let objected = session.objected;

  /** @param {string} code  why it does not hold, '' = it does */
  function tell(code) {
    slot.tickProblem.hidden = !code;
    write(slot.tickWrong, code && text(`error.${code}`));
    slot.tickBox.ariaInvalid = code ? 'true' : null;
  }

  slot.tickBox.addEventListener('change', () => {
    const on = slot.tickBox.checked;
    tell('');
    clicked = session.say({ type: 'tick', on, version: session.law?.version ?? 0 }) ? on : null;
    slot.tickBox.checked = clicked ?? session.ticked;
  });
  session.addEventListener('tick', () => {
    tell('tick_first');
    slot.tickBox.focus();
  });

  /** What may be read of the chat is another now. */
  function readAgain() {
    session.timeline.clear();
    session.connection.again();
  }

  /** @type {Record<string, (frame: any) => void>} */
  const heard = {
    welcome({ law, held, ticked, objected: now }) {
      clicked = null;
      if (held) return;
      if (!ticked && agreed === law.version) session.say({ type: 'tick', on: true, version: agreed });
      else if (objected && !now) session.say({ type: 'object', on: true });
    },
    law({ law, ticked, objected: now }) {
      if (ticked) tell('');
      else if (agreed && agreed !== law.version) tell('law_moved');
      if (ticked !== Boolean(agreed) && session.held && law.asks.includes('message')) readAgain();
      clicked = null;
      agreed = ticked ? law.version : 0;
      objected = now;
    },
    refused({ command, code }) {
      if (command !== 'tick') return;
      clicked = null;
      tell(code);
    },
  };
  session.addEventListener('frame', event => {
    const frame = /** @type {CustomEvent} */ (event).detail;
    if (Object.hasOwn(heard, frame.type)) heard[frame.type](frame);
  });

  /** @param {string} view */
  function place(view) {
    const { tick, choices, write: writing, submitLeave } = slot;
    if (view === 'data' && tick.parentElement !== choices) choices.append(tick);
    else if (view === 'form' && tick.nextElementSibling !== submitLeave.parentElement) submitLeave.parentElement.before(tick);
    else if (view !== 'data' && view !== 'form' && tick.parentElement !== writing) writing.prepend(tick);
  }

  return {
    /** @param {string} view */
    draw(view) {
      const asks = session.law?.asks ?? [];
      slot.tick.hidden = !asks.length;
      place(view);
      write(slot.tickSaid, text('tick', { what: classesOf(asks) }));
      slot.tickBox.checked = clicked ?? session.ticked;
    },
  };
}
