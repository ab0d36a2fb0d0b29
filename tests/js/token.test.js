import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokens } from '../../l2s/static/widget/token.js';
import { FakeClock, FakeStore } from './fakes.js';

const tab = store => new Tokens({ storage: () => store, key: 'l2s', clock: new FakeClock(), locks: null });

/** One holder at a time; it goes on when told. */
class FakeLocks {
  #waiting = [];

  request(_, take) {
    this.#waiting.push(take);
    if (this.#waiting.length === 1) take();
    return Promise.resolve();
  }

  release() {
    this.#waiting.shift();
    this.#waiting[0]?.();
  }
}

test('nothing is written before the token is asked for', () => {
  const store = new FakeStore();
  const tokens = tab(store);
  assert.equal(tokens.token, '');
  assert.equal(store.values.size, 0);
});

test('two tabs that send their first message together hand over one token, however late the store reaches the other one', () => {
  const store = new FakeStore();
  const locks = new FakeLocks();
  let seen = new FakeStore(); // of the other tab: nothing of it has arrived yet
  const one = new Tokens({ storage: () => store, key: 'l2s', clock: new FakeClock(), locks });
  const two = new Tokens({ storage: () => seen, key: 'l2s', clock: new FakeClock(), locks });
  const given = [];
  one.draw(token => given.push(token));
  two.draw(token => given.push(token));
  assert.equal(given.length, 1, 'the second one waits');
  seen = store;
  locks.release();
  assert.equal(given.length, 2);
  assert.equal(given[0], given[1]);
  assert.match(given[0], /^[\w-]{32}$/);
});

test('without locks a token is drawn at once', () => {
  let given = '';
  tab(new FakeStore()).draw(token => {
    given = token;
  });
  assert.match(given, /^[\w-]{32}$/);
});

test('a stored token is handed over at once', () => {
  const store = new FakeStore();
  const one = tab(store);
  one.draw(() => {});
  let given = '';
  tab(store).draw(token => {
    given = token;
  });
  assert.equal(given, one.token);
});

test('one character tells whether a chat is open; the token stays the same', () => {
  const store = new FakeStore();
  const tokens = tab(store);
  tokens.draw(() => {});
  const { token } = tokens;
  tokens.mark(true);
  assert.equal(store.values.get('l2s'), `${token}1`);
  assert.ok(tab(store).open);
  tokens.mark(false);
  assert.equal(store.values.get('l2s'), `${token}0`);
});

test('something else under the key is no token', () => {
  const store = new FakeStore();
  store.setItem('l2s', '{"a":1}');
  assert.equal(tab(store).token, '');
});

test('where storage is denied the token lives in memory, and it is said', () => {
  const store = new FakeStore();
  store.denied = true;
  const tokens = tab(store);
  let given = '';
  tokens.draw(token => {
    given = token;
  });
  assert.equal(tokens.kept, false);
  assert.equal(tokens.look(), given);
  assert.notEqual(given, '');
});

test('forgotten is forgotten in every tab', () => {
  const store = new FakeStore();
  const [one, two] = [tab(store), tab(store)];
  one.draw(() => {});
  assert.equal(two.look(), one.token);
  one.drop();
  assert.equal(two.look(), '');
});
