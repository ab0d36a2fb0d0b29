import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cardRows } from '../../l2s/static/console/held.js';
import { hasReference, mailTo, wayOf } from '../../l2s/static/console/reach.js';
import { speak } from '../../l2s/static/shared/texts.js';

speak('en', JSON.parse(readFileSync(new URL('../../l2s/texts/en/console.json', import.meta.url), 'utf8')));

const LEFT = { label: 'K7M2', state: 'left', delivered: 0, owner: null };
const MAIL = [{ name: 'mail', level: 'kept', value: 'kai@example.org' }];
const words = (by, seq) => ({ by, seq, body: { kind: 'text', text: 'Hello' } });
const took = (seq, waited = null) => ({ by: 'system', seq, body: { kind: 'event', name: 'took', user: 'maja', waited } });
const talkOf = (items, details = MAIL) => ({ details, loaded: true, timeline: { items } });
const open = (more = {}) => ({ ...LEFT, state: 'open', owner: 'maja', ...more });

test('a message that was left is answered by mail, or without an address only by coming back', () => {
  assert.equal(wayOf(LEFT, talkOf([words('visitor', 1)])), 'mail');
  assert.equal(wayOf(LEFT, talkOf([words('visitor', 1)], [])), 'gone');
  assert.equal(wayOf(LEFT, talkOf([words('visitor', 1)], [{ name: 'mail', level: 'none', value: null }])), 'gone');
});

test('taking it brings nobody back; writing, waiting or getting an answer does', () => {
  const left = [words('visitor', 1), took(2)];
  assert.equal(wayOf(open(), talkOf(left)), 'mail');
  assert.equal(wayOf(open(), talkOf([...left, words('maja', 3)])), 'mail');
  assert.equal(wayOf(open({ delivered: 3 }), talkOf([...left, words('maja', 3)])), 'live');
  assert.equal(wayOf(open(), talkOf([...left, words('visitor', 3)])), 'live');
  assert.equal(wayOf(open({ state: 'waiting' }), talkOf(left)), 'live');
  assert.equal(wayOf(open(), talkOf([words('visitor', 1), words('visitor', 2), took(3, 40)])), 'live');
});

test('a live chat says nothing of mail', () => {
  assert.equal(wayOf(open(), talkOf([words('visitor', 1), took(2, 4)], [])), 'live');
  assert.equal(hasReference(open(), talkOf([], [])), false);
});

test('the mail link names the reference and nothing else, whatever the address holds', () => {
  assert.equal(mailTo('kai@example.org', 'K7M2'), 'mailto:kai@example.org?subject=Your%20message%2C%20reference%20K7M2');
  assert.equal(mailTo('a?cc=b&x@example.org', 'K7M2').split('?').length, 2);
  assert.equal(new URL(mailTo('a?bcc=eve@example.org', 'K7M2')).searchParams.has('bcc'), false);
});

test('the card begins with the reference where the visitor was told one', () => {
  assert.deepEqual(
    cardRows(MAIL, 'K7M2').map(({ label, value }) => [label, value]),
    [
      ['Reference', 'K7M2'],
      ['Mail', 'kai@example.org'],
    ],
  );
  assert.equal(cardRows(MAIL)[0].label, 'Mail');
});
