import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokens } from '../../l2s/static/widget/token.js';
import { FakeClock, FakeStore } from './fakes.js';

const tab = (store, clock) => new Tokens({ storage: () => store, key: 'l2s', clock });

test('nothing is written before the token is asked for', () => {
  const store = new FakeStore();
  const tokens = tab(store, new FakeClock());
  assert.equal(tokens.token, '');
  assert.equal(store.values.size, 0);
});

test('two tabs that send their first message together hand over one token', () => {
  const store = new FakeStore();
  const clock = new FakeClock();
  const [one, two] = [tab(store, clock), tab(store, clock)];
  const given = [];
  const readBefore = store.getItem;
  store.getItem = () => null;
  one.draw(token => given.push(token));
  two.draw(token => given.push(token));
  store.getItem = readBefore;
  assert.deepEqual(given, [], 'both look again first');
  clock.pass(80);
  assert.equal(given.length, 2);
  assert.equal(given[0], given[1]);
  assert.match(given[0], /^[\w-]{32}$/);
});

test('a stored token is handed over at once', () => {
  const store = new FakeStore();
  const clock = new FakeClock();
  const one = tab(store, clock);
  one.draw(() => {});
  clock.pass(80);
  let given = '';
  tab(store, clock).draw(token => {
    given = token;
  });
  assert.equal(given, one.token);
});

test('one character tells whether a chat is open; the token stays the same', () => {
  const store = new FakeStore();
  const clock = new FakeClock();
  const tokens = tab(store, clock);
  tokens.draw(() => {});
  clock.pass(80);
  const { token } = tokens;
  tokens.mark(true);
  assert.equal(store.values.get('l2s'), `${token}1`);
  assert.ok(tab(store, clock).open);
  tokens.mark(false);
  assert.equal(store.values.get('l2s'), `${token}0`);
});

test('something else under the key is no token', () => {
  const store = new FakeStore();
  store.setItem('l2s', '{"a":1}');
  assert.equal(tab(store, new FakeClock()).token, '');
});

test('where storage is denied the token lives in memory, and it is said', () => {
  const store = new FakeStore();
  store.denied = true;
  const clock = new FakeClock();
  const tokens = tab(store, clock);
  let given = '';
  tokens.draw(token => {
    given = token;
  });
  clock.pass(80);
  assert.equal(tokens.kept, false);
  assert.equal(tokens.look(), given);
  assert.notEqual(given, '');
});

test('forgotten is forgotten in every tab', () => {
  const store = new FakeStore();
  const clock = new FakeClock();
  const [one, two] = [tab(store, clock), tab(store, clock)];
  one.draw(() => {});
  clock.pass(80);
  assert.equal(two.look(), one.token);
  one.drop();
  assert.equal(two.look(), '');
});
