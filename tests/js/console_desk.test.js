import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desk } from '../../l2s/static/console/desk.js';
import { Watermarks } from '../../l2s/static/console/watermarks.js';
import { FakeClock, FakeSocket } from './fakes.js';

const MAJA = { id: 'maja', name: 'Maja', role: 'owner', available: true, here: true, active: true };
const TOM = { ...MAJA, id: 'tom', name: 'Tom', role: 'operator' };
const LINE = { by: 'visitor', kind: 'text', text: 'Hello?', at: 1000 };

const chatRow = (id, more = {}) => ({
  id,
  label: 'K7M2',
  site: 's',
  department: 'd',
  state: 'waiting',
  rev: 1,
  pub: 1,
  said: 1,
  name: null,
  owner: null,
  opened: 1000,
  taken: null,
  ended: null,
  why: null,
  delivered: 0,
  read: 0,
  marks: [],
  line: LINE,
  language: 'en',
  objected: false,
  test: false,
  ...more,
});
const mine = (id, more = {}) =>
  chatRow(id, { state: 'open', owner: 'maja', marks: [{ user: 'maja', joined: true, delivered: 1, read: 1, heard: 1 }], ...more });
const words = (id, by, seq, text, more = {}) => ({ id, by, seq, rev: seq, at: 1000, body: { kind: 'text', text }, ...more });
const said = (chat, message, counters = {}) => ({
  type: 'message',
  chat,
  rev: message.rev,
  pub: message.seq,
  said: 1,
  message,
  ...counters,
});
const conversation = (chat, messages, more = {}) => ({
  type: 'conversation',
  chat,
  messages,
  full: true,
  more: false,
  details: [],
  version: 1,
  days: 180,
  until: null,
  ...more,
});

function setUp(chats = []) {
  const clock = new FakeClock();
  const sockets = [];
  const desk = new Desk({
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    config: { protocol: 1 },
    clock,
  });
  const told = [];
  desk.addEventListener('told', event => told.push(event.detail));
  const welcome = (rows = chats, closed = 0) => ({
    type: 'welcome',
    protocol: 1,
    now: clock.now(),
    me: { id: 'maja', name: 'Maja', role: 'owner', available: true, session: 'x' },
    people: [MAJA, TOM],
    sites: [{ id: 's', name: 'Shop', colour: '' }],
    chats: rows,
    closed,
  });
  const live = (...frames) => {
    sockets.at(-1).up();
    sockets.at(-1).hear(welcome(), ...frames);
  };
  desk.connection.start();
  live();
  const sent = type => sockets.at(-1).sent.filter(command => command.type === type);
  return { desk, clock, sockets, told, welcome, live, sent, hear: (...frames) => sockets.at(-1).hear(...frames) };
}

/** What a desk shows, without what only says how it came to know. */
const view = desk => ({
  chats: Object.fromEntries([...desk.chats].sort()),
  closed: desk.closed,
  people: Object.fromEntries(desk.people),
  waiting: desk.waiting.map(({ id }) => id),
});

test('a snapshot and the frames after it leave the same desk as a fresh snapshot', () => {
  const { desk, hear } = setUp([chatRow('a'), mine('b')]);
  const took = { id: 'e2', by: 'system', seq: 2, rev: 2, at: 2000, body: { kind: 'event', name: 'took', user: 'tom', waited: 1 } };
  const open = chatRow('a', { state: 'open', owner: 'tom', rev: 2, pub: 2, taken: 2000 });
  const note = { id: 'n', by: 'tom', seq: 2, rev: 3, at: 3000, body: { kind: 'note', text: 'x'.repeat(200) } };
  const closed = {
    ...open,
    state: 'closed',
    rev: 4,
    pub: 3,
    ended: 4000,
    why: 'user',
    line: { by: 'tom', kind: 'note', text: 'x'.repeat(140), at: 3000 },
  };
  hear(
    { type: 'chat', chat: open },
    said('a', took, { pub: 2 }),
    said('a', note, { pub: 2 }),
    { type: 'chat', chat: closed },
    said('b', words('m2', 'visitor', 2, 'More'), { said: 2 }),
    { type: 'marks', chat: 'b', user: null, delivered: 1, read: 1, heard: 0 },
    { type: 'marks', chat: 'b', user: 'tom', delivered: 2, read: 0, heard: 0 },
    { type: 'chat', chat: chatRow('c') },
    { type: 'erased', chat: 'c' },
    { type: 'person', person: { ...TOM, here: false } },
  );
  const b = mine('b', {
    rev: 2,
    pub: 2,
    said: 2,
    delivered: 1,
    read: 1,
    line: { by: 'visitor', kind: 'text', text: 'More', at: 1000 },
    marks: [...mine('b').marks, { user: 'tom', joined: false, delivered: 2, read: 0, heard: 0 }],
  });
  const { desk: fresh, sockets, welcome } = setUp();
  sockets.at(-1).hear({ ...welcome([b, closed], 1), people: [MAJA, { ...TOM, here: false }] });
  assert.deepEqual(view(desk), view(fresh));
});

