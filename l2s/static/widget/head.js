/**
 * Who is on the other side, in the head of the panel: a pure choice of words, and their drawing.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Session} from './session.js'
 */
import { stamp, write } from '../shared/dom.js';
import { face } from '../shared/messages.js';
import { initials, listOf, text } from '../shared/texts.js';

const FACES = 2;

/**
 * @param {Session} session @param {string} site @param {boolean} lost  the connection has been away for a while
 * @returns {{title: string, sub: string, on: boolean, faces: Array<{id: string, name: string}>}}
 */
export function headOf(session, site, lost) {
  const { chat, people, availability } = session;
  const owner = chat?.state === 'open' && chat.owner ? chat.owner : '';
  const here = availability === 'here';
  if (owner) {
    const on = people.some(({ id }) => id === owner);
    const name = session.nameOf(owner) || site;
    return {
      title: name,
      sub: text(lost ? 'head.lost' : on ? 'head.owner' : 'head.owner.away', { site }),
      on: on && !lost,
      faces: [{ id: owner, name }],
    };
  }
  if (lost) return { title: site, sub: text('head.lost'), on: false, faces: [] };
  if (chat?.state === 'closed') return { title: site, sub: text('head.closed'), on: false, faces: here ? people : [] };
  if (!here) return { title: site, sub: text('head.away'), on: false, faces: [] };
  if (chat?.state === 'waiting') return { title: site, sub: text('head.waiting'), on: true, faces: people };
  const sub = people.length ? text('head.here', { count: people.length, names: names(people) }) : text('head.somebody');
  return { title: site, sub, on: true, faces: people };
}

/** @param {Array<{name: string}>} people */
export const names = people => listOf(people.map(({ name }) => name));

/** @param {Slots} slot @param {Session} session @param {string} site @param {boolean} lost */
export function drawHead(slot, session, site, lost) {
  const { title, sub, on, faces } = headOf(session, site, lost);
  write(slot.title, title);
  write(slot.sub, sub);
  slot.dot.dataset.on = String(on);
  write(slot.monogram, initials(site));
  slot.monogram.hidden = faces.length > 0;
  const shown = faces.slice(0, FACES);
  const ids = shown.map(({ id, name }) => id + name).join(' ');
  if (slot.faces.dataset.ids === ids) return;
  slot.faces.dataset.ids = ids;
  const drawn = shown.map(({ id, name }) => {
    const { root } = stamp('t-face');
    face(root, id, name);
    return root;
  });
  slot.faces.replaceChildren(slot.monogram, ...drawn);
}
