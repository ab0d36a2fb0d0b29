import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cardPeople, cardRows, keptUntil } from '../../l2s/static/console/held.js';
import { calledName, sections, waited, waitOf, whenOf } from '../../l2s/static/console/sections.js';
import { eventSentence } from '../../l2s/static/console/sentences.js';
import { transcript } from '../../l2s/static/console/transcript.js';
import { lengthOf, speak } from '../../l2s/static/shared/texts.js';
import { Timeline } from '../../l2s/static/shared/timeline.js';
import { FakeClock } from './fakes.js';

const catalogue = language => JSON.parse(readFileSync(new URL(`../../l2s/texts/${language}/console.json`, import.meta.url), 'utf8'));
speak('en', catalogue('en'));

const NOW = Date.UTC(2026, 10, 24, 14, 0);
const SECOND = 1000;
const DAY = 86_400_000;

const row = (id, more = {}) => ({
  id,
  label: 'K7M2',
  site: 's',
  state: 'waiting',
  said: 1,
  name: null,
  owner: null,
  opened: NOW - 41 * SECOND,
  taken: null,
  ended: null,
  marks: [],
  line: { by: 'visitor', kind: 'text', text: `words of ${id}`, at: NOW - 41 * SECOND },
  ...more,
});

/** As much of a desk as rows are made from. */
function deskOf(chats, more = {}) {
  const me = { id: 'maja' };
  const rows = new Map(chats.map(chat => [chat.id, chat]));
  return {
    chats: rows,
    me,
    now: NOW,
    current: '',
    closed: 0,
    people: new Map([['tom', { name: 'Tom' }]]),
    sites: new Map([['s', { name: 'Shop' }]]),
    shelf: { listed: true, floor: 0, busy: false, holds: () => true },
    waiting: [...rows.values()].filter(({ state }) => state === 'waiting').sort((a, b) => a.opened - b.opened),
    isMine: chat => chat.owner === 'maja',
    unread: chat => chat.said,
    typists: () => [],
    ...more,
  };
}

test('who waits longest stands first and rings; the others wait below, by urgency', () => {
  const { waiting } = sections(
    deskOf([row('new', { opened: NOW - 5 * SECOND }), row('amber'), row('red', { opened: NOW - 272 * SECOND })]),
    true,
  );
  assert.deepEqual(
    waiting.rows.map(({ key, time, tone, ringing }) => [key, time, tone, ringing]),
    [
      ['red', '4:32', 'bad', true],
      ['amber', '0:41', 'wait', false],
      ['new', '0:05', '', false],
    ],
  );
  assert.equal(waiting.rows[0].sign, 'bell-ring');
  assert.equal(sections(deskOf([row('deaf')]), false).waiting.rows[0].sign, '', 'what cannot ring shows no bell');
});

test('each chat stands in one section, by the newest line', () => {
  const open = { state: 'open', said: 0 };
  const made = sections(
    deskOf([
      row('m1', { ...open, owner: 'maja' }),
      row('m2', { ...open, owner: 'maja', line: { by: 'tom', kind: 'note', text: 'aside', at: NOW } }),
      row('t', { ...open, owner: 'tom' }),
      row('l', { state: 'left', said: 1 }),
      row('c1', { state: 'closed', ended: NOW - 2 }),
      row('c2', { state: 'closed', ended: NOW - 1 }),
    ]),
    true,
  );
  const keys = Object.fromEntries(Object.entries(made).map(([name, { rows }]) => [name, rows.map(({ key }) => key)]));
  assert.deepEqual(keys, { waiting: [], mine: ['m2', 'm1'], team: ['t'], left: ['l'], closed: ['c2', 'c1'] });
  assert.deepEqual([made.mine.rows[0].sign, made.left.rows[0].count, made.team.rows[0].count], ['lock', 1, 0]);
});

test('an unchanged chat makes an equal row, so it is not written to', () => {
  const desk = deskOf([row('a', { state: 'open', owner: 'maja' })]);
  assert.deepEqual(sections(desk, true).mine.rows[0], sections(desk, true).mine.rows[0]);
});

test('a wait without a known hour shows none', () => {
  assert.equal(waitOf(row('a', { opened: null }), NOW), null);
  assert.equal(waitOf(row('a', { opened: NOW - (NOW % DAY) }), NOW), null);
  assert.equal(waited(59.9), '0:59');
  assert.equal(waited(7200), lengthOf(7200));
  assert.equal(whenOf(null, NOW), '');
});

test('a person is addressed by the first name, a nameless visitor by the whole label', () => {
  assert.equal(calledName(row('a', { name: 'Ingrid Fjeldstad-Maclean' })), 'Ingrid');
  assert.equal(calledName(row('a', { name: 'Dr. Karl-Heinz Oberwiesinger' })), 'Dr. Karl-Heinz Oberwiesinger');
  assert.equal(calledName(row('a')), 'Visitor K7M2');
});

