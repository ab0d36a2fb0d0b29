/**
 * The three forms of My data: correct, add a statement, ask about privacy. Each unfolds in place, one at a time, and each field
 * says what is wrong with it. What was typed stays until the server has answered for it.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {MyData} from '../shared/protocol.d.ts'
 * @import {Session} from './session.js'
 */
import { newId } from '../shared/clock.js';
import { write } from '../shared/dom.js';
import { dayOf, text } from '../shared/texts.js';

/** Which field a refusal is about; all others are about the first one. */
const FIELD_OF = new Map([
  ['bad_mail', 'mail'],
  ['bad_contact', 'contact'],
  ['contact_needed', 'contact'],
]);

/**
 * @typedef {object} Form
 * @property {HTMLFormElement} form
 * @property {HTMLButtonElement} opener
 * @property {(values: Record<string, string>, id: string) => boolean} send  false = there is nothing to send
 * @property {(frame: any, id: string) => boolean} answers
 * @property {HTMLElement} said  where the answer is told
 * @property {(frame: any) => void} done
 */

/** @typedef {() => MyData | null} Held */

/** What is held of a class, as it was last given. @param {Held} held @param {string} name */
const own = (held, name) => {
  const found = held()?.held.find(each => each.name === name);
  return found?.values.at(-1) ?? '';
};

/** @param {Slots} slot @param {Session} session @param {Held} held @returns {Form} */
const correct = (slot, session, held) => ({
  form: slot.formCorrect,
  opener: slot.openCorrect,
  said: slot.doneCorrect,
  send({ name, mail }) {
    const moved = { ...(name !== own(held, 'name') && { name }), ...(mail !== own(held, 'mail') && { mail }) };
    return Object.keys(moved).length > 0 && session.say({ type: 'correct', ...moved });
  },
  answers: frame => frame.type === 'my_data',
  done: () => write(slot.doneCorrect, text('mine.corrected')),
});

/** @param {Slots} slot @param {Session} session @returns {Form} */
const state = (slot, session) => ({
  form: slot.formState,
  opener: slot.openState,
  said: slot.doneState,
  send({ text: said }, id) {
    session.errand({ type: 'state', id, text: said });
    return true;
  },
  answers: (frame, id) => frame.type === 'message' && frame.message.id === id,
  done: () => write(slot.doneState, text('mine.stated')),
});

/** @param {Slots} slot @param {Session} session @returns {Form} */
const ask = (slot, session) => ({
  form: slot.formAsk,
  opener: slot.openAsk,
  said: slot.asked,
  send: ({ text: said, contact }, id) => session.say({ type: 'ask', id, text: said, contact: contact || null }),
  answers: (frame, id) => frame.type === 'asked' && frame.id === id,
  done({ reference, due }) {
    slot.asked.hidden = false;
    write(slot.askedReference, reference);
    write(slot.doneAsk, text('mine.asked', { day: dayOf(due, session.now) }));
  },
});

/** @param {Element} form @param {string} name @returns {any} */
const fieldOf = (form, name) => form.querySelector(`[name=${name}]`);

/** @param {HTMLFormElement} form @param {string} name @param {string} problem */
function tell(form, name, problem) {
  const field = fieldOf(form, name);
  const line = field.closest('.field').querySelector('.problem');
  line.hidden = !problem;
  write(line.lastElementChild, problem);
  field.ariaInvalid = problem ? 'true' : null;
  if (problem) field.focus();
}

/** @param {HTMLFormElement} form */
const valuesOf = form => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));

export class Askings {
  #held;
  /** @type {Record<string, Form>} by the command that each sends */
  #forms;
  /** What was sent and is not answered, and its id. */
  #out = '';
  #id = '';

  /** @param {Session} session @param {Slots} slot @param {Held} held */
  constructor(session, slot, held) {
    this.#held = held;
    this.#forms = { correct: correct(slot, session, held), state: state(slot, session), ask: ask(slot, session) };
    for (const [name, { form }] of Object.entries(this.#forms)) {
      form.addEventListener('submit', event => {
        event.preventDefault();
        if (!this.#out && session.connection.phase === 'live') this.#submit(name);
      });
    }
    session.addEventListener('frame', event => this.#heard(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {string} name  '' folds all */
  unfold(name) {
    for (const [each, { form, opener }] of Object.entries(this.#forms)) {
      form.hidden = each !== name;
      opener.ariaExpanded = String(each === name);
    }
    if (!name) return;
    const { form } = this.#forms[name];
    if (!this.#out) this.#id = newId();
    for (const each of Object.keys(valuesOf(form))) tell(form, each, '');
    if (name === 'correct') this.#prefill(form);
    /** @type {HTMLElement | null} */ (form.querySelector('.field:not([hidden]) [name]'))?.focus();
  }

  /** Back to the button that unfolded it. */
  fold() {
    const open = Object.values(this.#forms).find(({ form }) => !form.hidden);
    this.unfold('');
    open?.opener.focus();
  }

  /** @param {HTMLFormElement} form */
  #prefill(form) {
    for (const name of ['name', 'mail']) {
      const field = fieldOf(form, name);
      field.value = own(this.#held, name);
      field.closest('.field').hidden = this.#held()?.never.includes(name);
    }
  }

  /** @param {string} name */
  #submit(name) {
    const { form, send } = this.#forms[name];
    const values = valuesOf(form);
    if (values.text === '') tell(form, 'text', text('error.empty_text'));
    else if (send(values, this.#id)) this.#out = name;
    else this.fold();
  }

  /** @param {any} frame */
  #heard(frame) {
    const name = this.#out;
    if (!name) return;
    const { form, answers, said, done } = this.#forms[name];
    if (frame.type === 'welcome' && name !== 'state') {
      this.#out = ''; // the answer was lost with its connection: the same may be sent again
    } else if (frame.type === 'refused' && frame.command === name) {
      this.#out = '';
      const field = FIELD_OF.get(frame.code) ?? (name === 'correct' ? 'name' : 'text');
      tell(form, field, text(`error.${frame.code}`) || text('error.unavailable'));
    } else if (answers(frame, this.#id)) {
      this.#out = '';
      this.#id = newId();
      form.reset();
      if (!form.hidden) this.fold();
      done(frame);
      said.scrollIntoView({ block: 'nearest' });
    }
  }
}
