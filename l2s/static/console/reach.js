/**
 * How the next reply will reach the visitor, told before it is typed: by mail where one was left, else only if they come back.
 *
 * Whoever left a message is gone. That they are back shows in what they do: they write, or their browser gets an answer.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Item} from '../shared/timeline.js'
 * @import {TeamChat} from '../shared/protocol.d.ts'
 * @import {Talk} from './talk.js'
 */
import { write } from '../shared/dom.js';
import { text } from '../shared/texts.js';
import { calledName } from './sections.js';

/** The mail address that was left with a message, '' = none. @param {Talk} talk */
export const mailOf = talk => talk.details.find(({ name }) => name === 'mail')?.value ?? '';

/** Has the visitor the reference of this chat in hand? @param {TeamChat} chat @param {Talk} talk */
export const hasReference = (chat, talk) => chat.state === 'left' || Boolean(mailOf(talk));

/**
 * A link for the own mail program. Nothing but the reference stands in it, and no address can add a field of its own.
 * @param {string} mail @param {string} label
 */
export const mailTo = (mail, label) =>
  `mailto:${encodeURIComponent(mail).replaceAll('%40', '@')}?subject=${encodeURIComponent(text('mail.subject', { label }))}`;

/** Since it was taken: did the visitor wait for that, write, or get an answer? @param {TeamChat} chat @param {Item[]} items */
function isBack({ delivered }, items) {
  const took = items.findLastIndex(({ body }) => body.kind === 'event' && body.name === 'took');
  return items.slice(Math.max(took, 0)).some(({ by, body, seq }) => {
    if (body.kind === 'event') return typeof body.waited === 'number';
    return by === 'visitor' ? took >= 0 : body.kind === 'text' && seq <= delivered;
  });
}

/** live = they are back or never left · mail = an address was left · gone = only if they come back. @param {TeamChat} chat @param {Talk} talk @returns {'live' | 'mail' | 'gone'} */
export function wayOf(chat, talk) {
  if (!hasReference(chat, talk) || chat.state === 'waiting') return 'live';
  return chat.state === 'open' && isBack(chat, talk.timeline.items) ? 'live' : mailOf(talk) ? 'mail' : 'gone';
}

/** @param {Slots} slot @param {TeamChat} chat @param {Talk} talk @param {boolean} note  is a note being written? */
export function drawReach({ reach, reachLine, reachMail, reachVerb }, chat, talk, note) {
  const way = talk.loaded && !note && chat.state !== 'closed' ? wayOf(chat, talk) : 'live';
  reach.hidden = way === 'live';
  if (way === 'live') return;
  const mail = mailOf(talk);
  write(reachLine, text(`reach.${way}`, { name: calledName(chat) }));
  reachMail.hidden = !mail;
  reachMail.href = mail && mailTo(mail, chat.label);
  reachMail.title = mail;
  write(reachVerb, mail && text('reach.do', { mail }));
}
