/**
 * The head of a conversation: who it is, who can read it, what can be done with it now.
 *
 * @import {Part, Slots} from '../shared/dom.js'
 * @import {TeamChat} from '../shared/protocol.d.ts'
 * @import {Desk} from './desk.js'
 * @import {Talk} from './talk.js'
 */
import { reconcile, stamp, write } from '../shared/dom.js';
import { face } from '../shared/messages.js';
import { listOf, text, tintOf } from '../shared/texts.js';
import { groupOf, visitorName } from './sections.js';

/** @typedef {{key: string, name: string}} Face */

const FACES = 3;

/** @type {Map<string, Part<Face>>} */
let faces = new Map();

/** The colleagues who are in the chat, the owner first. @param {Desk} desk @param {TeamChat} chat @returns {Face[]} */
export function teamOf(desk, { owner, marks }) {
  const joined = marks.filter(({ user, joined }) => joined && user !== owner).map(({ user }) => user);
  return [...(owner ? [owner] : []), ...joined].map(key => ({ key, name: desk.people.get(key)?.name ?? '' }));
}

/** How many people can read a chat. @param {Desk} desk */
export const readersOf = desk => [...desk.people.values()].filter(({ active }) => active).length;

/** @param {Slots} slot @param {Desk} desk @param {Talk} talk @param {TeamChat} chat */
export function drawTalkHead(slot, desk, talk, chat) {
  const name = visitorName(chat);
  const site = desk.sites.size > 1 ? (desk.sites.get(chat.site)?.name ?? '') : '';
  const readers = text('readers', { count: readersOf(desk) });
  write(slot.talkTitle, name);
  slot.talkTitle.title = name;
  face(slot.talkFace, chat.id, chat.name ?? '');
  write(slot.talkSite, site);
  write(slot.readers, readers);
  write(slot.talkSub, site ? text('talk.sub', { site, readers }) : readers);
  drawFaces(slot, desk, chat);
  const page = talk.details.find(({ name: detail }) => detail === 'page')?.value ?? '';
  slot.pageBar.hidden = !talk.loaded || (!page && !talk.version);
  slot.page.parentElement.hidden = !page;
  write(slot.page, page);
  write(slot.policy, talk.version ? text('talk.policy', { version: talk.version }) : '');
  drawActs(slot, desk, chat);
}

/** @param {Slots} slot @param {Desk} desk @param {TeamChat} chat */
function drawFaces(slot, desk, chat) {
  const team = teamOf(desk, chat);
  slot.faces.title = listOf(team.map(({ name }) => name));
  faces = reconcile(
    slot.faces,
    faces,
    team.slice(0, FACES),
    () => stamp('t-face'),
    ({ root }, row) => face(root, row.key, row.name),
  );
}

/** Only what can be done now stands there. @param {Slots} slot @param {Desk} desk @param {TeamChat} chat */
function drawActs(slot, desk, chat) {
  const group = groupOf(desk, chat);
  slot.actUnread.hidden = group === 'closed' || !chat.said;
  slot.actBack.hidden = chat.state !== 'open' || chat.owner !== desk.me?.id;
  slot.actClose.hidden = group === 'closed';
  slot.acts.hidden = group === 'closed';
  slot.actsMore.hidden = group === 'closed';
}

/** The visitor's side of the messages wears the visitor's tint. @param {HTMLElement} list @param {TeamChat} chat */
export function wearTint(list, { id, name }) {
  list.dataset.tint = name ? tintOf(id) : '';
}