test('the card shows what is held first, then what did not come, then what is not collected', () => {
  const rows = cardRows([
    { name: 'place', level: 'none', value: null },
    { name: 'mail', level: 'kept', value: null },
    { name: 'address', level: 'truncated', value: '203.0.113.0/24' },
    { name: 'page', level: 'path', value: '/bikes' },
  ]);
  assert.deepEqual(
    rows.map(({ key, value, cut, level, hollow, quiet }) => [key, value, cut, level, hollow, quiet]),
    [
      ['address', '203.0.113.', 'last part not stored', 'shortened', false, false],
      ['page', '/bikes', '', 'shortened', false, false],
      ['mail', 'not given', '', '', false, true],
      ['place', 'not collected', '', '', true, false],
    ],
  );
  const [six] = cardRows([{ name: 'address', level: 'truncated', value: '2001:db8:1::/48' }]);
  assert.equal(six.value, '2001:db8:1:');
});

test('the dial runs only towards a real end', () => {
  assert.deepEqual(keptUntil({ until: null, days: 180 }, NOW), { words: 'kept 180 days', left: null });
  assert.deepEqual(keptUntil({ until: NOW + 15 * DAY, days: 30 }, NOW), { words: 'erased 9 December', left: 0.5 });
  assert.equal(keptUntil({ until: NOW - DAY, days: 30 }, NOW).words, 'overdue since 23 November');
  assert.equal(keptUntil({ until: null, days: 'chat' }, NOW).words, 'erased when it closes');
});

test('the card names who has the chat, who is in it and who read it', () => {
  const marks = [
    { user: 'maja', joined: true, delivered: 0, read: 0, heard: 0 },
    { user: 'tom', joined: false, delivered: 3, read: 3, heard: 1 },
    { user: 'zoe', joined: false, delivered: 3, read: 0, heard: 0 },
  ];
  const rows = cardPeople(deskOf([]), row('a', { owner: 'maja', marks }));
  assert.deepEqual(
    rows.map(({ key, does }) => [key, does]),
    [
      ['maja', 'has the chat'],
      ['tom', 'read it'],
    ],
  );
});

test('an event is the most telling sentence for which all is known', () => {
  const at = new Date(2026, 10, 24, 14, 1).getTime();
  const told = (name, at, waited) => eventSentence(name, { name: 'Maja', visitor: 'Ingrid', at, waited });
  assert.equal(told('took', at, 48), `Waited ${lengthOf(48)}. Maja took the chat at 14:01.`);
  assert.equal(told('took', at, null), 'Maja took the chat at 14:01.');
  assert.equal(told('took', null, 48), `Waited ${lengthOf(48)}. Maja took the chat.`);
  assert.equal(told('closed_user', at, null), 'Maja closed the chat at 14:01.');
  assert.equal(told('closed_silent', at, null), 'Nobody wrote for seven days, so the chat is closed.');
  assert.equal(told('closed_visitor', null, null), 'Ingrid ended the chat.');
});

test('a transcript holds what both sides said, without notes', () => {
  const timeline = new Timeline({ me: 'maja', cursor: 'rev', clock: new FakeClock() });
  const at = new Date(2026, 10, 24, 14, 1).getTime();
  const message = (id, by, seq, body) => ({ id, by, seq, rev: seq, at, body });
  timeline.snapshot({
    messages: [
      message('1', 'visitor', 1, { kind: 'text', text: 'Hello?' }),
      message('2', 'maja', 1, { kind: 'note', text: 'a note' }),
      message('3', 'system', 2, { kind: 'event', name: 'took', user: 'maja', waited: 1 }),
      message('4', 'maja', 3, { kind: 'withdrawn' }),
    ],
    full: true,
    more: false,
    upto: 3,
  });
  const paper = transcript(timeline, 'Ingrid', by => (by === 'visitor' ? 'Ingrid' : 'Maja'));
  assert.equal(
    paper,
    'Ingrid\n\nTuesday, 24 November\n14:01 Ingrid: Hello?\n14:01 Maja: withdrawn\n'.replace('Tuesday, 24 November', paper.split('\n')[2]),
  );
});

test('both catalogues hold the same keys with the same placeholders', () => {
  const [en, de] = [catalogue('en'), catalogue('de')];
  assert.deepEqual(Object.keys(en), Object.keys(de));
  const places = entry => [...new Set(JSON.stringify(entry).match(/\{\w+\}/g) ?? [])].sort();
  for (const [key, entry] of Object.entries(en)) assert.deepEqual(places(de[key]), places(entry), key);
});
