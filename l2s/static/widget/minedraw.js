/**
 * My data and the receipt of an erasure, drawn: rows come from mydata.js and gone.js, markup from mine.html.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {MyData} from '../shared/protocol.d.ts'
 * @import {HeldRow} from './mydata.js'
 * @import {Session} from './session.js'
 */
import { setDial, stamp, write } from '../shared/dom.js';
import { face } from '../shared/messages.js';
import { text } from '../shared/texts.js';
import { receiptFile, receiptLines } from './gone.js';
import { chatRows, givenRows, heldRows, noteRows, openedRows } from './mydata.js';
import { letGo, offer } from './takeaway.js';

/** What was told before is not told again. @param {Slots} slot */
export function clearDone(slot) {
  for (const each of [slot.doneCorrect, slot.doneState]) write(each, '');
  slot.asked.hidden = slot.files.hidden = true;
  for (const each of [slot.json, slot.html]) letGo(each);
}

/** Nothing of the person stays in the document. @param {Slots} slot */
export function clearData(slot) {
  clearDone(slot);
  for (const form of slot.data.querySelectorAll('form')) form.reset();
  for (const list of slot.data.querySelectorAll('.held')) list.replaceChildren();
}

/** @param {Slots} slot @param {MyData} data */
export function drawData(slot, data) {
  const has = data.held.length + data.chats.length > 0;
  slot.dataNone.hidden = has;
  slot.dataHeld.hidden = slot.openState.hidden = !has;
  slot.openErase.hidden = data.erase_at !== null;
  slot.openCorrect.hidden = ['name', 'mail'].every(name => data.never.includes(name));
  slot.heldList.replaceChildren(...heldRows(data).map(heldItem));
  slot.chatList.replaceChildren(...chatRows(data).map(heldItem));
  slot.notesPart.hidden = !data.notes.length;
  slot.noteList.replaceChildren(...noteRows(data).map(noteItem));
  slot.openedPart.hidden = !data.opened.length;
  slot.openedList.replaceChildren(...openedRows(data).map(openedItem));
  slot.givenPart.hidden = !data.given_out.length;
  slot.givenList.replaceChildren(...givenRows(data).map(noteItem));
  slot.neverList.replaceChildren(...data.never.map(neverItem));
  write(slot.objectSaid, text(data.objected ? 'object.on' : 'object.off'));
  write(slot.object, text(data.objected ? 'object.back' : 'object'));
}

/** @param {HeldRow} row */
function heldItem({ title, values, why, until, left }) {
  const { root, slot } = stamp('t-held');
  write(slot.title, title);
  write(slot.until, until);
  slot.dial.toggleAttribute('hidden', left === null);
  if (left !== null) setDial(slot.dial, left);
  slot.value.append(...values.flatMap(({ said, cut }, i) => [i ? ', ' : '', said, cut ? stamp('t-cut').root : '']));
  write(slot.why, why);
  slot.why.hidden = !why;
  return root;
}

/** @param {{said: string, by: string}} row */
function noteItem({ said, by }) {
  const { root, slot } = stamp('t-about');
  write(slot.said, said);
  write(slot.by, by);
  return root;
}

/** @param {{name: string, said: string, when: string}} row */
function openedItem({ name, said, when }) {
  const { root, slot } = stamp('t-opened');
  face(slot.face, name, name);
  write(slot.who, said);
  write(slot.when, when);
  return root;
}

/** @param {string} name */
function neverItem(name) {
  const { root } = stamp('t-never');
  write(root, text(`class.${name}`));
  return root;
}

/** @param {Session} session @param {Slots} slot @param {string} site */
export function drawErased({ gone, now }, slot, site) {
  if (!gone || slot.code.textContent === gone.code) return;
  write(slot.code, gone.code);
  const link = new URL(`../receipt/${gone.code}`, location.href).href;
  slot.receiptLink.href = link;
  offer(slot.receiptFile, `receipt-${gone.code}.txt`, 'text/plain', receiptFile(gone, site, link, now));
  const lines = receiptLines(gone, now).map(({ name, said, left }) => {
    const { root, slot: part } = stamp('t-line');
    write(part.name, name);
    write(part.said, said);
    part.dial.toggleAttribute('hidden', left === undefined);
    if (left !== undefined) setDial(part.dial, left);
    return root;
  });
  slot.receiptLines.replaceChildren(...lines);
}
