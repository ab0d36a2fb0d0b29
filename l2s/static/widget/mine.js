/**
 * My data: what is held about the person of this browser, as the server tells it, and everything they can do with it; the
 * receipt of an erasure; the tick of a law that asks for one. Fetched when one of them is first used.
 *
 * An erasure waits a day in sight: the banner that says so stands above every view, and takes it back.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {MyData} from '../shared/protocol.d.ts'
 * @import {Banner} from './banner.js'
 * @import {HeldRow} from './mydata.js'
 * @import {Session} from './session.js'
 */
import { setDial, slots, stamp, write } from '../shared/dom.js';
import { face } from '../shared/messages.js';
import { text } from '../shared/texts.js';
import { serveAskings } from './askings.js';
import { serveConsent } from './consent.js';
import { asJson, asPage, collected } from './copy.js';
import { receiptFile, receiptLines } from './gone.js';
import { allOf, chatRows, heldRows, momentOf, noteRows, openedRows } from './mydata.js';

const DAY = 86_400_000;

/** @typedef {Awaited<ReturnType<typeof import('./late.js').comeLate>>} Late */

/**
 * @param {Session} session @param {Slots} slot @param {string} site @param {Late} late @param {(on: boolean) => void} show
 */
export async function comeMine(session, slot, site, late, show) {
  const page = await late.bring('mine');
  const own = slots(page.body);
  slot.write.before(own.data, own.erased);
  slot.write.prepend(own.tick);
  document.body.append(...page.querySelectorAll('template'));
  Object.assign(slot, own);
  slot.tickNotice.href = slot.promise.href;
  write(slot.askTo, text('mine.ask.lead', { site }));

  /** @type {MyData | null} */
  let data = null;
  let shown = '';
  /** What is done once the data are here. */
  let then = '';
  const consent = serveConsent(session, slot);
  const askings = serveAskings(session, slot, () => data);
  const ask = () => session.say({ type: 'my_data' });

  /** @type {Record<string, (frame: any) => void>} */
  const heard = {
    my_data(frame) {
      data = frame;
      drawData(slot, frame);
      if (then === 'erase' && frame.held.length && frame.erase_at === null) erase();
      then = '';
    },
    welcome: () => {
      if (shown === 'data' || wished(session)) ask();
      else data = null;
    },
    law: () => shown === 'data' && ask(),
    message: ({ message }) => String(message.body.name).startsWith('erase_') && ask(),
    forgotten: () => {
      data = null;
    },
  };
  session.addEventListener('frame', event => {
    const frame = /** @type {CustomEvent} */ (event).detail;
    if (Object.hasOwn(heard, frame.type)) heard[frame.type](frame);
  });
  slot.data.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || event.isComposing) return;
    event.stopPropagation();
    leave();
  });
  if (wished(session)) ask();

  function leave() {
    if (location.hash === '#data') history.replaceState(null, '', location.pathname + location.search);
    show(false);
  }

  async function erase() {
    if (!data) return;
    const key = data.chats.some(({ law_until }) => law_until) ? 'erase.lead.law' : 'erase.lead';
    const values = { what: allOf(data), when: momentOf(session.now + DAY, session.now) };
    if ((await late.confirmed('erase', values, `ask.${key}`)) && session.say({ type: 'erase_me' })) slot.data.focus();
  }

  /** @type {Record<string, (element: HTMLElement) => unknown>} */
  const verbs = {
    'leave-data': leave,
    unfold: ({ dataset, ariaExpanded }) => (ariaExpanded === 'true' ? askings.fold() : askings.unfold(dataset.then ?? '')),
    fold: () => askings.fold(),
    download: () => download(session, slot, site),
    erase,
    keep: () => session.say({ type: 'keep_me' }),
    object: () => session.say({ type: 'object', on: !session.objected }),
    'receipt-close': () => {
      session.gone = null;
      leave();
    },
  };

  return {
    verbs,
    /** @param {string} view */
    draw(view) {
      if (view === 'data' && shown !== view) {
        ask();
        askings.unfold('');
        clearDone(slot);
      }
      shown = view;
      consent.draw(view);
      const live = session.connection.phase === 'live';
      slot.dataWait.hidden = Boolean(data) || live;
      slot.dataHere.hidden = !data;
      for (const act of slot.data.querySelectorAll('[type=submit], [data-act=erase], [data-act=object], [data-act=download]')) {
        act.ariaDisabled = live ? null : 'true';
      }
      drawErased(session, slot, site);
    },
    /** @returns {Banner | null} */
    banner() {
      if (!data?.erase_at || session.gone) return null;
      const when = momentOf(data.erase_at, session.now);
      return { kind: 'wait', sign: 'clock', words: 'banner.erase', act: 'keep', values: { when } };
    },
    /** The button that led here asks for one thing more. @param {string} [what] */
    next(what = '') {
      late.toggle(false);
      then = what;
      if (then) ask();
      slot.data.focus();
    },
  };
}

