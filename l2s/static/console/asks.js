/**
 * What is asked before it is done, since a visitor notices it or it cannot be undone.
 *
 * @import {Desk} from './desk.js'
 */
import { text } from '../shared/texts.js';
import { confirmed } from './dialogs.js';
import { calledName, visitorName } from './sections.js';

/** @param {Desk} desk @param {string} id @param {string} [owner] */
export async function askJoin(desk, id, owner = '') {
  const chat = desk.chats.get(id);
  if (!chat) return;
  const name = desk.people.get(owner || (chat.owner ?? ''))?.name ?? text('somebody');
  const visitor = calledName(chat);
  const question = { title: text('ask.join', { name }), lead: text('ask.join.lead', { name, visitor }) };
  if (await confirmed({ ...question, keep: text('ask.join.keep'), act: text('ask.join.do') })) desk.ask('join', id);
}

/** Close, or give back, the chat that is shown; resolves to whether it was asked of the server. @param {Desk} desk @param {'end' | 'give_back'} what */
export async function askAct(desk, what) {
  const chat = desk.chats.get(desk.current);
  if (!chat || chat.state === 'closed' || (what === 'give_back' && chat.owner !== desk.me?.id)) return false;
  const visitor = visitorName(chat);
  const question = { title: text(`ask.${what}`, { visitor }), lead: text(`ask.${what}.lead`, { visitor }) };
  if (!(await confirmed({ ...question, keep: text(`ask.${what}.keep`), act: text(`ask.${what}.do`) }))) return false;
  desk.ask(what, chat.id);
  return true;
}

/** Says what goes, with numbers where all of it is here. @param {Desk} desk */
export async function askErase(desk) {
  const { talk } = desk;
  const chat = desk.chats.get(desk.current);
  if (!chat || !talk) return;
  const { items, more } = talk.timeline;
  const said = items.filter(({ body, state }) => state === 'stored' && body.kind !== 'event').length;
  const lead = more ? text('ask.erase.lead') : text('ask.erase.lead.count', { count: said });
  const question = { title: text('ask.erase', { visitor: visitorName(chat) }), lead };
  if (await confirmed({ ...question, keep: text('ask.erase.keep'), act: text('ask.erase.do'), danger: true })) desk.ask('erase', chat.id);
}
