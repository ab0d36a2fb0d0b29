import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bell } from '../../l2s/static/console/bell.js';
import { Patience } from '../../l2s/static/console/patience.js';
import { Shelf } from '../../l2s/static/console/shelf.js';
import { FakeClock } from './fakes.js';

test('the bell rings at once for each newcomer, again while anybody waits, and stops with the last', () => {
  const clock = new FakeClock();
  let rings = 0;
  let hushed = 0;
  const bell = new Bell(
    clock,
    () => rings++,
    () => hushed++,
  );
  bell.tell(['a']);
  assert.equal(rings, 1);
  clock.pass(31_000);
  assert.equal(rings, 3);
  bell.tell(['a', 'b']);
  assert.equal(rings, 4);
  bell.tell(['b']);
  assert.deepEqual([rings, hushed], [4, 0]);
  bell.tell([]);
  clock.pass(60_000);
  assert.deepEqual([rings, hushed], [4, 1]);
});

test('a filter that changes while its answer is on the way is asked after it', () => {
  const asked = [];
  const shelf = new Shelf((text, before) => asked.push([text, before]) > 0);
  shelf.open('in');
  shelf.open('ing');
  shelf.open('ingrid');
  assert.deepEqual(asked, [['in', 0]]);
  shelf.take(77);
  assert.deepEqual(asked.at(-1), ['ingrid', 0]);
  assert.equal(shelf.listed, false);
  shelf.take(50);
  assert.equal(shelf.holds({ label: 'K7M2', line: null, ended: 60 }, 'Ingrid Fjeldstad'), true);
  assert.equal(shelf.holds({ label: 'K7M2', line: null, ended: 40 }, 'Ingrid Fjeldstad'), false);
  shelf.more();
  assert.deepEqual(asked.at(-1), ['ingrid', 50]);
});

test('a short cut is not worth a word', () => {
  const clock = new FakeClock();
  let told = 0;
  const patience = new Patience(clock, () => told++);
  patience.tell(false);
  clock.pass(1400);
  patience.tell(true);
  clock.pass(5000);
  assert.deepEqual([patience.isOver, told], [false, 0]);
  patience.tell(false);
  clock.pass(1500);
  assert.deepEqual([patience.isOver, told], [true, 1]);
});
