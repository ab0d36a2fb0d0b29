/**
 * What is held about a person as rows to draw or to write into a file: made from the server's answer and from nothing else. Pure.
 *
 * @import {HeldChat, HeldClass, MyData, Opening} from '../shared/protocol.d.ts'
 */
import { dayOf, hasText, listOf, text, timeOf } from '../shared/texts.js';

const DAY = 86_400_000;
const READERS = ['operator', 'team', 'site', 'supervisor', 'admin']; // each includes those before it
const APART = ['host', 'bot'];
const PURPOSES = ['answer', 'invite', 'run', 'manage', 'secure', 'allocate', 'bill', 'inform', 'promote', 'comply'];
const SMALL = new Set(['message', 'attachment', 'about']); // counted in words of their own

/**
 * A value as it is shown: `cut`, its last part was never stored.
 * @typedef {{said: string, cut: boolean}} Value
 */

/**
 * @typedef {object} HeldRow
 * @property {string} key
 * @property {string} title
 * @property {Value[]} values
 * @property {string} why
 * @property {string} until  in words
 * @property {number | null} left  the share of its time that is left; null = no time runs yet
 */

/** "24 December, 14:06"; the day alone where the hour is not held. @param {number} at @param {number} now */
export function momentOf(at, now) {
  const [day, time] = [dayOf(at, now), timeOf(at)];
  return time ? text('held.when', { day, time }) : day;
}

/** A class inside a sentence: English writes it small, German does not. @param {string} name */
function inside(name) {
  const title = text(`class.${name}`);
  return text('list.inside') === 'small' ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}

/** @param {string[]} names */
export const classesOf = names => listOf(names.map(inside));

/** "3 messages, name, times (9)". @param {Array<[string, number]>} counts */
export const countsOf = counts =>
  counts
    .filter(([, count]) => count)
    .map(([name, count]) => text(SMALL.has(name) ? `count.${name}` : 'count', { count, what: inside(name) }));

/** The furthest reader, who includes the nearer ones, and those that stand apart. @param {string[]} held */
function readersOf(held) {
  const known = [...READERS.filter(name => held.includes(name)).slice(-1), ...APART.filter(name => held.includes(name))];
  return text('read_by', { readers: known.length ? listOf(known.map(name => text(`reader.${name}`))) : text('reader.nobody') });
}

/** Kinds and regions that have no words of their own stand as declared. @param {string} pair */
export function recipientOf(pair) {
  const at = pair.lastIndexOf(', ');
  if (at < 0) return pair;
  const [kind, where] = [pair.slice(0, at), pair.slice(at + 2)];
  const named = hasText(`recipient.${kind}`) ? text(`recipient.${kind}`) : kind;
  return text('recipient', { kind: named, where: hasText(`region.${where}`) ? text(`region.${where}`) : where });
}

/** @param {HeldClass} held */
function whyOf({ purposes, readers, recipients }) {
  const why = listOf(PURPOSES.filter(name => purposes.includes(name)).map(name => text(`purpose.${name}`)));
  const told = { why, readers: readersOf(readers), outside: listOf(recipients.map(recipientOf)) };
  return text(recipients.length ? 'held.why.outside' : 'held.why', told);
}

/** "203.0.113.0/24" was cut, and so was "2001:db8:1::/48"; a scrambled one has no value to show. @param {string} stored */
export function addressOf(stored) {
  if (stored.startsWith('h:')) return { said: text('level.hash'), cut: false };
  const [head, bits] = stored.split('/');
  return bits ? { said: head.replace(/\.0$|::$/, found => found.charAt(0)), cut: true } : { said: stored, cut: false };
}

/** @param {HeldClass} held @returns {Value[]} */
function valuesOf({ name, values, count }) {
  if (!values.length) return [{ said: text(name === 'message' ? 'held.message' : 'held.values', { count }), cut: false }];
  return values.map(value => (name === 'address' ? addressOf(value) : { said: value, cut: false }));
}