test('an older row and an older message do not undo a newer one', () => {
  const { desk, hear } = setUp([mine('a', { rev: 5, pub: 5, said: 3 })]);
  hear({ type: 'chat', chat: chatRow('a', { rev: 4 }) }, said('a', words('m', 'visitor', 3, 'old'), { rev: 3, said: 2 }));
  assert.equal(desk.chats.get('a').state, 'open');
  assert.equal(desk.chats.get('a').said, 3);
  assert.equal(desk.chats.get('a').line.text, 'Hello?');
});

test('closed chats are counted in every way in which they come and go', () => {
  const { desk, hear, welcome } = setUp([chatRow('a')]);
  hear(welcome([chatRow('a')], 4));
  hear({ type: 'chat', chat: chatRow('a', { state: 'closed', rev: 2, ended: 9 }) });
  assert.equal(desk.closed, 5);
  const reopened = { id: 'e3', by: 'system', seq: 3, rev: 3, at: 1, body: { kind: 'event', name: 'reopened', user: null, waited: null } };
  hear({ type: 'chat', chat: chatRow('a', { rev: 3, pub: 3 }) }, said('a', reopened));
  assert.equal(desk.closed, 4);
  hear({ type: 'erased', chat: 'never-listed' });
  assert.equal(desk.closed, 3);
  hear({ type: 'erased', chat: 'a' });
  assert.equal(desk.closed, 3);
});

test('of two who take a chat the loser hears who was first, whichever frame comes first', () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const { desk, hear, told } = setUp([chatRow('a')]);
    desk.take('a');
    const frames = [
      { type: 'chat', chat: chatRow('a', { state: 'open', owner: 'tom', rev: 2 }) },
      { type: 'refused', code: 'taken', command: 'take', id: null, chat: 'a', data: { user: 'tom' } },
    ];
    hear(...order.map(i => frames[i]));
    assert.deepEqual(
      told.map(({ what, user }) => [what, user]),
      [['lost', 'tom']],
    );
  }
});

test('a take that went through is told once, and a chat taken elsewhere by the same user is not', () => {
  const { desk, hear, told } = setUp([chatRow('a'), chatRow('b')]);
  desk.take('a');
  hear(
    { type: 'chat', chat: mine('a', { rev: 2 }) },
    { type: 'chat', chat: mine('a', { rev: 3 }) },
    { type: 'chat', chat: mine('b', { rev: 2 }) },
  );
  assert.deepEqual(
    told.map(({ what, chat }) => [what, chat]),
    [['took', 'a']],
  );
});

test('unread is what the visitor said beyond what this user heard', () => {
  const { desk, hear } = setUp([mine('a')]);
  const unread = () => desk.unread(desk.chats.get('a'));
  assert.equal(unread(), 0);
  hear(said('a', words('m2', 'visitor', 2, 'One'), { said: 2 }), said('a', words('m3', 'visitor', 3, 'Two'), { said: 3 }));
  assert.equal(unread(), 2);
  hear({ type: 'marks', chat: 'a', user: 'maja', delivered: 3, read: 3, heard: 3 });
  assert.equal(unread(), 0);
});

test('the echo of a mark of delivery is no news, and what was read is', () => {
  const { desk, hear } = setUp([chatRow('a')]);
  let changes = 0;
  desk.addEventListener('change', () => changes++);
  hear({ type: 'marks', chat: 'a', user: 'maja', delivered: 1, read: 0, heard: 0 });
  hear({ type: 'marks', chat: 'a', user: 'tom', delivered: 1, read: 0, heard: 0 });
  assert.equal(changes, 0);
  assert.equal(desk.chats.get('a').marks.length, 2);
  hear({ type: 'marks', chat: 'a', user: 'maja', delivered: 1, read: 1, heard: 1 });
  hear({ type: 'marks', chat: 'a', user: null, delivered: 1, read: 1, heard: 0 });
  assert.equal(changes, 2);
});

