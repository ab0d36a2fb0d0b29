/**
 * One visitor's session: a connection, a timeline, and what the server last said. No DOM.
 *
 * Nothing about the visitor is sent before the first send: the token is asked for then, said once by `enter`, and from then
 * on in hello. After every welcome all that is pending goes out again with the same ids: that is first message, retry and
 * reconnect in one. A token that another tab replaced means that this tab lost the race for the first one: what it wrote is
 * posted again under the winner. While the law asks for a tick that covers messages, what is written waits for it. Dispatches
 * `change` after anything, `frame` with each one, `heard` for a new message of somebody else, `refused`.
 *
 * @import {Clock} from '../shared/clock.js'
 * @import {Socket} from '../shared/connection.js'
 * @import {Law, Person, Receipt as Erasure, Refusal, VisitorChat, VisitorCommand, VisitorFrame, VisitorMessage, VisitorWelcome} from '../shared/protocol.d.ts'
 */
import { newId } from '../shared/clock.js';
import { Connection } from '../shared/connection.js';
import { Timeline } from '../shared/timeline.js';
import { Typists } from '../shared/typists.js';
import { Lately } from './lately.js';
import { Marks } from './marks.js';

/** @typedef {Extract<VisitorCommand, {id: string}>} Errand */
/** @typedef {{mail: string, reference: string, at: number}} Receipt  of a message that was left */

export class Session extends EventTarget {
  /** @type {'here' | 'away'} */
  availability = 'away';
  /** @type {Person[]} who is here now */
  people = [];
  /** @type {Law | null} null = no welcome yet */
  law = null;
  held = false;
  objected = false;
  /** Does this visitor agree to what `law.asks` names? */
  ticked = false;
  /** @type {Erasure | null} what an erasure left */
  gone = null;
  /** @type {VisitorChat | null} */
  chat = null;
  /** @type {Map<string, Errand>} by id: what is sent once on each socket until it is answered */
  errands = new Map();
  /** @type {Receipt | null} */
  receipt = null;
  /** The server speaks a newer wire: reload when nothing is being written. */
  outdated = false;
  /** Why hello was refused, '' = it was not. */
  refusal = '';
  /** Does the browser keep the token? */
  kept = true;
  token = '';
  /** Up to which seq this visitor has seen the chat. */
  read = 0;

  #config;
  #clock;
  #want;
  #forget;
  #marks;
  #page = '';
  #referrer = '';
  #chatId = '';
  #spoken = '';
  #wanted = false;
  #asked = 0;
  #skew = 0;
  /** @type {Set<string>} ids sent on this socket */
  #sent = new Set();
  /** @type {Map<string, string>} */
  #names = new Map();
  #lately;

