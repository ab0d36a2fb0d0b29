import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dayOf, initials, lengthOf, linked, listOf, nodes, speak, text, timeOf } from '../../l2s/static/shared/texts.js';
import { mailProblem } from '../../l2s/static/widget/leave.js';
import { promised } from '../../l2s/static/widget/promise.js';

const catalogue = (lang, part = 'widget') =>
  JSON.parse(readFileSync(new URL(`../../l2s/texts/${lang}/${part}.json`, import.meta.url), 'utf8'));
const holes = entry => [...JSON.stringify(entry).matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted();

test('both languages have the same keys, shapes and placeholders', () => {
  const [en, de] = ['en', 'de'].map(lang => ({ ...catalogue(lang), ...catalogue(lang, 'late'), ...catalogue(lang, 'mine') }));
  assert.deepEqual(Object.keys(de).toSorted(), Object.keys(en).toSorted());
  for (const [key, entry] of Object.entries(en)) {
    assert.equal(typeof de[key], typeof entry, key);
    assert.deepEqual([...new Set(holes(de[key]))], [...new Set(holes(entry))], key);
  }
});

test('a sentence is one key; counts go by plural rules; values are not read as patterns', () => {
  speak('en', { a: 'Hello {name}.', n: { one: '{count} day', other: '{count} days' } });
  assert.equal(text('a', { name: '{name}' }), 'Hello {name}.');
  assert.equal(text('n', { count: 1 }), '1 day');
  assert.equal(text('n', { count: 180 }), '180 days');
  assert.equal(text('toString'), '');
  assert.deepEqual(nodes('a', { name: 7 }), ['Hello ', '7', '.']);
});

test('times are told with 24 hours, and not at all where only the day is held', () => {
  speak('en', {});
  assert.match(timeOf(new Date(2026, 10, 24, 14, 6).getTime()), /^14:06$/);
  assert.equal(timeOf(null), '');
  assert.equal(timeOf(86_400_000 * 20_000), '');
  assert.equal(dayOf(new Date(2026, 11, 24).getTime(), new Date(2026, 10, 1).getTime()), '24 December');
  assert.equal(lengthOf(48), '48s');
  assert.equal(listOf(['Maja', 'Tom']), 'Maja and Tom');
});

test('initials', () => {
  speak('en', {});
  assert.equal(initials('Maja Lindqvist'), 'ML');
  assert.equal(initials('Tom'), 'TO');
  assert.equal(initials('Dr. Karl-Heinz Oberwiesinger'), 'DO');
  assert.equal(initials('  '), '');
});

test('addresses in a text are found without the full stop behind them, and only http ones', () => {
  assert.deepEqual(linked('See https://a.example/x?y=1. Or javascript:alert(1)'), [
    'See ',
    'https://a.example/x?y=1',
    '. Or javascript:alert(1)',
  ]);
});

test('what is wrong with a mail address is named', () => {
  assert.equal(mailProblem('ingrid@'), 'problem.mail.after');
  assert.equal(mailProblem('ingrid'), 'problem.mail.at');
  assert.equal(mailProblem('@a.example'), 'problem.mail.before');
  assert.equal(mailProblem(''), 'problem.mail');
  assert.equal(mailProblem('ingrid@a'), 'error.bad_mail');
  assert.equal(mailProblem('ingrid@a.example'), '');
});

test('the promise is true at its moment', () => {
  speak('en', { ...catalogue('en'), ...catalogue('en', 'late') });
  const law = { version: 1, hash: '', days: 180, address: 'truncated', preview: false, place: 'none', browser: [] };
  const at = new Date(2026, 5, 27, 12).getTime();
  const now = { law, held: false, objected: false, chat: null, form: false, at };
  assert.deepEqual(promised(now), { words: 'Nothing kept yet. What you send is kept 180 days.', left: null });
  assert.equal(promised({ ...now, held: true }).words, 'Kept 180 days · internet address shortened');
  assert.equal(promised({ ...now, held: true, objected: true }).words, 'Kept 180 days · internet address not kept');
  const closed = { ended: at };
  assert.equal(promised({ ...now, held: true, chat: closed }).words, 'Kept until 24 December');
  assert.equal(
    promised({ ...now, held: true, law: { ...law, days: 'chat' } }).words,
    'Erased when the chat ends · internet address shortened',
  );
  assert.equal(promised({ ...now, held: true, law: { ...law, preview: true } }).words, 'Kept 180 days · what you type is seen');
  assert.equal(promised({ ...now, form: true }).words, 'Only for answering you. Kept 180 days');
});
