/**
 * My data: what is held about the person of this browser, as the server tells it, and everything they can do with it; the
 * receipt of an erasure; the tick of a law that asks for one. Fetched when one of them is first used.
 *
 * An erasure waits a day in sight: the banner that says so stands above every view, and takes it back.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {MyData} from '../shared/protocol.d.ts'
 * @import {Banner} from './banner.js'
 * @import {Session} from './session.js'
 */
import { slots, write } from '../shared/dom.js';
import { text } from '../shared/texts.js';
import { Askings } from './askings.js';
import { Consent } from './consent.js';
import { clearData, clearDone, drawData, drawErased } from './minedraw.js';
import { allOf, momentOf } from './mydata.js';
import { download } from './takeaway.js';

const DAY = 86_400_000;
const NEEDS_SERVER = '[type=submit], [data-act=erase], [data-act=object], [data-act=download]';

/** @typedef {Awaited<ReturnType<typeof import('./late.js').comeLate>>} Late */

/** Does the chat say that an erasure was asked for? @param {Session} session */
const wished = ({ timeline }) => timeline.items.some(({ body }) => body.kind === 'event' && body.name === 'erase_asked');

class Mine {
  /** @type {MyData | null} */
  #data = null;
  #shown = '';
  /** What is done once the data are here. */
  #then = '';
  #session;
  #slot;
  #site;
  #late;
  #show;
  #askings;
  #consent;

  /** @param {Session} session @param {Slots} slot @param {string} site @param {Late} late @param {(on: boolean) => void} show */
  constructor(session, slot, site, late, show) {
    this.#session = session;
    this.#slot = slot;
    this.#site = site;
    this.#late = late;
    this.#show = show;
    this.#askings = new Askings(session, slot, () => this.#data);
    this.#consent = new Consent(session, slot);
    session.addEventListener('frame', event => {
      const frame = /** @type {CustomEvent} */ (event).detail;
      if (Object.hasOwn(this.#heard, frame.type)) this.#heard[frame.type](frame);
    });
    slot.data.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Escape' || event.isComposing) return;
      event.stopPropagation();
      this.#leave();
    });
    if (wished(session)) this.#ask();
  }

  /** @type {Record<string, (element: HTMLElement) => unknown>} */
  verbs = {
    'leave-data': () => this.#leave(),
    unfold: ({ dataset, ariaExpanded }) => (ariaExpanded === 'true' ? this.#askings.fold() : this.#askings.unfold(dataset.then ?? '')),
    fold: () => this.#askings.fold(),
    download: () => download(this.#session, this.#slot, this.#site),
    erase: () => this.#erase(),
    keep: () => this.#session.say({ type: 'keep_me' }),
    object: () => this.#session.say({ type: 'object', on: !this.#session.objected }),
    'receipt-close': () => {
      this.#session.gone = null;
      this.#leave();
    },
  };

  /** @type {Record<string, (frame: any) => void>} */
  #heard = {
    my_data: frame => {
      this.#data = frame;
      drawData(this.#slot, frame);
      if (this.#then === 'erase' && frame.held.length && frame.erase_at === null) this.#erase();
      this.#then = '';
    },
    welcome: ({ receipt }) => {
      if (receipt) this.#clear();
      else if (this.#shown === 'data' || wished(this.#session)) this.#ask();
      else this.#clear();
    },
    law: () => this.#shown === 'data' && this.#ask(),
    message: ({ message }) => String(message.body.name).startsWith('erase_') && this.#ask(),
    forgotten: () => this.#clear(),
  };

  /** @param {string} view */
  draw(view) {
    if (view === 'data' && this.#shown !== view) {
      this.#ask();
      this.#askings.unfold('');
      clearDone(this.#slot);
    }
    this.#shown = view;
    this.#consent.draw(view);
    const live = this.#session.connection.phase === 'live';
    this.#slot.dataWait.hidden = Boolean(this.#data) || live;
    this.#slot.dataHere.hidden = !this.#data;
    for (const act of this.#slot.data.querySelectorAll(NEEDS_SERVER)) act.ariaDisabled = live ? null : 'true';
    drawErased(this.#session, this.#slot, this.#site);
  }

  /** @returns {Banner | null} */
  banner() {
    if (!this.#data?.erase_at || this.#session.gone) return null;
    const when = momentOf(this.#data.erase_at, this.#session.now);
    return { kind: 'wait', sign: 'clock', words: 'banner.erase', act: 'keep', values: { when } };
  }

  /** The button that led here asks for one thing more. @param {string} [what] */
  next = (what = '') => {
    this.#late.toggle(false);
    this.#then = what;
    if (what) this.#ask();
    this.#slot.data.focus();
  };

  #clear() {
    this.#data = null;
    clearData(this.#slot);
  }

  #ask() {
    this.#session.say({ type: 'my_data' });
  }

  #leave() {
    if (location.hash === '#data') history.replaceState(null, '', location.pathname + location.search);
    this.#show(false);
  }

  async #erase() {
    const data = this.#data;
    if (!data) return;
    const lead = data.chats.some(({ law_until }) => law_until) ? 'ask.erase.lead.law' : 'ask.erase.lead';
    const values = { what: allOf(data), when: momentOf(this.#session.now + DAY, this.#session.now) };
    if ((await this.#late.confirmed('erase', values, lead)) && this.#session.say({ type: 'erase_me' })) this.#slot.data.focus();
  }
}

/** @param {Session} session @param {Slots} slot @param {string} site @param {Late} late @param {(on: boolean) => void} show */
export async function comeMine(session, slot, site, late, show) {
  const page = await late.bring('mine');
  const own = slots(page.body);
  slot.write.before(own.data, own.erased);
  slot.write.prepend(own.tick);
  document.body.append(...page.querySelectorAll('template'));
  Object.assign(slot, own);
  slot.tickNotice.href = slot.promise.href;
  write(slot.askTo, text('mine.ask.lead', { site }));
  return new Mine(session, slot, site, late, show);
}
