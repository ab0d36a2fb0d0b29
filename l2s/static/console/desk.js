/**
 * The desk of one user: every live chat, the conversations opened here, who is around. Frames in, verbs out. No DOM.
 *
 * Invariants: a snapshot and the frames after it leave the same desk as a fresh snapshot. Whole rows replace whole rows,
 * unless they are older; a message carries the counters of its chat, so a row follows it without another frame. After every
 * welcome the open conversations are asked for from where they are known, then what is pending goes out with the same ids.
 * Dispatches `change` after anything, and `told` with what a person should hear of once (Told).
 *
 * @import {Clock} from '../shared/clock.js'
 * @import {Socket} from '../shared/connection.js'
 * @import {Colleague, Me, Refusal, SiteView, TeamChat, TeamMessageFrame, UserCommand, UserFrame, UserWelcome} from '../shared/protocol.d.ts'
 * @import {Mode} from './talk.js'
 */
import { Connection } from '../shared/connection.js';
import { Typists } from '../shared/typists.js';
import { Shelf } from './shelf.js';
import { Talk } from './talk.js';
import { Watermarks } from './watermarks.js';

/**
 * took: this user's take went through · lost: somebody else was first · back: a text returns, it was not sent (`code`:
 * newer_lines, take_first, join_first, or why a note failed) · gone: a chat was erased · refused: anything else · signed_out
 * @typedef {{what: 'took' | 'lost' | 'back' | 'gone' | 'refused' | 'signed_out', chat: string, user: string,
 *   code: string, command: string, text: string, mode: Mode}} Told
 */

const KEPT = 30;
const LINE = 140;
const TICK = 1000;

export class Desk extends EventTarget {
  /** @type {Me | null} null = no welcome yet */
  me = null;
  /** @type {Map<string, Colleague>} */
  people = new Map();
  /** @type {Map<string, SiteView>} */
  sites = new Map();
  /** @type {Map<string, TeamChat>} all that are live or left, and the closed ones that were listed or opened */
  chats = new Map();
  /** How many closed chats there are. */
  closed = 0;
  /** @type {Map<string, Talk>} the conversations opened here, the newest last */
  talks = new Map();
  /** The chat that is shown, '' = none. */
  current = '';
  /** The server speaks a newer wire: reload when nothing is being written. */
  outdated = false;

  #config;
  #clock;
  #skew = 0;
  #marks;
  /** @type {Map<string, Typists>} */
  #typing = new Map();
  /** @type {Map<string, number>} the seq of a row's line, where it is known */
  #lines = new Map();
  /** @type {Set<string>} chats that this user tries to take */
  #taking = new Set();

