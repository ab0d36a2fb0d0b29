/**
 * One socket that stays up: hello, back-off, probe, stop. Pure: clock and socket are arguments.
 *
 * Invariants: hello is the first thing on every socket and nothing else is sent before its welcome, so a model sends what
 * is pending when it gets the welcome, and never needs to know about cuts. Back-off is forgotten only after 10 s alive: a
 * server that dies right after its welcome is not dialled three times a second. A half-open socket looks alive, therefore
 * `ping` goes out on wake and after 25 s of silence while somebody looks; 6 s without an answer is a cut.
 *
 * @import {Clock} from './clock.js'
 */

/**
 * The part of a WebSocket that is used.
 * @typedef {object} Socket
 * @property {(text: string) => void} send
 * @property {() => void} close
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 */

/** @typedef {{type: string, [field: string]: unknown}} Line  a command or a frame, as it goes over the wire */
/** @typedef {'stopped' | 'dialling' | 'live' | 'waiting'} Phase  waiting = between two tries */

const FIRST = 1000;
const LONGEST = 40_000;
const SETTLED = 10_000;
const SILENCE = 25_000;
const ANSWER = 6000;
const HANDSHAKE = 15_000;

export class Connection {
  /** @type {Phase} */
  phase = 'stopped';
  /** When the next try is due; 0 unless waiting. */
  retryAt = 0;

  #open;
  #hello;
  #onFrame;
  #onPhase;
  #clock;
  /** @type {Socket | null} */
  #socket = null;
  #tries = 0;
  #attended = true;
  #cancelRetry = () => {};
  #cancelSettle = () => {};
  #cancelSilence = () => {};
  #cancelAnswer = () => {};

  /**
   * @param {object} parts
   * @param {() => Socket} parts.open  dials
   * @param {() => Line} parts.hello  asked anew for every socket
   * @param {(frame: any) => void} parts.onFrame  every frame but `pong` and `restart`
   * @param {(phase: Phase) => void} [parts.onPhase]
   * @param {Clock} parts.clock
   */
  constructor({ open, hello, onFrame, onPhase = () => {}, clock }) {
    this.#open = open;
    this.#hello = hello;
    this.#onFrame = onFrame;
    this.#onPhase = onPhase;
    this.#clock = clock;
  }

  /** Dials, unless a socket is up or on its way. */
  start() {
    if (!this.#socket) this.#dial();
  }

  /** Hangs up and stays down until `start`. */
  stop() {
    this.#drop();
    this.#tries = 0;
    this.#enter('stopped');
  }

  /** Dials at once with a new hello: another token, or "Try now". */
  again() {
    this.#drop();
    this.#dial();
  }

  /** The machine woke, or the network came back: is the socket still there? */
  wake() {
    if (this.phase === 'waiting') this.again();
    else if (this.phase === 'live') this.#probe();
  }

  /**
   * Somebody looks at the page, or nobody does. Silence is probed only while somebody does.
   * @param {boolean} on
   */
  attend(on) {
    this.#attended = on;
    if (on) this.wake();
    this.#listen();
  }

  /**
   * Sends while live. False: it did not go out, and the next welcome is the moment to send it.
   * @param {Line} command
   */
  send(command) {
    if (this.phase !== 'live') return false;
    this.#socket?.send(JSON.stringify(command));
    return true;
  }

  #dial() {
    this.#cancelRetry();
    this.#enter('dialling');
    const socket = this.#open();
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.#hello()));
    socket.onmessage = event => this.#hear(socket, event.data);
    socket.onclose = () => this.#lost(socket);
    this.#cancelAnswer = this.#clock.after(HANDSHAKE, () => this.#lost(socket));
  }

  /** @param {Socket} socket @param {string} data */
  #hear(socket, data) {
    for (const line of data.split('\n')) {
      if (socket !== this.#socket) return;
      if (line) this.#take(JSON.parse(line));
    }
    if (this.phase === 'live') this.#cancelAnswer();
    this.#listen();
  }

  /** @param {any} frame */
  #take(frame) {
    if (frame.type === 'pong') return;
    if (frame.type === 'restart') {
      this.#drop();
      this.#wait(frame.after * (1 + this.#clock.chance()));
      return;
    }
    if (frame.type === 'welcome' && this.phase !== 'live') {
      this.#cancelAnswer();
      this.#cancelSettle = this.#clock.after(SETTLED, () => {
        this.#tries = 0;
      });
      this.#enter('live');
    }
    this.#onFrame(frame);
  }

  #listen() {
    this.#cancelSilence();
    if (this.#attended && this.phase === 'live') this.#cancelSilence = this.#clock.after(SILENCE, () => this.#probe());
  }

  #probe() {
    const socket = this.#socket;
    this.#cancelAnswer();
    if (!socket || !this.send({ type: 'ping' })) return;
    this.#cancelAnswer = this.#clock.after(ANSWER, () => {
      this.#tries = 0;
      this.#lost(socket, 0);
    });
  }

  /** @param {Socket} socket @param {number} [pause] */
  #lost(socket, pause) {
    if (socket !== this.#socket) return;
    this.#drop();
    this.#wait(pause ?? Math.min(FIRST * 2 ** this.#tries, LONGEST) * (0.6 + 0.4 * this.#clock.chance()));
    this.#tries += 1;
  }

  /** @param {number} pause */
  #wait(pause) {
    this.retryAt = this.#clock.now() + pause;
    this.#cancelRetry = this.#clock.after(pause, () => this.#dial());
    this.#enter('waiting');
  }

  #drop() {
    this.#cancelRetry();
    this.#cancelSettle();
    this.#cancelSilence();
    this.#cancelAnswer();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** @param {Phase} phase */
  #enter(phase) {
    if (phase !== 'waiting') this.retryAt = 0;
    if (phase === this.phase) return;
    this.phase = phase;
    this.#onPhase(phase);
  }
}
