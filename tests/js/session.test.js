import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '../../l2s/static/widget/session.js';
import { FakeClock, FakeNet } from './fakes.js';

const MAJA = { id: 'u1', name: 'Maja' };
const LAW = { version: 1, hash: 'h', days: 180, address: 'truncated', preview: false, place: 'none', browser: [], asks: [] };

/** A server in a few lines: one visitor a token, one chat a visitor. */
class FakeServer {
  visitors = new Map();
  receipts = new Map();
  law = LAW;

  constructor(clock) {
    this.clock = clock;
  }

  /** Reads what a socket said since last time and answers it. */
  serve(socket) {
    for (const command of socket.sent.splice(0)) this[command.type]?.(socket, command);
  }

  hello(socket, { token, chat, since }) {
    socket.token = token;
    this.welcome(socket, chat, since);
  }

  enter(socket, { token }) {
    socket.token = token;
    this.welcome(socket);
  }

  welcome(socket, known, since = 0) {
    const chat = this.visitors.get(socket.token);
    const full = !chat || chat.id !== known;
    const messages = chat ? chat.messages.filter(({ pub }) => full || pub > since) : [];
    socket.hear({
      type: 'welcome',
      protocol: 1,
      now: this.clock.now(),
      site: 's',
      availability: 'here',
      people: [MAJA],
      law: this.law,
      held: Boolean(chat),
      objected: false,
      ticked: false,
      receipt: this.receipts.get(socket.token) ?? null,
      chat: chat ? view(chat) : null,
      messages,
      full,
      more: false,
    });
  }

  send(socket, { id, text }) {
    const chat = this.visitors.get(socket.token) ?? { id: `c-${socket.token}`, state: 'waiting', messages: [] };
    this.visitors.set(socket.token, chat);
    const stored = chat.messages.find(each => each.id === id) ?? this.add(chat, id, 'visitor', text);
    socket.hear({ type: 'chat', chat: view(chat) }, { type: 'message', chat: chat.id, message: stored });
  }

  add(chat, id, by, text) {
    const seq = chat.messages.length + 1;
    const message = { id, by, seq, pub: seq, at: this.clock.now(), body: { kind: 'text', text } };
    chat.messages.push(message);
    return message;
  }
}

const view = ({ id, state, messages }) => {
  const ended = state === 'closed' ? 1 : null;
  return { id, state, pub: messages.length, owner: null, people: [], delivered: 0, read: 0, ended, why: null };
};

function made(clock = new FakeClock(), store = { token: '' }) {
  const net = new FakeNet();
  const asked = { want: 0, forget: 0 };
  const session = new Session({
    open: net.open,
    config: { site: 's', protocol: 1, language: 'en', objected: false },
    want: () => {
      asked.want += 1;
    },
    forget: () => {
      asked.forget += 1;
      store.token = '';
    },
    clock,
  });
  session.begin({ token: store.token, kept: true });
  session.connection.start();
  return { clock, net, session, asked, server: new FakeServer(clock) };
}

const texts = session => session.timeline.items.map(({ body, state }) => `${body.text}:${state}`);

function live({ net, server }) {
  net.last.up();
  server.serve(net.last);
}

test('before the first send no token is asked for, drawn or sent', () => {
  const it = made();
  live(it);
  it.session.typing(true);
  it.session.see(1);
  assert.deepEqual(it.asked, { want: 0, forget: 0 });
  assert.deepEqual(it.net.last.sent, []);
});

test('the first send asks for the token once, enters, then sends', () => {
  const it = made();
  live(it);
  it.session.send('hello');
  it.session.send('again');
  assert.equal(it.asked.want, 1);
  assert.deepEqual(texts(it.session), ['hello:waiting', 'again:waiting']);
  it.session.adopt('T'.repeat(32), true);
  assert.deepEqual(it.net.last.types, ['enter']);
  it.server.serve(it.net.last);
  assert.deepEqual(it.net.last.types, ['send', 'send']);
  it.server.serve(it.net.last);
  assert.deepEqual(texts(it.session), ['hello:stored', 'again:stored']);
});

test('what was written during a cut goes out once, in order, with the same ids', () => {
  const it = made(new FakeClock(), { token: 'T'.repeat(32) });
  live(it);
  it.session.send('one');
  const lost = it.net.last.sent.at(-1);
  it.net.last.cut();
  it.session.send('two');
  it.clock.pass(1000);
  live(it);
  assert.deepEqual(
    it.net.last.sent.map(({ text }) => text),
    ['one', 'two'],
  );
  assert.equal(it.net.last.sent[0].id, lost.id);
  it.server.serve(it.net.last);
  assert.deepEqual(texts(it.session), ['one:stored', 'two:stored']);
});

