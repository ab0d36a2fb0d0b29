/**
 * Chats as the rows of the inbox: which section, in which order, in which words. Pure.
 *
 * Waiting stands by time waited, the longest first, so a newcomer never moves those above; everything else by its newest
 * line. Rows are flat values, made anew each time.
 *
 * @import {TeamChat} from '../shared/protocol.d.ts'
 * @import {Desk} from './desk.js'
 */
import { dayOf, lengthOf, text, timeOf } from '../shared/texts.js';

/** @typedef {'waiting' | 'mine' | 'team' | 'left' | 'closed'} Group */

/**
 * @typedef {object} InboxRow
 * @property {string} key  the chat's id
 * @property {string} name
 * @property {boolean} known  did the visitor give this name?
 * @property {string} time
 * @property {'' | 'wait' | 'bad'} tone
 * @property {string} line
 * @property {string} sign  an icon before the line, '' = none
 * @property {string} signed  what the icon says
 * @property {number} count  unread
 * @property {boolean} current
 * @property {boolean} ringing  the one that T takes
 * @property {boolean} waits
 * @property {string} site  where there are several
 */

/** @typedef {{count: number, rows: InboxRow[], more: boolean, busy: boolean}} Section */

const AMBER = 30;
const RED = 180;
const DAY = 86_400_000;
const MOST = 5000;

/** @param {TeamChat} chat */
export const visitorName = ({ name, label }) => name || text('visitor', { label });

/** As one addresses a person on a button: the first name where one was given. @param {TeamChat} chat */
export function calledName(chat) {
  if (!chat.name) return visitorName(chat);
  const [first = ''] = chat.name.trim().split(/\s+/);
  return first.endsWith('.') || first.length < 2 ? chat.name : first;
}

/** @param {Desk} desk @param {TeamChat} chat @returns {Group} */
export function groupOf(desk, chat) {
  if (chat.state === 'open') return desk.isMine(chat) ? 'mine' : 'team';
  return chat.state;
}

/** @param {number} seconds */
export function waited(seconds) {
  if (seconds >= 3600) return lengthOf(seconds);
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

/** Seconds waited; null where the hour is not held. @param {TeamChat} chat @param {number} now */
export function waitOf({ opened }, now) {
  return opened === null || opened % DAY === 0 ? null : Math.max(0, (now - opened) / 1000);
}

/** @type {Map<number, string>} what was formatted today: a formatter is dear, and 500 rows ask for the same again */
const formatted = new Map();
let midnight = 0;

/** "14:06" today, "24 November" before. @param {number | null} at @param {number} now */
export function whenOf(at, now) {
  if (at === null) return '';
  if (now >= midnight || formatted.size > MOST) {
    formatted.clear();
    midnight = new Date(now).setHours(24, 0, 0, 0);
  }
  const when = formatted.get(at) ?? (at >= new Date(now).setHours(0, 0, 0, 0) ? timeOf(at) : dayOf(at, now));
  formatted.set(at, when);
  return when;
}

/** @param {Desk} desk @param {boolean} rings  can it be heard here? @returns {Record<Group, Section>} */
export function sections(desk, rings) {
  /** @type {Record<Group, TeamChat[]>} */
  const groups = { waiting: [], mine: [], team: [], left: [], closed: [] };
  for (const chat of desk.chats.values()) groups[groupOf(desk, chat)].push(chat);
  groups.closed = groups.closed.filter(chat => desk.shelf.holds(chat, visitorName(chat)));
  groups.waiting = desk.waiting;
  for (const name of /** @type {const} */ (['mine', 'team', 'left'])) groups[name].sort((a, b) => newest(b) - newest(a));
  groups.closed.sort((a, b) => (b.ended ?? 0) - (a.ended ?? 0));
  const ringing = groups.waiting[0]?.id;
  /** @param {Group} group @returns {Section} */
  const section = group => ({
    count: groups[group].length,
    rows: groups[group].map(chat => row(desk, chat, group, chat.id === ringing, rings)),
    more: false,
    busy: false,
  });
  const { listed, floor, busy } = desk.shelf;
  return {
    waiting: section('waiting'),
    mine: section('mine'),
    team: section('team'),
    left: section('left'),
    closed: { ...section('closed'), count: desk.closed, more: listed && floor > 0, busy: busy && !listed },
  };
}

/** @param {TeamChat} chat */
const newest = ({ line, taken, opened }) => line?.at ?? taken ?? opened ?? 0;

/** @param {Desk} desk @param {TeamChat} chat @param {Group} group @param {boolean} ringing @param {boolean} rings @returns {InboxRow} */
function row(desk, chat, group, ringing, rings) {
  const { now } = desk;
  const wait = group === 'waiting' ? waitOf(chat, now) : null;
  const types = desk.typists(chat.id).includes('');
  const said = types ? { line: text('row.typing'), sign: '', signed: '' } : lineOf(desk, chat);
  return {
    key: chat.id,
    name: visitorName(chat),
    known: Boolean(chat.name),
    time: wait === null ? whenOf(group === 'closed' ? chat.ended : (chat.line?.at ?? null), now) : waited(wait),
    tone: wait === null ? '' : wait >= RED ? 'bad' : wait >= AMBER ? 'wait' : '',
    ...said,
    ...(ringing && rings && !said.sign && { sign: 'bell-ring', signed: text('row.ringing') }),
    count: group === 'mine' || group === 'left' ? desk.unread(chat) : 0,
    current: chat.id === desk.current,
    ringing,
    waits: group === 'waiting',
    site: desk.sites.size > 1 ? (desk.sites.get(chat.site)?.name ?? '') : '',
  };
}

/** @param {Desk} desk @param {TeamChat} chat */
function lineOf(desk, { line }) {
  if (!line?.text) return { line: text(line ? 'row.unheld' : 'row.nothing'), sign: '', signed: '' };
  if (line.kind === 'note') return { line: line.text, sign: 'lock', signed: text('row.note') };
  if (line.by === 'visitor') return { line: line.text, sign: '', signed: '' };
  const who = line.by === desk.me?.id ? text('row.you') : text('row.by', { name: desk.people.get(line.by)?.name ?? '' });
  return { line: line.text, sign: 'reply', signed: who };
}