/** When it is erased: a day once its time runs, else the rule. @param {number | string} days @param {number | null} until @param {MyData} data */
function untilOf(days, until, { now, chats }) {
  if (until === null) return { until: typeof days === 'number' ? text('held.later', { count: days }) : text(`keep.${days}`), left: null };
  const day = dayOf(until, now);
  return { until: chats.length > 1 ? text('held.from', { day }) : day, left: (until - now) / (Number(days) * DAY) };
}

/** @param {MyData} data @returns {HeldRow[]} */
export const heldRows = data =>
  data.held.map(held => ({
    key: held.name,
    title: text(`class.${held.name}`),
    values: valuesOf(held),
    why: whyOf(held),
    ...untilOf(held.days, held.until, data),
  }));

/** @param {MyData} data @returns {HeldRow[]} */
export const chatRows = data =>
  data.chats.map(chat => ({
    key: chat.id,
    title: text('held.chat', { label: chat.label }),
    values: [{ said: chat.law_until ? text('held.law.why') : periodOf(chat, data.now), cut: false }],
    why: '',
    ...chatEnd(chat, data),
  }));

/** @param {HeldChat} chat @param {MyData} data */
function chatEnd({ until, law_until, ended }, data) {
  if (law_until) return { until: text('held.law', { day: dayOf(law_until, data.now) }), left: null };
  if (until === null) return { until: text(ended === null ? 'held.on' : `keep.${data.law.days}`), left: null };
  return { ...untilOf(data.law.days, until, data), until: dayOf(until, data.now) };
}

/** "14 messages, from 29 October to 3 November". @param {HeldChat} chat @param {number} now */
function periodOf({ messages, opened, ended }, now) {
  const what = text('held.message', { count: messages });
  if (opened === null) return what;
  const [first, last] = [dayOf(opened, now), ended === null ? '' : dayOf(ended, now)];
  return text(last ? (first === last ? 'held.day' : 'held.period') : 'held.since', { what, first, last });
}

/** Notes about the person, and who wrote them. @param {MyData} data */
export const noteRows = ({ notes, now }) =>
  notes.map(({ text: said, by, at }) => ({ said, by: at === null ? by : text('held.by', { name: by, day: momentOf(at, now) }) }));

/** What was given out, newest first. @param {MyData} data */
export const givenRows = ({ given_out, chats, now }) =>
  given_out
    .toSorted((a, b) => b.at - a.at)
    .map(({ authority, ground, chat, at }) => ({
      said: text('given.said', { authority, ground: text(`ground.${ground}`), label: chats.find(({ id }) => id === chat)?.label ?? '' }),
      by: momentOf(at, now),
    }));

/** Who opened a chat, newest first. @param {MyData} data */
export const openedRows = ({ opened, now }) =>
  opened
    .toSorted((a, b) => (b.at ?? b.day) - (a.at ?? a.day))
    .map(one => ({ name: one.name, said: text('held.who', { name: one.name, role: text(`role.${one.role}`) }), when: openedAt(one, now) }));

/** A day that is kept without an hour begins at midnight UTC: its noon is the same day nearly everywhere. @param {Opening} one @param {number} now */
function openedAt({ day, at }, now) {
  const moment = at ?? day + DAY / 2;
  const told = dayOf(moment, now) === dayOf(now, now) ? text('held.today') : dayOf(moment, now);
  return at === null || !timeOf(at) ? told : text('held.when', { day: told, time: timeOf(at) });
}

/** Everything that an erasure takes, as a list in words. @param {MyData} data */
export function allOf({ held, chats }) {
  const going = chats.filter(({ law_until }) => !law_until).length;
  const counts = countsOf(held.map(({ name, count }) => [name, count]));
  return listOf([...(going ? [text('count.chats', { count: going })] : []), ...counts]);
}
