/**
 * What a chat holds of its visitor, as rows and words of the card. Pure.
 *
 * @import {Detail, TeamChat} from '../shared/protocol.d.ts'
 * @import {Desk} from './desk.js'
 * @import {Talk} from './talk.js'
 */
import { dayOf, hasText, text } from '../shared/texts.js';

/** @typedef {{key: string, label: string, value: string, cut: string, level: string, hollow: boolean, quiet: boolean}} CardRow */
/** @typedef {{key: string, name: string, does: string}} PersonRow */

const DAY = 86_400_000;

/**
 * What the visitor can name first; then held, then what did not come, then the slots; each in the server's order.
 * @param {Detail[]} given @param {string} [reference]  as the visitor was told it, '' = none was told
 * @returns {CardRow[]}
 */
export function cardRows(given, reference = '') {
  /** @param {Detail} detail */
  const rank = ({ value, level }) => (value !== null ? 0 : level === 'none' ? 2 : 1);
  const told = reference ? [cardRow({ name: 'label', level: '', value: reference })] : [];
  return [...told, ...[...given].sort((a, b) => rank(a) - rank(b)).map(cardRow)];
}

/** @param {Detail} detail @returns {CardRow} */
function cardRow({ name, level, value }) {
  const plain = { key: name, label: text(`card.${name}`), cut: '', level: '', hollow: false, quiet: false };
  if (level === 'none') return { ...plain, value: text('card.slot'), hollow: true };
  if (value === null) return { ...plain, value: text(hasText(`card.${name}.none`) ? `card.${name}.none` : 'card.none'), quiet: true };
  const word = hasText(`level.${level}`) ? text(`level.${level}`) : '';
  const [shown, cut] = name === 'address' ? shortened(value) : [value, ''];
  return { ...plain, value: shown, cut, level: word };
}

/** "203.0.113.0/24" → what is held, and that the rest is not. @param {string} value */
function shortened(value) {
  const [, four] = /^(\d+\.\d+\.\d+\.)0\/24$/.exec(value) ?? [];
  const [, six] = /^([0-9a-f:]+?):*\/48$/.exec(value) ?? [];
  if (four) return [four, text('card.cut')];
  return six ? [`${six}:`, text('card.cut')] : [value, ''];
}

/**
 * Until when it is kept, and which share of that time is left: null = it does not run yet.
 * @param {Talk} talk @param {number} now @returns {{words: string, left: number | null}}
 */
export function keptUntil({ until, days }, now) {
  if (until !== null && typeof days === 'number') {
    const left = (until - now) / (days * DAY);
    return { words: text(left > 0 ? 'card.until' : 'card.overdue', { day: dayOf(until, now) }), left };
  }
  if (typeof days === 'number') return { words: text('card.days', { count: days }), left: null };
  return { words: hasText(`card.kept.${days}`) ? text(`card.kept.${days}`) : '', left: null };
}

/** Who is in the chat, and who reads along. @param {Desk} desk @param {TeamChat} chat @returns {PersonRow[]} */
export function cardPeople(desk, chat) {
  const rows = chat.marks.filter(({ joined, read }) => joined || read > 0);
  rows.sort((a, b) => Number(b.user === chat.owner) - Number(a.user === chat.owner));
  return rows.map(({ user, joined }) => {
    const does = user === chat.owner ? 'card.owner' : joined ? 'card.joined' : 'card.opened';
    return { key: user, name: desk.people.get(user)?.name ?? text('somebody'), does: text(does) };
  });
}
