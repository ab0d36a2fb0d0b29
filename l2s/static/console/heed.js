/**
 * What every page of the desk knows at once, whether it is drawn or not: who waits, what is unread, and the bell for both.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Alarm} from './alarm.js'
 * @import {Desk} from './desk.js'
 */
import { write } from '../shared/dom.js';

/** Dials the console's socket. @param {{socket: string}} config */
export const dial = config => new WebSocket(new URL(config.socket, location.href.replace(/^http/, 'ws')));

/** How many of this user's own chats hold something new. @param {Desk} desk */
export const unreadMine = desk => [...desk.chats.values()].filter(chat => desk.isMine(chat) && desk.unread(chat)).length;

/** Counts on the rail, rings; answers the number for the title. @param {Desk} desk @param {Slots} slot @param {Alarm} alarm */
export function heed(desk, slot, alarm) {
  const { waiting, me } = desk;
  write(slot.railCount, waiting.length ? String(waiting.length) : '');
  slot.railCount.hidden = !waiting.length;
  alarm.tell(
    waiting.map(({ id }) => id),
    Boolean(me?.available),
  );
  return waiting.length + unreadMine(desk);
}
