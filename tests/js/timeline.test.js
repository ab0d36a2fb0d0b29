import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rows } from '../../l2s/static/shared/rows.js';
import { Timeline } from '../../l2s/static/shared/timeline.js';
import { FakeClock } from './fakes.js';

const clock = new FakeClock();
const AT = clock.now();
const made = () => new Timeline({ me: 'visitor', cursor: 'pub', clock });
const message = (id, by, seq, more = {}) => ({ id, by, seq, pub: seq, at: AT + seq * 1000, body: { kind: 'text', text: id }, ...more });
const shown = timeline => timeline.items.map(({ id, state }) => `${id}:${state}`);
const isMine = by => by === 'visitor';

test('the echo turns the entry that was posted into the stored one', () => {
  const timeline = made();
  timeline.post('a', { kind: 'text', text: 'a' });
  assert.deepEqual(shown(timeline), ['a:waiting']);
  timeline.take(message('a', 'visitor', 1));
  assert.deepEqual(shown(timeline), ['a:stored']);
  assert.deepEqual(timeline.pending, []);
});

test('a resend is drawn once, and what waits keeps its order behind what is stored', () => {
  const timeline = made();
  for (const id of ['a', 'b', 'c']) timeline.post(id, { kind: 'text', text: id });
  timeline.take(message('b', 'visitor', 1));
  timeline.take(message('b', 'visitor', 1));
  assert.deepEqual(shown(timeline), ['b:stored', 'a:waiting', 'c:waiting']);
});

test('an object older than the one held is ignored', () => {
  const timeline = made();
  timeline.take(message('a', 'u1', 1, { pub: 5, body: { kind: 'withdrawn' } }));
  timeline.take(message('a', 'u1', 1));
  assert.equal(timeline.items[0].body.kind, 'withdrawn');
});

test('snapshot and events equal a fresh snapshot', () => {
  const history = [message('a', 'visitor', 1), message('b', 'u1', 2), message('c', 'u1', 3), message('d', 'visitor', 4)];
  const live = made();
  live.snapshot({ messages: history.slice(0, 2), full: true, more: false, upto: 2 });
  for (const each of history.slice(2)) live.take(each);
  const resumed = made();
  resumed.snapshot({ messages: history.slice(0, 1), full: true, more: false, upto: 1 });
  resumed.snapshot({ messages: history.slice(1), full: false, more: false, upto: 4 });
  const fresh = made();
  fresh.snapshot({ messages: history, full: true, more: false, upto: 4 });
  assert.deepEqual(live.items, fresh.items);
  assert.deepEqual(resumed.items, fresh.items);
  assert.equal(live.since, fresh.since);
  assert.equal(resumed.known, 1, 'what a resume brings is news');
});

test('an older page moves neither cursor nor announcements', () => {
  const timeline = made();
  timeline.snapshot({ messages: [message('c', 'u1', 3)], full: true, more: true, upto: 3 });
  timeline.older({ messages: [message('a', 'u1', 1)], more: false });
  assert.deepEqual(shown(timeline), ['a:stored', 'c:stored']);
  assert.equal(timeline.since, 3);
  assert.equal(timeline.more, false);
});

test('a note stands behind the message whose place it shares', () => {
  const team = new Timeline({ me: 'u1', cursor: 'rev', clock });
  team.take({ id: 'n', by: 'u2', seq: 1, rev: 2, at: AT, body: { kind: 'note', text: 'n' } });
  team.take({ id: 'a', by: 'visitor', seq: 1, rev: 3, at: AT, body: { kind: 'text', text: 'edited later' } });
  assert.deepEqual(shown(team), ['a:stored', 'n:stored']);
});

test('each state is told once, under the last entry it is true for; failed under each', () => {
  const timeline = made();
  timeline.snapshot({
    messages: [1, 2, 3, 4].map(seq => message(`m${seq}`, 'visitor', seq)),
    full: true,
    more: false,
    upto: 4,
  });
  timeline.marks({ delivered: 3, read: 2 });
  timeline.post('f1', { kind: 'text', text: 'x' });
  timeline.post('f2', { kind: 'text', text: 'x' });
  timeline.post('w', { kind: 'text', text: 'x' });
  timeline.fail('f1', 'too_many');
  timeline.fail('f2', 'too_many');
  const told = Object.fromEntries(rows(timeline, isMine, clock.now()).map(row => [row.id, row.told]));
  assert.deepEqual(told, { m1: '', m2: 'read', m3: 'delivered', m4: 'sent', f1: 'failed', f2: 'failed', w: 'waiting' });
  timeline.online(true);
  assert.equal(rows(timeline, isMine, clock.now()).at(-1).told, 'sending');
});

test('read marks that ended with the chat turn no read message into one that was only sent', () => {
  const timeline = made();
  timeline.snapshot({ messages: [message('a', 'visitor', 1)], full: true, more: false, upto: 1 });
  timeline.post('f', { kind: 'text', text: 'x' });
  timeline.fail('f', 'chat_closed');
  const told = () => rows(timeline, isMine, clock.now()).map(row => row.told);
  timeline.marks({ state: 'open', delivered: 1, read: 1 });
  assert.deepEqual(told(), ['read', 'failed']);
  timeline.marks({ state: 'closed', delivered: 0, read: 0 });
  assert.deepEqual(told(), ['', 'failed']);
  timeline.marks({ state: 'closed', delivered: 1, read: 1 });
  assert.deepEqual(told(), ['read', 'failed'], 'a site may keep them longer');
  timeline.marks({ state: 'open', delivered: 0, read: 0 });
  assert.deepEqual(told(), ['sent', 'failed']);
});

test('the corner stands at the last of a group; another author, an event, five minutes end it', () => {
  const timeline = made();
  timeline.snapshot({
    messages: [
      message('a', 'u1', 1),
      message('b', 'u1', 2),
      message('c', 'u2', 3),
      message('d', 'system', 4, { body: { kind: 'event', name: 'took', user: 'u1', waited: null } }),
      message('e', 'u2', 5),
      message('f', 'u2', 6, { at: AT + 10 * 60_000 }),
    ],
    full: true,
    more: false,
    upto: 6,
  });
  const list = rows(timeline, isMine, clock.now());
  assert.deepEqual(
    list.filter(row => row.last).map(row => row.id),
    ['b', 'c', 'd', 'e', 'f'],
  );
  assert.deepEqual(
    list.filter(row => row.first).map(row => row.id),
    ['a', 'c', 'd', 'e', 'f'],
  );
});

test('a day is named where it changes, and today only after another one', () => {
  const timeline = made();
  timeline.snapshot({
    messages: [message('a', 'u1', 1, { at: AT - 3 * 86_400_000 }), message('b', 'u1', 2)],
    full: true,
    more: false,
    upto: 2,
  });
  assert.deepEqual(
    rows(timeline, isMine, clock.now()).map(row => row.kind),
    ['day', 'text', 'day', 'text'],
  );
});