test('between two ticks the time stands still for everything that is drawn', () => {
  const { desk, clock } = setUp();
  clock.pass(1000 - (clock.now() % 1000));
  const { now } = desk;
  clock.pass(999);
  assert.equal(desk.now, now);
  clock.pass(1);
  assert.equal(desk.now, now + 1000);
});

test('mark unread puts the mark below the last words, and what comes after is marked again', () => {
  const { desk, hear, sent, clock } = setUp([mine('a', { rev: 2, pub: 2, said: 2 })]);
  desk.show('a');
  hear(conversation(desk.chats.get('a'), [words('m1', 'visitor', 1, 'a'), words('m2', 'visitor', 2, 'b')]));
  desk.see('a', 2);
  clock.pass(1000);
  assert.deepEqual(sent('mark').at(-1), { type: 'mark', chat: 'a', delivered: 2, read: 2 });
  hear({ type: 'marks', chat: 'a', user: 'maja', delivered: 2, read: 2, heard: 2 });
  desk.unsee('a');
  assert.deepEqual(sent('mark').at(-1), { type: 'mark', chat: 'a', read: 1, unread: true });
  hear({ type: 'marks', chat: 'a', user: 'maja', delivered: 2, read: 1, heard: 1 });
  assert.equal(desk.unread(desk.chats.get('a')), 1);
  clock.pass(1000);
  desk.see('a', 2);
  assert.deepEqual(sent('mark').at(-1), { type: 'mark', chat: 'a', delivered: 2, read: 2 });
});

test('a text is held once by newer lines, comes back, and the next one goes anyway', () => {
  const { desk, hear, sent, told } = setUp([mine('a')]);
  desk.show('a');
  hear(conversation(mine('a'), [words('m1', 'visitor', 1, 'Hello?')]));
  desk.talk.shown = 1;
  hear(said('a', words('m2', 'visitor', 2, 'Wait'), { said: 2 }));
  desk.post('a', 'message', 'One more thing');
  const [first] = sent('send');
  assert.deepEqual([first.seen, first.anyway], [1, false]);
  hear({ type: 'refused', code: 'newer_lines', command: 'send', id: first.id, chat: 'a', data: {} });
  assert.deepEqual([told[0].what, told[0].text, told[0].code], ['back', 'One more thing', 'newer_lines']);
  assert.deepEqual(desk.talk.timeline.pending, []);
  desk.talk.shown = 2;
  desk.post('a', 'message', 'One more thing');
  const [, second] = sent('send');
  assert.deepEqual([second.seen, second.anyway], [2, true]);
  assert.notEqual(second.id, first.id);
  desk.post('a', 'message', 'And another');
  assert.equal(sent('send')[2].anyway, false);
});

test('a text waits through a cut and goes out once, after the gap, with its id and what was shown then', () => {
  const { desk, hear, sockets, live, sent, clock } = setUp([mine('a')]);
  desk.show('a');
  hear(conversation(mine('a'), [words('m1', 'visitor', 1, 'Hello?')]));
  desk.talk.shown = 1;
  sockets.at(-1).cut();
  desk.post('a', 'message', 'Later');
  assert.equal(desk.talk.timeline.pending.length, 1);
  clock.pass(5000);
  live();
  assert.deepEqual(sent('open'), [{ type: 'open', chat: 'a', since: 1 }]);
  assert.deepEqual(sent('send'), []);
  hear(conversation(mine('a', { rev: 2, pub: 2 }), [words('m2', 'visitor', 2, 'Gap')], { full: false }));
  const [{ id, seen }] = sent('send');
  assert.equal(seen, 1);
  hear(said('a', words(id, 'maja', 3, 'Later')));
  assert.deepEqual(
    desk.talk.timeline.items.map(({ by, body, state }) => [by, body.text, state]),
    [
      ['visitor', 'Hello?', 'stored'],
      ['visitor', 'Gap', 'stored'],
      ['maja', 'Later', 'stored'],
    ],
  );
});