test('an echo that was lost does not double the message', () => {
  const it = made(new FakeClock(), { token: 'T'.repeat(32) });
  live(it);
  it.session.send('one');
  const [command] = it.net.last.sent;
  it.server.visitors.set('T'.repeat(32), { id: 'c', state: 'waiting', messages: [] });
  it.server.add(it.server.visitors.get('T'.repeat(32)), command.id, 'visitor', 'one');
  it.net.last.cut();
  it.clock.pass(1000);
  live(it);
  assert.deepEqual(texts(it.session), ['one:stored']);
  assert.deepEqual(
    it.net.last.sent.filter(({ type }) => type === 'send'),
    [],
  );
});

test('after a cut exactly the gap is asked for and shown', () => {
  const it = made(new FakeClock(), { token: 'T'.repeat(32) });
  live(it);
  it.session.send('one');
  it.server.serve(it.net.last);
  it.net.last.cut();
  it.server.add(it.server.visitors.get('T'.repeat(32)), 'm1', 'u1', 'answer');
  it.clock.pass(1000);
  it.net.last.up();
  const [hello] = it.net.last.sent;
  assert.equal(hello.since, 1);
  it.server.serve(it.net.last);
  assert.deepEqual(texts(it.session), ['one:stored', 'answer:stored']);
  assert.equal(it.session.unread.length, 1);
});

test('a tab that lost the race for the token posts its text again under the winner', () => {
  const clock = new FakeClock();
  const it = made(clock);
  live(it);
  it.session.send('from this tab');
  it.session.adopt('A'.repeat(32), true);
  it.server.serve(it.net.last);
  it.server.serve(it.net.last);
  assert.deepEqual(texts(it.session), ['from this tab:stored']);
  it.session.adopt('B'.repeat(32), true);
  live(it);
  it.server.serve(it.net.last);
  assert.deepEqual(texts(it.session), ['from this tab:stored']);
  assert.equal(it.server.visitors.get('B'.repeat(32)).messages.length, 1);
});

test('a token that another tab changes later does not carry old words into the new chat', () => {
  const it = made(new FakeClock(), { token: 'A'.repeat(32) });
  live(it);
  it.session.send('old');
  it.server.serve(it.net.last);
  it.clock.pass(60_000);
  it.session.adopt('B'.repeat(32), true);
  live(it);
  it.server.serve(it.net.last);
  assert.deepEqual(texts(it.session), []);
  assert.equal(it.server.visitors.has('B'.repeat(32)), false);
});

test('a second tab follows when the first one gets a token', () => {
  const clock = new FakeClock();
  const first = made(clock);
  const second = made(clock);
  second.server = first.server;
  live(first);
  live(second);
  first.session.send('hello');
  first.session.adopt('T'.repeat(32), true);
  first.server.serve(first.net.last);
  first.server.serve(first.net.last);
  second.session.adopt('T'.repeat(32), true);
  first.server.serve(second.net.last);
  assert.deepEqual(texts(second.session), texts(first.session));
});

test('forgotten: token and conversation are dropped, the socket starts anew without them', () => {
  const it = made(new FakeClock(), { token: 'T'.repeat(32) });
  live(it);
  it.session.send('one');
  it.server.serve(it.net.last);
  it.net.last.hear({ type: 'forgotten' });
  assert.equal(it.asked.forget, 1);
  assert.deepEqual(texts(it.session), []);
  assert.equal(it.session.held, false);
  it.net.last.up();
  assert.equal('token' in it.net.last.sent[0], false);
});

test('a refused message says why and can be sent again with the same id', () => {
  const it = made(new FakeClock(), { token: 'T'.repeat(32) });
  live(it);
  it.session.send('one');
  const [{ id }] = it.net.last.sent.splice(0);
  it.net.last.hear({ type: 'refused', code: 'too_many', command: 'send', id, chat: null, data: {} });
  assert.deepEqual(texts(it.session), ['one:failed']);
  it.session.retry(id);
  assert.equal(it.net.last.sent.at(-1).id, id);
});

test('an older wire is told to load anew', () => {
  const it = made();
  it.net.last.up();
  it.net.last.hear({ type: 'refused', code: 'protocol', command: 'hello', id: null, chat: null, data: {} });
  assert.equal(it.session.outdated, true);
  assert.equal(it.session.connection.phase, 'stopped');
});