  /**
   * @param {object} parts
   * @param {() => Socket} parts.open
   * @param {{protocol: number}} parts.config
   * @param {Clock} parts.clock
   */
  constructor({ open, config, clock }) {
    super();
    this.#config = config;
    this.#clock = clock;
    this.#marks = new Watermarks(clock, (chat, mark) => this.#command({ type: 'mark', chat, ...mark }));
    this.shelf = new Shelf((text, before) => this.#command({ type: 'list', text, before }));
    this.connection = new Connection({
      open,
      hello: () => ({ type: 'hello', protocol: this.#config.protocol }),
      onFrame: frame => this.apply(frame),
      onPhase: phase => {
        if (phase !== 'live') this.#cut();
        this.#tell();
      },
      clock,
    });
  }

  /** Server time at the last tick: between two ticks no row's time changes, whatever is drawn. */
  get now() {
    const now = this.#clock.now();
    return now - (now % TICK) + this.#skew;
  }

  /** The conversation that is shown. */
  get talk() {
    return this.talks.get(this.current);
  }

  /** Those who wait, the longest first. */
  get waiting() {
    return [...this.chats.values()].filter(({ state }) => state === 'waiting').sort((a, b) => (a.opened ?? 0) - (b.opened ?? 0));
  }

  /** Is this user in the chat? @param {TeamChat} chat */
  isMine({ state, owner, marks }) {
    const id = this.me?.id;
    return state === 'open' && (owner === id || marks.some(({ user, joined }) => joined && user === id));
  }

  /** How many of the visitor's messages this user has not seen. @param {TeamChat} chat */
  unread({ said, marks }) {
    return Math.max(0, said - (marks.find(({ user }) => user === this.me?.id)?.heard ?? 0));
  }

  /** Who writes in a chat: user ids, '' for the visitor. @param {string} chat */
  typists(chat) {
    return (this.#typing.get(chat)?.all ?? []).map(({ id }) => id);
  }

  /** @param {string} chat */
  show(chat) {
    this.current = chat;
    if (chat) this.#open(this.#talkOf(chat));
    this.#tell();
  }

  /** @param {string} chat */
  take(chat) {
    this.#taking.add(chat);
    this.#command({ type: 'take', chat });
  }

  /** @param {'join' | 'give_back' | 'end' | 'erase'} type @param {string} chat */
  ask(type, chat) {
    this.#command({ type, chat });
  }

  /** @param {boolean} on */
  available(on) {
    this.#command({ type: 'available', on });
  }

  /** @param {string} chat @param {Mode} mode @param {string} text */
  post(chat, mode, text) {
    const talk = this.#talkOf(chat);
    talk.post(mode, text);
    this.#flush(talk);
    this.#tell();
  }

  /** @param {string} chat @param {string} id */
  retry(chat, id) {
    const talk = this.#talkOf(chat);
    talk.retry(id);
    this.#flush(talk);
  }

  /** @param {string} chat @param {boolean} on */
  typing(chat, on) {
    if (this.chats.get(chat)?.state === 'open') this.#command({ type: 'typing', chat, on });
  }

  /** This user has seen the end of the chat that is shown. @param {string} chat @param {number} seq */
  see(chat, seq) {
    const row = this.chats.get(chat);
    if (!row || row.state === 'closed') return;
    const read = row.marks.find(({ user }) => user === this.me?.id)?.read ?? 0;
    if (seq > read) this.#marks.tell(chat, { delivered: seq, read: seq });
  }

  /** The visitor's last words count as new again. @param {string} chat */
  unsee(chat) {
    const said = this.#talkOf(chat).timeline.items.findLast(({ by, state }) => by === 'visitor' && state === 'stored');
    if (!said) return;
    this.#marks.fall(chat, said.seq - 1);
    this.#command({ type: 'mark', chat, read: said.seq - 1, unread: true });
  }

  /** One more page of history. @param {string} chat */
  older(chat) {
    const before = this.#talkOf(chat).nextPage();
    if (before) this.#command({ type: 'older', chat, before });
  }

  /** @param {UserFrame} frame */
  apply(frame) {
    const isShown = !Object.hasOwn(this.#frames, frame.type) || this.#frames[frame.type](frame) !== false;
    if (isShown) this.#tell();
  }

  /** @type {Record<string, (frame: any) => unknown>} what a frame does; false = nothing that is shown changed */
  #frames = {
    welcome: frame => this.#welcome(frame),
    chat: ({ chat }) => this.#row(chat),
    message: frame => this.#message(frame),
    marks: ({ chat, user, ...marks }) => this.#marked(chat, user, marks),
    typing: ({ chat, user, on }) => this.#types(chat, user ?? '', on),
    conversation: frame => {
      this.#row(frame.chat);
      const talk = this.#talkOf(frame.chat.id);
      talk.take(frame);
      this.#flush(talk);
    },
    history: ({ chat, messages, more }) => this.talks.get(chat)?.timeline.older({ messages, more }),
    listing: ({ chats, next }) => {
      for (const chat of chats) this.#row(chat);
      this.shelf.take(next);
    },
    person: ({ person }) => this.#person(person),
    erased: ({ chat }) => this.#erased(chat),
    signed_out: () => this.#say('signed_out', {}),
    refused: frame => this.#refused(frame),
  };

  /** @param {UserWelcome} frame */
  #welcome({ now, me, people, sites, chats, closed }) {
    this.#skew = now - this.#clock.now();
    Object.assign(this, { me, closed });
    this.people = new Map(people.map(each => [each.id, each]));
    this.sites = new Map(sites.map(each => [each.id, each]));
    this.chats = new Map(chats.map(each => [each.id, each]));
    this.#lines.clear();
    if (this.shelf.listed) this.shelf.open();
    for (const talk of [...this.talks.values()]) {
      if (talk.id === this.current || talk.timeline.pending.length) this.#open(talk);
      else this.talks.delete(talk.id);
    }
    for (const chat of chats) this.#delivered(chat);
  }

  /** @param {TeamChat} chat */
  #row(chat) {
    const before = this.chats.get(chat.id);
    if (before && before.rev > chat.rev) return;
    if (before && before.state !== 'closed' && chat.state === 'closed') this.closed += 1;
    this.chats.set(chat.id, chat);
    this.#lines.delete(chat.id);
    this.talks.get(chat.id)?.timeline.marks(chat);
    if (chat.owner === this.me?.id && this.#taking.delete(chat.id)) this.#say('took', { chat: chat.id });
    this.#delivered(chat);
  }

  /** @param {TeamMessageFrame} frame */
  #message({ chat: id, rev, pub, said, message }) {
    const { by, seq, body, at } = message;
    if (body.kind === 'event' && body.name === 'reopened') this.closed -= 1;
    this.talks.get(id)?.timeline.take(message);
    this.#types(id, by === 'visitor' ? '' : by, false);
    const row = this.chats.get(id);
    if (!row || rev < row.rev) return;
    const isLine = body.kind !== 'event' && seq >= (this.#lines.get(id) ?? pub);
    if (isLine) this.#lines.set(id, seq);
    const text = 'text' in body && body.text ? [...body.text].slice(0, LINE).join('') : null;
    const line = { by, kind: body.kind === 'withdrawn' ? 'text' : body.kind, text, at };
    const next = { ...row, rev, pub, said, line: isLine ? line : row.line };
    this.chats.set(id, next);
    this.#delivered(next);
  }

  /**
   * That something is delivered to a colleague is shown nowhere; the echo of one's own mark comes with every message.
   * @param {string} id @param {string | null} user @param {{delivered: number, read: number, heard: number}} marks
   */
  #marked(id, user, { delivered, read, heard }) {
    const row = this.chats.get(id);
    if (!row) return false;
    if (user === null) {
      this.chats.set(id, { ...row, delivered, read });
      this.talks.get(id)?.timeline.marks({ delivered, read });
      return true;
    }
    const before = row.marks.find(each => each.user === user);
    const mark = { user, joined: before?.joined ?? false, delivered, read, heard };
    const marks = before ? row.marks.map(each => (each === before ? mark : each)) : [...row.marks, mark];
    this.chats.set(id, { ...row, marks });
    return read !== (before?.read ?? 0) || heard !== (before?.heard ?? 0);
  }

  /** What came is delivered as soon as one colleague who may answer has it. @param {TeamChat} chat */
  #delivered(chat) {
    if (!this.me || (chat.state !== 'waiting' && !this.isMine(chat))) return;
    const has = Math.max(0, ...chat.marks.map(({ delivered }) => delivered));
    if (chat.pub > has && chat.line?.by === 'visitor') this.#marks.tell(chat.id, { delivered: chat.pub, read: 0 });
  }

  /** @param {string} chat @param {string} user @param {boolean} on */
  #types(chat, user, on) {
    if (user && user === this.me?.id) return;
    const typists = this.#typing.get(chat) ?? new Typists(this.#clock, () => this.#tell());
    typists.set(user, '', on);
    if (typists.all.length) this.#typing.set(chat, typists);
    else this.#typing.delete(chat);
  }

