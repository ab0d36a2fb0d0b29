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
 * @property {string} command  its type
 * @property {(values: Record<string, string>, id: string) => boolean} send  false = there is nothing to send
 * @property {(frame: any, id: string) => boolean} answers
 * @property {HTMLElement} said  where the answer is told
 * @property {(frame: any) => void} done
 */

/** @param {Slots} slot @param {Session} session @param {() => MyData | null} held @returns {Record<string, Form>} */
function formsOf(slot, session, held) {
  const own = (/** @type {string} */ name) =>
    held()
      ?.held.find(each => each.name === name)
      ?.values.at(-1) ?? '';
  return {
    correct: {
      form: slot.formCorrect,
      opener: slot.openCorrect,
      command: 'correct',
      send({ name, mail }) {
        const moved = { ...(name !== own('name') && { name }), ...(mail !== own('mail') && { mail }) };
        return Object.keys(moved).length > 0 && session.say({ type: 'correct', ...moved });
      },
      answers: frame => frame.type === 'my_data',
      said: slot.doneCorrect,
      done: () => write(slot.doneCorrect, text('mine.corrected')),
    },
    state: {
      form: slot.formState,
      opener: slot.openState,
      command: 'state',
      send({ text: said }, id) {
        session.errand({ type: 'state', id, text: said });
        return true;
      },
      answers: (frame, id) => frame.type === 'message' && frame.message.id === id,
      said: slot.doneState,
      done: () => write(slot.doneState, text('mine.stated')),
    },
    ask: {
      form: slot.formAsk,
      opener: slot.openAsk,
      command: 'ask',
      send: ({ text: said, contact }, id) => session.say({ type: 'ask', id, text: said, contact: contact || null }),
      answers: (frame, id) => frame.type === 'asked' && frame.id === id,
      said: slot.asked,
      done({ reference, due }) {
        slot.asked.hidden = false;
        write(slot.askedReference, reference);
        write(slot.doneAsk, text('mine.asked', { day: dayOf(due, session.now) }));
      },
    },
  };
}

/** @param {Element} form @param {string} name @returns {any} */
const fieldOf = (form, name) => form.querySelector(`[name=${name}]`);

/** @param {HTMLFormElement} form @param {string} name @param {string} problem */
function tell(form, name, problem) {
  const field = fieldOf(form, name);
  const line = field.closest('.field').querySelector('.problem');
  line.hidden = !problem;
  write(line.lastElementChild, problem);
  field.ariaInvalid = problem ? 'true' : null;
}

/** @param {HTMLFormElement} form */
const valuesOf = form => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));

/** @param {Session} session @param {Slots} slot @param {() => MyData | null} held */
export function serveAskings(session, slot, held) {
  const forms = formsOf(slot, session, held);
  /** What was sent and is not answered: form and id. */
  const out = { name: '', id: '' };

  /** @param {string} name  '' folds all */
  function unfold(name) {
    for (const [each, { form, opener }] of Object.entries(forms)) {
      form.hidden = each !== name;
      opener.ariaExpanded = String(each === name);
    }
    if (!name) return;
    const { form } = forms[name];
    if (name !== out.name) out.id = newId();
    for (const field of form.querySelectorAll('[name]')) tell(form, /** @type {any} */ (field).name, '');
    if (name === 'correct') prefill(form);
    /** @type {HTMLElement | null} */ (form.querySelector('.field:not([hidden]) [name]'))?.focus();
  }

  /** @param {HTMLFormElement} form */
  function prefill(form) {
    for (const name of ['name', 'mail']) {
      const field = fieldOf(form, name);
      field.value =
        held()
          ?.held.find(each => each.name === name)
          ?.values.at(-1) ?? '';
      field.closest('.field').hidden = held()?.never.includes(name);
    }
  }

  function fold() {
    const open = Object.values(forms).find(({ form }) => !form.hidden);
    unfold('');
    open?.opener.focus();
  }

  for (const [name, { form, send }] of Object.entries(forms)) {
    form.addEventListener('submit', event => {
      event.preventDefault();
      if (out.name) return;
      const values = valuesOf(form);
      if ('text' in values && !values.text) {
        tell(form, 'text', text('error.empty_text'));
        fieldOf(form, 'text').focus();
      } else if (session.connection.phase === 'live') {
        if (send(values, out.id)) out.name = name;
        else fold();
      }
    });
  }

  session.addEventListener('frame', event => {
    const frame = /** @type {CustomEvent} */ (event).detail;
    const { name, id } = out;
    if (frame.type === 'welcome' && name !== 'state') out.name = ''; // the answer was lost with its connection: send it again
    if (!name) return;
    const { form, command, answers, said, done } = forms[name];
    if (frame.type === 'refused' && frame.command === command) {
      out.name = '';
      const field = FIELD_OF.get(frame.code) ?? fieldOf(form, 'text')?.name ?? 'name';
      tell(form, field, text(`error.${frame.code}`) || text('error.unavailable'));
      fieldOf(form, field).focus();
    } else if (answers(frame, id)) {
      out.name = out.id = '';
      form.reset();
      if (!form.hidden) fold();
      done(frame);
      said.scrollIntoView({ block: 'nearest' });
    }
  });

  return { unfold, fold, isOpen: (/** @type {string} */ name) => !forms[name].form.hidden };
}
