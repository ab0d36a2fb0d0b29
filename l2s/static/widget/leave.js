/**
 * The message form, where nobody is on, and its receipt: each field says what is wrong with it.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Session} from './session.js'
 */
import { newId } from '../shared/clock.js';
import { write } from '../shared/dom.js';
import { text, timeOf, weekdayOf } from '../shared/texts.js';

/** Which field a refusal of the server is about; all others are about the text. */
const FIELD_OF = new Map([
  ['bad_mail', 'mail'],
  ['bad_name', 'name'],
]);

/** What is wrong with a mail address, as a key of the catalogue; '' = nothing. Pure. @param {string} mail */
export function mailProblem(mail) {
  const [before, after] = [mail.slice(0, mail.lastIndexOf('@')), mail.slice(mail.lastIndexOf('@') + 1)];
  if (!mail) return 'problem.mail';
  if (!mail.includes('@')) return 'problem.mail.at';
  if (!before) return 'problem.mail.before';
  return /^[^@\s]+\.[^@\s.]{2,}$/.test(after) ? '' : after ? 'error.bad_mail' : 'problem.mail.after';
}

/** The fields, what stands in them, and what is wrong with each. @param {Slots} slot */
function fieldsOf(slot) {
  /** @param {string} name @returns {any} */
  const field = name => slot.leave.elements.namedItem(name);
  const values = () => ({ text: field('text').value.trim(), mail: field('mail').value.trim(), name: field('name').value.trim() });
  /** @param {string} name @param {string} problem */
  const tell = (name, problem) => {
    const line = slot[`problem-${name}`];
    line.hidden = !problem;
    write(line.lastElementChild, problem);
    field(name).ariaInvalid = problem ? 'true' : null;
  };
  /** The first field with a problem, after each was told its own. */
  const wrong = () => {
    const { text: said, mail } = values();
    const problems = [
      ['text', said ? '' : 'problem.text'],
      ['mail', mailProblem(mail)],
      ['name', ''],
    ];
    for (const [name, key] of problems) tell(name, key && text(key));
    return problems.find(([, key]) => key)?.[0];
  };
  return { field, values, tell, wrong };
}

/** @param {Session} session @param {Slots} slot @param {string} site */
export function serveForm(session, slot, site) {
  const { field, values, tell, wrong } = fieldsOf(slot);
  /** @type {HTMLFormElement} */
  const form = slot.leave;
  let sent = '';
  form.addEventListener('submit', event => {
    event.preventDefault();
    const name = wrong();
    const { text: said, mail, name: called } = values();
    const asked = ['message', 'mail', ...(called ? ['name'] : [])];
    if (name) field(name).focus();
    else if (session.needs(...asked)) session.dispatchEvent(new Event('tick'));
    else if (!leaving(session)) {
      sent = mail;
      session.errand({ type: 'leave', id: newId(), text: said, mail, name: called || null });
    }
  });
  form.addEventListener('input', () => {
    if (form.querySelector('[aria-invalid]')) wrong();
  });
  session.addEventListener('frame', event => {
    if (!(event instanceof CustomEvent) || event.detail.type !== 'left') return;
    session.receipt = { mail: sent, reference: event.detail.reference, at: session.now };
  });
  session.addEventListener('refused', event => {
    if (!(event instanceof CustomEvent) || event.detail.command !== 'leave') return;
    const name = FIELD_OF.get(event.detail.code) ?? 'text';
    tell(name, text(`error.${event.detail.code}`) || text('error.unavailable'));
    field(name).focus();
  });
  return {
    draw: () => drawForm(session, slot, site),
    copy: () => copyReference(slot),
    clear() {
      form.reset();
      for (const name of ['text', 'mail', 'name']) tell(name, '');
    },
  };
}

/** Is a message on its way? @param {Session} session */
const leaving = ({ errands }) => [...errands.values()].some(({ type }) => type === 'leave');

/** @param {Session} session @param {Slots} slot @param {string} site */
function drawForm(session, slot, site) {
  write(slot.leaveTitle, text(session.availability === 'away' ? 'form' : 'composer.leave'));
  write(slot.leaveLead, text('form.lead', { site }));
  slot.back.hidden = !session.chat;
  slot.submitLeave.ariaDisabled = leaving(session) ? 'true' : null;
  drawReceipt(session, slot, site);
}

/** @param {Session} session @param {Slots} slot @param {string} site */
function drawReceipt({ receipt, law }, slot, site) {
  if (!receipt || !law) return;
  write(slot.receiptLead, text('receipt.lead', { site }));
  write(slot.reference, receipt.reference);
  write(slot.stored, `${weekdayOf(receipt.at)}, ${timeOf(receipt.at)}`);
  write(slot.answer, receipt.mail);
  write(slot.kept, typeof law.days === 'number' ? text('receipt.days', { count: law.days }) : text(`promise.${law.days}`));
}

/** Without a clipboard (plain http) the reference is selected, ready to be copied. @param {Slots} slot */
async function copyReference(slot) {
  try {
    await navigator.clipboard.writeText(slot.reference.textContent);
    write(slot.copied, text('receipt.copied'));
  } catch {
    getSelection()?.selectAllChildren(slot.reference);
  }
}
