/**
 * The promise line, made from the law in force and from what is held: a sentence about data is true at its moment. Pure.
 *
 * At most two facts: how long, and what else most concerns who types: that typing is seen, else what becomes of the address.
 *
 * @import {Law, VisitorChat} from '../shared/protocol.d.ts'
 */
import { dayOf, text } from '../shared/texts.js';

const DAY = 86_400_000;

/** @typedef {{words: string, left: number | null}} Promised  `left`: the share of the time that is left; null = nothing is kept */

/**
 * @param {object} now
 * @param {Law} now.law
 * @param {boolean} now.held
 * @param {boolean} now.objected
 * @param {VisitorChat | null} now.chat
 * @param {boolean} now.form  the message form is shown
 * @param {number} now.at
 * @returns {Promised}
 */
export function promised({ law, held, objected, chat, form, at }) {
  const { days } = law;
  const count = Number(days);
  if (form && typeof days === 'number') return { words: text('promise.form', { count }), left: held ? 1 : null };
  if (!held) return { words: text(typeof days === 'number' ? 'promise.none' : `promise.none.${days}`, { count }), left: null };
  if (chat?.ended && typeof days === 'number') {
    const until = chat.ended + count * DAY;
    return { words: text('promise.until', { day: dayOf(until, at) }), left: (until - at) / (count * DAY) };
  }
  const kept = text(typeof days === 'number' ? 'promise.days' : `promise.${days}`, { count });
  const more = law.preview && !objected ? 'promise.preview' : `promise.address.${objected ? 'none' : law.address}`;
  return { words: [kept, text(more)].filter(Boolean).join(' · '), left: 1 };
}
