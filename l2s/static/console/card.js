/**
 * The visitor card: what this chat holds, drawn solid; what is not held, drawn hollow; until when it is kept.
 *
 * @import {Part, Slots} from '../shared/dom.js'
 * @import {TeamChat} from '../shared/protocol.d.ts'
 * @import {Desk} from './desk.js'
 * @import {CardRow, PersonRow} from './held.js'
 * @import {Talk} from './talk.js'
 */
import { reconcile, setDial, stamp, write } from '../shared/dom.js';
import { face } from '../shared/messages.js';
import { text } from '../shared/texts.js';
import { cardPeople, cardRows, keptUntil } from './held.js';
import { hasReference } from './reach.js';
import { visitorName } from './sections.js';

/** @type {Map<string, Part<CardRow>>} */
let details = new Map();
/** @type {Map<string, Part<PersonRow>>} */
let people = new Map();

/** @param {Slots} slot @param {Desk} desk @param {Talk} talk @param {TeamChat} chat */
export function drawCard(slot, desk, talk, chat) {
  const name = visitorName(chat);
  write(slot.cardName, name);
  face(slot.cardFace, chat.id, chat.name ?? '');
  write(slot.cardProof, text(chat.name ? 'card.unproven' : 'card.unnamed'));
  slot.cardObjected.hidden = !chat.objected;
  slot.cardTest.hidden = !chat.test;
  const { words, left } = keptUntil(talk, desk.now);
  write(slot.kept, words);
  slot.keptDial.toggleAttribute('hidden', left === null);
  if (left !== null) setDial(slot.keptDial, left);
  details = reconcile(
    slot.details,
    details,
    cardRows(talk.details, hasReference(chat, talk) ? chat.label : ''),
    () => stamp('t-detail'),
    drawDetail,
  );
  const rows = cardPeople(desk, chat);
  slot.marksEnd.hidden = !talk.timeline.unmarked;
  slot.cardPeople.hidden = !rows.length && slot.marksEnd.hidden;
  people = reconcile(slot.people, people, rows, () => stamp('t-person'), drawPerson);
}

/** @param {Part<CardRow>} part @param {CardRow} row */
function drawDetail({ root, slot }, row) {
  root.toggleAttribute('data-quiet', row.quiet);
  write(slot.label, row.label);
  write(slot.value, row.value);
  slot.value.classList.toggle('slot', row.hollow);
  slot.value.title = row.hollow ? '' : row.value;
  slot.cut.parentElement.hidden = !row.cut;
  write(slot.cut, row.cut);
  write(slot.level, row.level);
}

/** @param {Part<PersonRow>} part @param {PersonRow} row */
function drawPerson({ slot }, row) {
  face(slot.avatar, row.key, row.name);
  write(slot.name, row.name);
  write(slot.does, row.does);
}
