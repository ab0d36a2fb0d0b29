/**
 * The events of a chat as whole sentences for the team. Pure.
 */
import { hasText, lengthOf, text, timeOf } from '../shared/texts.js';

/**
 * The most telling sentence for which every value is there: `event.took.waited.at`, `.at`, `.waited`, plain.
 * @param {string} name @param {{name: string, visitor: string, at: number | null, waited: number | null}} values
 */
export function eventSentence(name, { name: who, visitor, at, waited }) {
  const time = timeOf(at);
  const length = waited === null ? '' : lengthOf(waited);
  const endings = [...(length && time ? ['.waited.at'] : []), ...(time ? ['.at'] : []), ...(length ? ['.waited'] : [])];
  const ending = endings.find(each => hasText(`event.${name}${each}`)) ?? '';
  return text(`event.${name}${ending}`, { name: who, visitor, time, waited: length });
}