test('marks go out at most once a second, and only what grew', () => {
  const it = made(new FakeClock(), { token: 'T'.repeat(32) });
  live(it);
  it.session.send('one');
  it.server.serve(it.net.last);
  it.net.last.sent.length = 0;
  const chat = it.server.visitors.get('T'.repeat(32));
  for (let i = 0; i < 5; i++) {
    it.net.last.hear({ type: 'message', chat: chat.id, message: it.server.add(chat, `m${i}`, 'u1', 'x') });
    it.session.see(it.session.timeline.newest);
  }
  it.clock.pass(1000);
  it.clock.pass(5000);
  const marks = it.net.last.sent.filter(({ type }) => type === 'mark');
  assert.ok(marks.length <= 2, `${marks.length} marks`);
  assert.deepEqual(marks.at(-1), { type: 'mark', delivered: 6, read: 6 });
});

test('somebody who types and falls silent has stopped', () => {
  const it = made(new FakeClock(), { token: 'T'.repeat(32) });
  live(it);
  it.session.send('one');
  it.server.serve(it.net.last);
  it.net.last.hear({ type: 'typing', chat: it.session.chat.id, user: 'u1', name: 'Maja', on: true });
  assert.deepEqual(it.session.typists.all, [{ id: 'u1', name: 'Maja' }]);
  it.clock.pass(8000);
  assert.deepEqual(it.session.typists.all, []);
});

test('an errand goes out once the token was said, again after a cut, and until it is answered', () => {
  const it = made();
  live(it);
  it.session.errand({ type: 'leave', id: 'e1', text: 'pole', mail: 'a@b.example', name: null });
  it.session.adopt('T'.repeat(32), true);
  it.server.serve(it.net.last);
  const [{ id, name }] = it.net.last.sent.splice(0);
  assert.equal(name, null);
  it.net.last.cut();
  it.clock.pass(1000);
  live(it);
  assert.equal(it.net.last.sent.at(-1).id, id);
  it.net.last.hear({ type: 'left', id, reference: 'LR-7K2M' });
  assert.equal(it.session.errands.size, 0);
  assert.equal(it.session.held, true);
  it.session.errand({ type: 'state', id: 'e2', text: 'not so' });
  it.net.last.hear({ type: 'refused', code: 'not_found', command: 'state', id: 'e2' });
  assert.equal(it.session.errands.size, 0);
});

test('while the law asks for a tick nothing is sent and nothing typed is lost; with it everything goes', () => {
  const it = made();
  it.server.law = { ...LAW, asks: ['message'] };
  it.session.send('written before the law was known');
  it.session.adopt('T'.repeat(32), true);
  live(it);
  assert.equal(it.session.needs('mail'), false);
  assert.equal(it.session.needs('mail', 'message'), true);
  assert.deepEqual(it.net.last.sent, []);
  assert.deepEqual(texts(it.session), ['written before the law was known:waiting']);
  it.net.last.hear({ type: 'law', law: it.server.law, objected: false, ticked: true });
  it.server.serve(it.net.last);
  it.net.last.hear({ type: 'law', law: it.server.law, objected: false, ticked: true });
  it.server.serve(it.net.last);
  assert.deepEqual(texts(it.session), ['written before the law was known:stored']);
});

test('whoever comes back after an erasure drops the token and finds the receipt', () => {
  const store = { token: 'T'.repeat(32) };
  const it = made(new FakeClock(), store);
  it.server.receipts.set(store.token, { code: 'ABC' });
  live(it);
  assert.equal(store.token, '');
  assert.equal(it.session.gone.code, 'ABC');
  live(it);
  assert.equal(it.session.token, '');
  assert.equal(it.session.gone.code, 'ABC', 'the second welcome, without a token, takes nothing away');
});

test('an erasure while the page is open leaves nothing but the receipt', () => {
  const store = { token: 'T'.repeat(32) };
  const it = made(new FakeClock(), store);
  live(it);
  it.session.send('one');
  it.server.serve(it.net.last);
  it.server.visitors.clear();
  it.net.last.hear({ type: 'forgotten', receipt: { code: 'ABC' } });
  live(it);
  assert.deepEqual([store.token, it.session.gone.code, texts(it.session)], ['', 'ABC', []]);
});

test('a token that has ended is dropped, and the next message begins anew', () => {
  const store = { token: 'T'.repeat(32) };
  const it = made(new FakeClock(), store);
  it.net.last.up();
  it.net.last.hear({ type: 'refused', code: 'token_ended', command: 'hello' });
  assert.deepEqual([store.token, it.session.refusal], ['', '']);
  live(it);
  assert.equal(it.session.law.version, 1);
});
