/** Time and the outside world for tests: a clock that passes when told, sockets and a store that are held in the hand. */

export class FakeClock {
  at = Date.UTC(2026, 10, 24, 14, 0);
  #due = [];

  now = () => this.at;
  chance = () => 0.5;

  after = (ms, run) => {
    const entry = { at: this.at + ms, run };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter(each => each !== entry);
    };
  };

  /** Lets time pass, running what falls due, in order. */
  pass(ms) {
    const end = this.at + ms;
    for (;;) {
      const next = this.#due.toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#due = this.#due.filter(each => each !== next);
      this.at = next.at;
      next.run();
    }
    this.at = end;
  }
}

export class FakeSocket {
  onopen = null;
  onmessage = null;
  onclose = null;
  sent = [];
  closed = false;

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  up() {
    this.onopen?.({});
  }

  hear(...frames) {
    this.onmessage?.({ data: frames.map(frame => JSON.stringify(frame)).join('\n') });
  }

  cut() {
    this.onclose?.({});
  }

  /** The types of what was sent. */
  get types() {
    return this.sent.map(({ type }) => type);
  }
}

/** Sockets in the order in which they were dialled. */
export class FakeNet {
  sockets = [];

  open = () => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  };

  get last() {
    return this.sockets.at(-1);
  }
}

export class FakeStore {
  values = new Map();
  denied = false;

  getItem(key) {
    if (this.denied) throw new Error('denied');
    return this.values.get(key) ?? null;
  }

  setItem(key, value) {
    if (this.denied) throw new Error('denied');
    this.values.set(key, value);
  }

  removeItem(key) {
    this.values.delete(key);
  }
}
