import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../l2s/static/shared/connection.js';
import { FakeClock, FakeNet } from './fakes.js';

function made() {
  const clock = new FakeClock();
  const net = new FakeNet();
  const heard = [];
  const phases = [];
  const connection = new Connection({
    open: net.open,
    hello: () => ({ type: 'hello' }),
    onFrame: frame => heard.push(frame),
    onPhase: phase => phases.push(phase),
    clock,
  });
  connection.start();
  return { clock, net, heard, phases, connection };
}

const live = net => {
  net.last.up();
  net.last.hear({ type: 'welcome' });
};

test('hello goes first, and nothing before the welcome', () => {
  const { net, connection } = made();
  assert.equal(connection.send({ type: 'send' }), false);
  net.last.up();
  assert.equal(connection.send({ type: 'send' }), false);
  assert.deepEqual(net.last.types, ['hello']);
  net.last.hear({ type: 'welcome' });
  assert.equal(connection.send({ type: 'send' }), true);
  assert.deepEqual(net.last.types, ['hello', 'send']);
});

test('one text message holds several frames, one a line', () => {
  const { net, heard } = made();
  net.last.up();
  net.last.hear({ type: 'welcome' }, { type: 'chat' }, { type: 'message' });
  assert.deepEqual(
    heard.map(({ type }) => type),
    ['welcome', 'chat', 'message'],
  );
});

test('a cut is dialled again, later each time, and a frame of the dead socket is not heard', () => {
  const { clock, net, heard } = made();
  const first = net.last;
  first.cut();
  clock.pass(1000);
  assert.equal(net.sockets.length, 2);
  net.last.cut();
  clock.pass(1000);
  assert.equal(net.sockets.length, 2);
  clock.pass(1000);
  assert.equal(net.sockets.length, 3);
  first.hear({ type: 'welcome' });
  assert.deepEqual(heard, []);
});

test('a server that dies right after its welcome is dialled less than 20 times in 5 minutes', () => {
  const { clock, net } = made();
  clock.chance = () => 0;
  for (let second = 0; second < 300; second++) {
    if (!net.last.closed) {
      live(net);
      net.last.cut();
    }
    clock.pass(1000);
  }
  assert.ok(net.sockets.length > 5 && net.sockets.length < 20, `${net.sockets.length} dials`);
});

test('back-off is forgotten after 10 s alive', () => {
  const { clock, net } = made();
  for (let i = 0; i < 5; i++) {
    net.last.cut();
    clock.pass(40_000);
  }
  live(net);
  clock.pass(10_000);
  const dials = net.sockets.length;
  net.last.cut();
  clock.pass(1000);
  assert.equal(net.sockets.length, dials + 1);
});

test('a half-open socket is found: ping after 25 s of silence, a new dial 6 s later', () => {
  const { clock, net } = made();
  live(net);
  clock.pass(25_000);
  assert.deepEqual(net.last.types, ['hello', 'ping']);
  clock.pass(6000);
  assert.equal(net.sockets.length, 2);
});

test('an answer in time keeps the socket', () => {
  const { clock, net } = made();
  live(net);
  clock.pass(25_000);
  net.last.hear({ type: 'pong', now: 0 });
  clock.pass(20_000);
  assert.equal(net.sockets.length, 1);
});

test('nobody looks: silence is not probed; on wake it is, at once', () => {
  const { clock, net, connection } = made();
  live(net);
  connection.attend(false);
  clock.pass(600_000);
  assert.deepEqual(net.last.types, ['hello']);
  connection.attend(true);
  assert.deepEqual(net.last.types, ['hello', 'ping']);
});

test('waking while waiting dials at once', () => {
  const { net, connection } = made();
  net.last.cut();
  connection.wake();
  assert.equal(net.sockets.length, 2);
});

test('a restart is followed after its pause plus a random part, not before', () => {
  const { clock, net } = made();
  live(net);
  net.last.hear({ type: 'restart', after: 2000 });
  assert.ok(net.last.closed);
  clock.pass(2999);
  assert.equal(net.sockets.length, 1);
  clock.pass(1);
  assert.equal(net.sockets.length, 2);
});

test('a handshake that never ends is a cut', () => {
  const { clock, net } = made();
  net.last.up();
  clock.pass(15_000 + 1000);
  assert.equal(net.sockets.length, 2);
});

test('stopped is stopped', () => {
  const { clock, net, connection, phases } = made();
  live(net);
  connection.stop();
  clock.pass(600_000);
  assert.equal(net.sockets.length, 1);
  assert.equal(phases.at(-1), 'stopped');
  connection.start();
  assert.equal(net.sockets.length, 2);
});