/** Does the chat say that an erasure was asked for? @param {Session} session */
const wished = ({ timeline }) => timeline.items.some(({ body }) => body.kind === 'event' && body.name === 'erase_asked');

/** @param {Slots} slot */
function clearDone(slot) {
  for (const each of [slot.doneCorrect, slot.doneState]) write(each, '');
  slot.asked.hidden = slot.files.hidden = true;
}

/** @param {Slots} slot @param {MyData} data */
function drawData(slot, data) {
  const has = data.held.length + data.chats.length > 0;
  slot.dataNone.hidden = has;
  slot.dataHeld.hidden = slot.openState.hidden = !has;
  slot.openErase.hidden = data.erase_at !== null;
  slot.openCorrect.hidden = ['name', 'mail'].every(name => data.never.includes(name));
  slot.heldList.replaceChildren(...heldRows(data).map(heldItem));
  slot.chatList.replaceChildren(...chatRows(data).map(heldItem));
  slot.notesPart.hidden = !data.notes.length;
  slot.noteList.replaceChildren(...noteRows(data).map(noteItem));
  slot.openedPart.hidden = !data.opened.length;
  slot.openedList.replaceChildren(...openedRows(data).map(openedItem));
  slot.neverList.replaceChildren(...data.never.map(neverItem));
  write(slot.objectSaid, text(data.objected ? 'object.on' : 'object.off'));
  write(slot.object, text(data.objected ? 'object.back' : 'object'));
}

/** @param {HeldRow} row */
function heldItem({ title, values, why, until, left }) {
  const { root, slot } = stamp('t-held');
  write(slot.title, title);
  write(slot.until, until);
  slot.dial.toggleAttribute('hidden', left === null);
  if (left !== null) setDial(slot.dial, left);
  slot.value.append(...values.flatMap(({ said, cut }, i) => [i ? ', ' : '', said, cut ? stamp('t-cut').root : '']));
  write(slot.why, why);
  slot.why.hidden = !why;
  return root;
}

/** @param {{said: string, by: string}} row */
function noteItem({ said, by }) {
  const { root, slot } = stamp('t-about');
  write(slot.said, said);
  write(slot.by, by);
  return root;
}

/** @param {{name: string, said: string, when: string}} row */
function openedItem({ name, said, when }) {
  const { root, slot } = stamp('t-opened');
  face(slot.face, name, name);
  write(slot.who, said);
  write(slot.when, when);
  return root;
}

/** @param {string} name */
function neverItem(name) {
  const { root } = stamp('t-never');
  write(root, text(`class.${name}`));
  return root;
}

/** A link to a file that is made here; the one before it is let go. @param {HTMLAnchorElement} link @param {string} name @param {string} type @param {string} said */
function offer(link, name, type, said) {
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([said], { type: `${type};charset=utf-8` }));
  link.download = name;
}

/** @param {Session} session @param {Slots} slot @param {string} site */
async function download(session, slot, site) {
  slot.files.hidden = false;
  slot.filesHere.hidden = true;
  write(slot.filesSaid, text('mine.collecting'));
  try {
    const found = await collected(session);
    const copy = { site, language: document.documentElement.lang, ...found, say: sayer(session, slot, site) };
    const name = `my-data-${new Date(found.data.now).toISOString().slice(0, 10)}`;
    offer(slot.json, `${name}.json`, 'application/json', asJson(copy));
    offer(slot.html, `${name}.html`, 'text/html', asPage(copy));
    slot.filesHere.hidden = false;
    write(slot.filesSaid, text('mine.collected'));
    slot.html.focus();
  } catch {
    write(slot.filesSaid, text('mine.failed'));
  }
}

/** A message in words, and who wrote it. @param {Session} session @param {Slots} slot @param {string} site */
function sayer(session, slot, site) {
  /** @param {import('../shared/protocol.d.ts').VisitorMessage} message */
  return ({ by, at, body }) => {
    if (body.kind === 'event') return { by: '', said: slot.messages.sentence(body.name, body.user ?? '', at) };
    const said = body.kind === 'withdrawn' ? text('withdrawn') : 'text' in body ? (body.text ?? '') : '';
    return { by: by === 'visitor' ? text('copy.you') : session.nameOf(by) || text('copy.team', { site }), said };
  };
}

/** @param {Session} session @param {Slots} slot @param {string} site */
function drawErased({ gone, now }, slot, site) {
  if (!gone || slot.code.textContent === gone.code) return;
  write(slot.code, gone.code);
  const link = new URL(`../receipt/${gone.code}`, location.href).href;
  slot.receiptLink.href = link;
  offer(slot.receiptFile, `receipt-${gone.code}.txt`, 'text/plain', receiptFile(gone, site, link, now));
  const lines = receiptLines(gone, now).map(({ name, said, left }) => {
    const { root, slot: part } = stamp('t-line');
    write(part.name, name);
    write(part.said, said);
    part.dial.toggleAttribute('hidden', left === undefined);
    if (left !== undefined) setDial(part.dial, left);
    return root;
  });
  slot.receiptLines.replaceChildren(...lines);
}
