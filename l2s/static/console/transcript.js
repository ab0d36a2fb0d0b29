/**
 * A conversation as plain text, for the clipboard: what visitor and team said to each other, with names and times. Pure.
 * Notes stay out: they are for the team, and a copied text goes anywhere.
 *
 * @import {Timeline} from '../shared/timeline.js'
 */
import { text, timeOf, weekdayOf } from '../shared/texts.js';

/**
 * @param {Timeline} timeline @param {string} title @param {(by: string) => string} nameOf
 * @returns {string}
 */
export function transcript(timeline, title, nameOf) {
  const lines = [title];
  let day = '';
  for (const { at, by, body, state } of timeline.items) {
    if (state !== 'stored' || body.kind === 'note' || body.kind === 'event') continue;
    const its = at === null ? day : weekdayOf(at);
    if (its !== day) lines.push('', its);
    day = its;
    const said = body.kind === 'withdrawn' ? text('withdrawn') : 'text' in body ? (body.text ?? '') : '';
    const time = timeOf(at);
    lines.push(text(time ? 'transcript.line.at' : 'transcript.line', { time, name: nameOf(by), text: said }));
  }
  return `${lines.join('\n')}\n`;
}