  /**
   * @param {object} parts
   * @param {() => Socket} parts.open
   * @param {{site: string, protocol: number, language: string, objected: boolean}} parts.config
   * @param {() => void} parts.want  asks for the token; it comes by `adopt`
   * @param {() => void} parts.forget  the token is dead: drop it
   * @param {Clock} parts.clock
   */
  constructor({ open, config, want, forget, clock }) {
    super();
    this.#config = config;
    this.#clock = clock;
    this.#want = want;
    this.#forget = forget;
    this.#lately = new Lately(clock);
    this.timeline = new Timeline({ me: 'visitor', cursor: 'pub', clock });
    this.typists = new Typists(clock, () => this.#tell());
    this.#marks = new Marks(
      clock,
      () => ({ delivered: this.timeline.newest, read: this.read }),
      pair => Boolean(this.#spoken && this.chat) && this.say({ type: 'mark', ...pair }),
    );
    this.connection = new Connection({
      open,
      hello: () => this.#hello(),
      onFrame: frame => this.apply(frame),
      onPhase: phase => {
        this.timeline.online(phase === 'live');
        if (phase !== 'live') this.typists.clear();
        this.#tell();
      },
      clock,
    });
  }

  /** Server time. */
  get now() {
    return this.#clock.now() + this.#skew;
  }

  /** Is there a chat in which an answer may come? */
  get isLive() {
    return this.chat?.state === 'waiting' || this.chat?.state === 'open';
  }

  /** Is one of these classes kept only after a tick that is not there? @param {string[]} classes */
  needs(...classes) {
    return !this.ticked && classes.some(each => this.law?.asks.includes(each));
  }

  /** The messages of others that this visitor has not seen. */
  get unread() {
    return this.timeline.items.filter(item => item.by !== 'visitor' && item.body.kind === 'text' && item.seq > this.read);
  }

  /** @param {string} by */
  nameOf(by) {
    return this.#names.get(by) ?? '';
  }

  /** What the page around told; before the connection starts. @param {{page?: string, referrer?: string, token: string, kept: boolean}} page */
  begin({ page = '', referrer = '', token, kept }) {
    this.#page = page;
    this.#referrer = referrer;
    this.token = token;
    this.kept = kept;
  }

  /** @param {string} page */
  moved(page) {
    this.#page = page;
    this.say({ type: 'page', page });
  }

  /** The token came, or another tab changed it. @param {string} token @param {boolean} kept */
  adopt(token, kept) {
    this.kept = kept;
    this.#wanted = false;
    if (token === this.token) return;
    const before = this.token;
    this.token = token;
    if (before) this.#startAnew(token ? this.#lately.take() : []);
    else this.#flush();
    this.#tell();
  }

  /** @param {string} text */
  send(text) {
    this.#post(newId(), text);
    this.receipt = null;
    this.#flush();
  }

  /** @param {string} id */
  retry(id) {
    this.timeline.retry(id);
    this.#sent.delete(id);
    this.#flush();
  }

  /** @param {Errand} command */
  errand(command) {
    this.errands.set(command.id, command);
    this.#flush();
    this.#tell();
  }

  /** @param {boolean} on */
  typing(on) {
    if (this.isLive) this.say({ type: 'typing', on });
  }

  /** This visitor has seen all up to here. @param {number} seq */
  see(seq) {
    if (seq <= this.read) return;
    this.read = seq;
    this.#marks.tell();
    this.#tell();
  }

  /** One more page of history. */
  older() {
    const before = this.timeline.items[0]?.seq ?? 0;
    if (!this.chat || !this.timeline.more || this.#asked === before) return;
    if (this.say({ type: 'older', chat: this.chat.id, before })) this.#asked = before;
  }

  /** @param {VisitorFrame} frame */
  apply(frame) {
    if (Object.hasOwn(this.#frames, frame.type)) this.#frames[frame.type](frame);
    if ('id' in frame) this.errands.delete(frame.id ?? '');
    this.dispatchEvent(new CustomEvent('frame', { detail: frame }));
    this.#tell();
  }

  /** @type {Record<string, (frame: any) => void>} what a frame does */
  #frames = {
    welcome: frame => this.#welcome(frame),
    chat: ({ chat }) => this.#take(chat),
    message: frame => this.#message(frame.chat, frame.message),
    marks: ({ chat, delivered, read }) => {
      if (chat === this.#chatId) this.timeline.marks({ delivered, read });
    },
    typing: ({ user, name, on }) => {
      this.#names.set(user, name);
      this.typists.set(user, name, on);
    },
    history: ({ chat, messages, more }) => {
      if (chat === this.#chatId) this.timeline.older({ messages, more });
    },
    availability: ({ availability, people }) => this.#here(availability, people),
    law: ({ law, objected, ticked }) => {
      Object.assign(this, { law, objected, ticked });
      this.#flush();
    },
    erased: ({ chat }) => {
      if (chat === this.#chatId) this.#begin('');
    },
    left: () => {
      this.held = true;
    },
    forgotten: ({ receipt }) => this.#dead(receipt),
    refused: frame => this.#refused(frame),
  };

  #hello() {
    const { site, protocol, language, objected } = this.#config;
    this.#spoken = this.token;
    this.#sent.clear();
    return {
      type: 'hello',
      protocol,
      site,
      language,
      objected,
      ...(this.token && { token: this.token }),
      ...(this.#chatId && { chat: this.#chatId, since: this.timeline.since }),
      ...(this.#page && { page: this.#page }),
      ...(this.#referrer && { referrer: this.#referrer }),
    };
  }

  /** @param {VisitorWelcome} frame */
  #welcome({ now, availability, people, law, held, objected, ticked, receipt, chat, messages, full, more }) {
    const young = !this.law;
    Object.assign(this, { law, held, objected, ticked, refusal: '' });
    if (receipt) return this.#dead(receipt);
    this.#skew = now - this.#clock.now();
    this.#asked = 0;
    this.#here(availability, people);
    this.#begin(chat?.id ?? '');
    if (chat) {
      this.timeline.snapshot({ messages, full, more, upto: chat.pub });
      if (young || !this.read) this.read = Math.max(this.read, this.#seenBefore(chat));
      this.#take(chat);
    }
    this.#marks.tell();
    this.#flush();
  }

  /**
   * Up to where an earlier page showed this chat: as the server says, else up to the visitor's own last words.
   * @param {VisitorChat} chat
   */
  #seenBefore({ seen }) {
    const own = this.timeline.items.findLast(item => item.by === 'visitor' && item.state === 'stored');
    return seen ?? own?.seq ?? 0;
  }

  /** @param {VisitorChat} chat */
  #take(chat) {
    const live = chat.state === 'waiting' || chat.state === 'open';
    if (this.#chatId && chat.id !== this.#chatId && !live) return;
    this.#begin(chat.id);
    if (this.chat && chat.pub < this.chat.pub) return;
    this.chat = chat;
    for (const { id, name } of chat.people) this.#names.set(id, name);
    this.timeline.marks(chat);
  }

  /** @param {string} chat @param {VisitorMessage} message */
  #message(chat, message) {
    if (chat !== this.#chatId && this.#chatId && message.by !== 'visitor') return;
    this.#begin(chat);
    this.held = true;
    this.errands.delete(message.id);
    const isNew = message.seq > this.timeline.newest;
    this.timeline.take(message);
    this.typists.stop(message.by);
    if (message.by === 'visitor') {
      this.read = Math.max(this.read, message.seq);
      return;
    }
    this.#marks.tell();
    if (isNew && message.body.kind === 'text') this.dispatchEvent(new Event('heard'));
  }

  /** This is the chat now; what was stored of another one goes. @param {string} id */
  #begin(id) {
    if (id === this.#chatId) return;
    this.#chatId = id;
    this.chat = null;
    this.read = 0;
    this.#marks.clear();
    this.typists.clear();
    this.timeline.clear();
  }

  /** Another token, or none: everything is asked for again. @param {Array<[string, string]>} wrote */
  #startAnew(wrote) {
    this.#lately.take();
    for (const { id } of this.timeline.items) this.timeline.drop(id);
    this.#begin('');
    this.held = false;
    this.receipt = null;
    for (const [id, text] of wrote) this.#post(id, text);
    this.connection.again();
  }

  /** The token is worth nothing any more. @param {Erasure | null} receipt  because the person was erased */
  #dead(receipt) {
    this.gone = receipt ?? this.gone;
    this.token = '';
    this.#forget();
    this.#startAnew([]);
  }

  /** @param {string} id @param {string} text */
  #post(id, text) {
    this.#lately.wrote(id, text);
    this.timeline.post(id, { kind: 'text', text });
  }

  /** Sends what is pending, once on each socket, after the token was said. */
  #flush() {
    const texts = this.timeline.pending.map(({ id, body }) => ({ type: 'send', id, text: 'text' in body ? body.text : '' }));
    const waiting = [...texts, ...this.errands.values()].filter(({ id }) => !this.#sent.has(id));
    if (!this.token && !this.#wanted && waiting.length) {
      this.#wanted = true;
      this.#want();
    }
    if (!this.token || this.connection.phase !== 'live' || this.needs('message')) return;
    if (!this.#spoken) {
      this.#spoken = this.token;
      this.say({ type: 'enter', token: this.token });
      return;
    }
    for (const command of waiting) {
      this.#sent.add(command.id);
      this.say(/** @type {VisitorCommand} */ (command));
    }
  }

  /** False: it did not go out. @param {VisitorCommand} command */
  say(command) {
    return this.connection.send({ ...command });
  }

  /** @param {'here' | 'away'} availability @param {Person[]} people */
  #here(availability, people) {
    this.availability = availability;
    this.people = people;
    for (const { id, name } of people) this.#names.set(id, name);
  }

  /** @param {Refusal} frame */
  #refused({ code, command, id }) {
    if (command === 'hello') this.refusal = code;
    if (code === 'protocol') {
      this.outdated = true;
      this.connection.stop();
    }
    if (code === 'bad_token' || code === 'token_ended') {
      this.token = this.refusal = '';
      this.#forget();
      this.connection.again();
    }
    if (id && command === 'send') this.timeline.fail(id, code);
    this.dispatchEvent(new CustomEvent('refused', { detail: { code, command } }));
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}