  /** @param {Colleague} person */
  #person(person) {
    this.people.set(person.id, person);
    if (person.id !== this.me?.id) return;
    const { name, role, available } = person;
    this.me = { ...this.me, name, role, available };
  }

  /** @param {string} id */
  #erased(id) {
    const state = this.chats.get(id)?.state ?? 'closed';
    if (state === 'closed') this.closed -= 1;
    this.chats.delete(id);
    const talk = this.talks.get(id);
    this.talks.delete(id);
    if (!talk) return;
    talk.timeline.clear();
    this.#say('gone', { chat: id });
  }

  /** @param {Refusal} frame */
  #refused({ code, command, id, chat, data }) {
    if (code === 'signed_out') this.#say('signed_out', {});
    if (code === 'protocol') {
      this.outdated = true;
      this.connection.stop();
    }
    if (command === 'list') this.shelf.cut();
    if (command === 'take') this.#taking.delete(chat ?? '');
    const talk = this.talks.get(chat ?? '');
    if (talk && command === 'open') talk.missing = code === 'not_found';
    if (talk && id) this.#unsent(talk, id, code, command, String(data.user ?? ''));
    else if (command === 'take' && code === 'taken') this.#say('lost', { chat, user: data.user });
    else if (!['mark', 'typing', 'hello', 'older'].includes(command)) this.#say('refused', { chat, code, command });
  }

  /**
   * A text that may go out after one more act returns to its author; one that cannot stays, told as failed.
   * @param {Talk} talk @param {string} id @param {string} code @param {string} command @param {string} user
   */
  #unsent(talk, id, code, command, user) {
    const mode = command === 'note' ? 'note' : 'message';
    if (mode === 'message' && !['newer_lines', 'take_first', 'join_first'].includes(code)) {
      talk.timeline.fail(id, code);
      return;
    }
    if (code === 'newer_lines') talk.held = true;
    this.#say('back', { chat: talk.id, code, user, mode, text: talk.takeBack(id) });
  }

  #cut() {
    for (const talk of this.talks.values()) talk.cut();
    for (const typists of this.#typing.values()) typists.clear();
    this.#typing.clear();
    this.#taking.clear();
    this.#marks.clear();
    this.shelf.cut();
  }

  /** @param {string} id */
  #talkOf(id) {
    const talk = this.talks.get(id) ?? new Talk(id, this.me?.id ?? '', this.#clock);
    this.talks.delete(id);
    this.talks.set(id, talk);
    for (const [old, { timeline }] of this.talks) {
      if (this.talks.size <= KEPT) break;
      if (old !== id && old !== this.current && !timeline.pending.length) this.talks.delete(old);
    }
    return talk;
  }

  /** @param {Talk} talk */
  #open(talk) {
    if (!talk.timeline.me) talk.timeline.me = this.me?.id ?? '';
    if (!talk.ready) this.#command({ type: 'open', chat: talk.id, since: talk.timeline.since });
  }

  /** @param {Talk} talk */
  #flush(talk) {
    if (this.connection.phase !== 'live') return;
    for (const command of talk.outgoing()) this.#command(command);
  }

  /** @param {UserCommand} command */
  #command(command) {
    return this.connection.send({ ...command });
  }

  /** @param {Told['what']} what @param {Record<string, unknown>} more */
  #say(what, more) {
    const plain = { chat: '', user: '', code: '', command: '', text: '', mode: 'message' };
    this.dispatchEvent(new CustomEvent('told', { detail: { ...plain, ...more, what } }));
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}