test('after a cut only the shown chat and those with something on the way are asked for again', () => {
  const { desk, hear, sockets, live, sent, clock } = setUp([mine('a'), mine('b'), mine('c')]);
  for (const id of ['a', 'b', 'c']) {
    desk.show(id);
    hear(conversation(mine(id), []));
  }
  sockets.at(-1).cut();
  desk.post('b', 'note', 'For the team');
  clock.pass(5000);
  live();
  assert.deepEqual(
    sent('open')
      .map(({ chat }) => chat)
      .sort(),
    ['b', 'c'],
  );
  assert.deepEqual([...desk.talks.keys()].sort(), ['b', 'c']);
});

test('what cannot be sent is told as failed and goes again with the same id; a note returns to its author', () => {
  const { desk, hear, sent, told } = setUp([mine('a')]);
  desk.show('a');
  hear(conversation(mine('a'), []));
  desk.post('a', 'message', 'Too long');
  const [{ id }] = sent('send');
  hear({ type: 'refused', code: 'text_too_long', command: 'send', id, chat: 'a', data: {} });
  assert.equal(desk.talk.timeline.items[0].state, 'failed');
  desk.retry('a', id);
  assert.equal(sent('send')[1].id, id);
  desk.post('a', 'note', 'Aside');
  hear({ type: 'refused', code: 'not_collected', command: 'note', id: sent('note')[0].id, chat: 'a', data: {} });
  assert.deepEqual([told[0].what, told[0].mode, told[0].text], ['back', 'note', 'Aside']);
});

test('delivery is told by one console, and reading only for what was seen', () => {
  const { hear, sent } = setUp([mine('a')]);
  hear(said('a', words('m2', 'visitor', 2, 'New'), { said: 2 }));
  assert.deepEqual(sent('mark'), [{ type: 'mark', chat: 'a', delivered: 2, read: 0 }]);
  hear(
    { type: 'chat', chat: chatRow('b', { marks: [{ user: 'tom', joined: false, delivered: 1, read: 0, heard: 0 }] }) },
    { type: 'chat', chat: chatRow('c', { state: 'open', owner: 'tom' }) },
  );
  assert.equal(sent('mark').length, 1);
});

test('an unknown chat is told as missing, and an erased one goes with its conversation', () => {
  const { desk, hear, told } = setUp([mine('a')]);
  desk.show('x');
  hear({ type: 'refused', code: 'not_found', command: 'open', id: null, chat: 'x', data: {} });
  assert.equal(desk.talk.missing, true);
  desk.show('a');
  hear(conversation(mine('a'), [words('m1', 'visitor', 1, 'Secret')]), { type: 'erased', chat: 'a' });
  assert.deepEqual([desk.chats.has('a'), desk.talks.has('a')], [false, false]);
  assert.equal(told.at(-1).what, 'gone');
});

test('who stops typing without saying so has stopped after 8 seconds', () => {
  const { desk, hear, clock } = setUp([mine('a')]);
  hear({ type: 'typing', chat: 'a', user: null, on: true }, { type: 'typing', chat: 'a', user: 'tom', on: true });
  assert.deepEqual(desk.typists('a'), ['', 'tom']);
  hear(said('a', words('m2', 'visitor', 2, 'x'), { said: 2 }));
  assert.deepEqual(desk.typists('a'), ['tom']);
  clock.pass(8000);
  assert.deepEqual(desk.typists('a'), []);
});

test('a newer wire stops the connection, a dead session is told', () => {
  const { desk, hear, told } = setUp();
  hear({ type: 'signed_out' });
  assert.equal(told[0].what, 'signed_out');
  hear({ type: 'refused', code: 'protocol', command: 'hello', id: null, chat: null, data: { server: 2 } });
  assert.deepEqual([desk.outdated, desk.connection.phase], [true, 'stopped']);
});

test('watermarks go at most once a second and chat, the newest then', () => {
  const clock = new FakeClock();
  const sent = [];
  const marks = new Watermarks(clock, (chat, mark) => sent.push([chat, mark.read]) > 0);
  for (const read of [1, 2, 3]) marks.tell('a', { delivered: read, read });
  marks.tell('b', { delivered: 1, read: 1 });
  assert.deepEqual(sent, [
    ['a', 1],
    ['b', 1],
  ]);
  clock.pass(1000);
  assert.deepEqual(sent.at(-1), ['a', 3]);
  clock.pass(5000);
  assert.equal(sent.length, 3);
});
