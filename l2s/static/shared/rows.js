/**
 * A timeline as rows to draw: groups, the speech corner, and which line of state is told. Pure.
 *
 * Rows are flat values, made anew each time and compared field by field; an unchanged row is not written to.
 * A state is told once: the newest, under the last entry it is true for. Failed is told under each, since each can be sent again.
 *
 * @import {Item, Timeline} from './timeline.js'
 */

/** @typedef {'' | 'waiting' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed'} Told */

/**
 * @typedef {object} Row
 * @property {string} key
 * @property {string} id
 * @property {'text' | 'note' | 'event' | 'withdrawn' | 'day'} kind
 * @property {string} by
 * @property {boolean} mine  on the reader's side
 * @property {number} seq
 * @property {number | null} at
 * @property {string} text  the words; for an event its name
 * @property {string} user  whom an event is about
 * @property {number | null} waited
 * @property {Item['state']} state
 * @property {string} code
 * @property {Told} told
 * @property {boolean} first  opens a group
 * @property {boolean} last  ends a group: corner, avatar and meta stand here
 */

const GROUP = 5 * 60_000;

/**
 * @param {Timeline} timeline
 * @param {(by: string) => boolean} isMine  which authors stand on the reader's side
 * @param {number} now
 * @returns {Row[]}
 */
export function rows(timeline, isMine, now) {
  const items = timeline.items;
  const told = toldAt(items, timeline, isMine);
  /** @type {Row[]} */
  const list = [];
  let day = new Date(now).toDateString();
  for (const item of items) {
    const its = item.at === null ? day : new Date(item.at).toDateString();
    if (its !== day) list.push(dayRow(its, item));
    day = its;
    list.push(row(item, isMine(item.by), told.get(item.key) ?? ''));
  }
  list.forEach((each, i) => {
    each.first = !together(list[i - 1], each);
    each.last = !together(each, list[i + 1]);
  });
  return list;
}

/** @param {Item} item @param {boolean} mine @param {Told} told @returns {Row} */
function row({ body, version, ...item }, mine, told) {
  const { kind } = body;
  const plain = { ...item, kind, mine, told, text: '', user: '', waited: null, first: true, last: true };
  if (kind === 'event') return { ...plain, kind, text: body.name, user: body.user ?? '', waited: body.waited ?? null };
  if (kind === 'note' || kind === 'withdrawn') return { ...plain, kind, text: kind === 'note' ? (body.text ?? '') : '' };
  return { ...plain, kind: 'text', text: (kind === 'text' ? body.text : kind === 'file' ? body.name : body.title) ?? '' };
}

/** @param {string} day @param {Item} item @returns {Row} */
const dayRow = (day, item) => ({
  ...row({ ...item, state: 'stored' }, false, ''),
  key: `day ${day}`,
  id: '',
  by: '',
  kind: 'day',
  text: '',
});

/**
 * Under which entry each state is told.
 * @param {Item[]} items @param {Timeline} timeline @param {(by: string) => boolean} isMine
 * @returns {Map<string, Told>}
 */
function toldAt(items, timeline, isMine) {
  /** @type {Map<Told, string>} */
  const last = new Map();
  /** @type {Map<string, Told>} */
  const told = new Map();
  for (const { key, by, seq, state, body } of items) {
    if (!isMine(by) || body.kind === 'event' || body.kind === 'note') continue;
    if (state === 'failed') told.set(key, 'failed');
    else if (state === 'waiting') last.set(timeline.live ? 'sending' : 'waiting', key);
    else if (!timeline.unmarked) last.set(seq <= timeline.read ? 'read' : seq <= timeline.delivered ? 'delivered' : 'sent', key);
  }
  for (const [state, key] of last) told.set(key, state);
  return told;
}

/** @param {Row | undefined} a @param {Row | undefined} b */
function together(a, b) {
  if (!a || !b || a.by !== b.by || a.told || !spoken(a) || !spoken(b)) return false;
  return a.at === null || b.at === null || b.at - a.at < GROUP;
}

/** @param {Row} row */
const spoken = ({ kind }) => kind === 'text' || kind === 'withdrawn';
