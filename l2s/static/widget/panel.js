/**
 * The visitor's panel, entry of the frame and of the hosted chat page: the only file that knows session, host and elements.
 *
 * The session changes, `draw` shows it once a frame. Unread and receipts never wait for a drawing: a closed frame gets none.
 * "Read" needs the panel open, the focus inside, and the newest entry in view. What a first chat does not need (form, menu,
 * My data and its receipt, a tick that is asked for, the hosted page's own storage) is fetched when it is first used.
 */
import { realClock } from '../shared/clock.js';
import { Composer } from '../shared/composer.js';
import { dataOf, icon, onActs, perFrame, setDial, slots, write } from '../shared/dom.js';
import { Messages } from '../shared/messages.js';
import { hasText, speak, text, timeOf } from '../shared/texts.js';
import { keepAwake } from '../shared/wake.js';
import { bannerNow } from './banner.js';
import { drawHead, names } from './head.js';
import { meetHost } from './host.js';
import { promised } from './promise.js';
import { Session } from './session.js';

const PATIENCE = 1500;

const config = dataOf('config');
const language = document.documentElement.lang;
speak(language, dataOf('texts'));
const slot = slots(document.body);
/** @type {Messages} */
const list = slot.messages;
/** @type {Composer} */
const composer = slot.composer;
const site = slot.title.textContent;

let isOpen = false;
let hover = true;
let wantsForm = false;
let wantsData = false;
let slow = false;
let shown = '';
let wasLive = true;
let cancelSlow = () => {};
/** @type {import('./host.js').Host} */
let host = () => {};

const session = new Session({
  open: () => new WebSocket(new URL(config.socket, location.href.replace(/^http/, 'ws'))),
  config: { site: config.site, protocol: config.protocol, language, objected: objects() },
  want: () => host('want'),
  forget: () => host('forget'),
  clock: realClock,
});

/** Global Privacy Control and Do Not Track are the Object button, pressed once for all sites. */
function objects() {
  /** @type {any} */
  const { globalPrivacyControl, doNotTrack } = navigator;
  return globalPrivacyControl === true || doNotTrack === '1';
}

/** @type {import('./host.js').Heard} */
const heard = {
  hello(page) {
    session.begin(page);
    keepAwake(session.connection);
  },
  token: ({ token, kept }) => session.adopt(token, kept),
  moved: ({ page }) => session.moved(page),
  open({ open, hover: pointer }) {
    isOpen = open;
    hover = pointer;
    if (open) entered();
  },
};

/** The panel was opened: at the first unread entry, with the focus where one writes, if there is a keyboard at hand. */
function entered() {
  const [first] = session.unread;
  if (first) list.startAt(first.seq);
  else list.toEnd();
  draw();
  focusWriting();
  look();
}

/** A field with the focus raises a phone's keyboard, so there the conversation has it. */
function focusWriting() {
  if (!hover) slot.box.focus({ preventScroll: true });
  else if (shown === 'form') (typed() ? slot.leaveMail : slot.leaveText).focus();
  else composer.focus();
}

/** Has the visitor seen the end? */
function look() {
  const looks = isOpen && !document.hidden && document.hasFocus() && shown === 'chat' && list.atEnd;
  if (looks) session.see(session.timeline.newest);
}

/** What cannot wait for a drawing. */
function tellOutside() {
  look();
  host('unread', { count: session.unread.length });
  if (!session.law) return;
  host('availability', { availability: slow ? '' : session.availability, people: session.people.map(({ name }) => name).slice(0, 3) });
  if (session.token) host('chat', { open: session.isLive || session.timeline.pending.length > 0 });
}

/** Which part is shown. What is being written decides with, so that nobody loses a form under their hands. */
function viewNow() {
  const { chat, receipt, gone, timeline, law, availability, isLive, refusal, outdated } = session;
  if (refusal && !outdated) return 'broken';
  if (gone) return 'erased';
  if (wantsData) return 'data';
  if (receipt) return 'receipt';
  if (wantsForm) return 'form';
  if (isLive || timeline.pending.length || chat) return 'chat';
  if (!law) return 'loading';
  return availability === 'away' || typed() ? 'form' : 'greeting';
}

/**
 * A part from the server, fetched once. Where it cannot come, the next use asks again.
 * @template {{verbs: Record<string, any>}} Part
 * @param {() => Promise<Part>} fetch
 */
function later(fetch) {
  /** @type {Promise<Part> | undefined} */
  let coming;
  const part = {
    /** @type {Part | undefined} */
    here: undefined,
    come() {
      coming ??= fetch().then(here => {
        part.here = here;
        Object.assign(verbs, here.verbs);
        list.renew();
        drawSoon();
        return here;
      });
      coming.catch(() => {
        coming = undefined;
      });
      return coming;
    },
  };
  return part;
}

/** Form, receipt, menu, the rarer sentences. */
const late = later(() => import('./late.js').then(({ comeLate }) => comeLate(session, slot, site, show)));
/** My data, its receipt, the tick. */
const mine = later(() =>
  late.come().then(here => import('./mine.js').then(({ comeMine }) => comeMine(session, slot, site, here, showData))),
);
/** @type {Record<string, {here: unknown, come: () => Promise<unknown>}>} which part brings a view */
const partOf = { form: late, receipt: late, broken: late, data: mine, erased: mine };

/** What stands in the message form. */
const typed = () => slot.leaveText?.value.trim() ?? '';

function draw() {
  let view = viewNow();
  const part = partOf[view];
  if (part && !part.here) {
    part.come();
    view = shown || 'loading';
  }
  if (view === 'form' && shown !== view) late.here?.moveIn();
  slot.panel.dataset.view = view;
  const moved = shown !== view && shown && isOpen;
  shown = view;
  drawHead(slot, session, site, slow);
  drawWords();
  drawBanner();
  drawPromise();
  if (session.law?.asks.length || wished()) mine.come();
  mine.here?.draw(view);
  const typing = session.typists.all;
  list.typing(typing[0]?.id ?? '', typing.length ? text('typing', { count: typing.length, names: names(typing) }) : '');
  if (moved) refocus();
}

/** The part with the focus in it went away. */
function refocus() {
  const { activeElement } = document;
  if (activeElement && activeElement !== document.body && activeElement.checkVisibility()) return;
  if (/receipt|data|erased/.test(shown)) slot[shown].focus();
  else focusWriting();
}

function drawWords() {
  const { chat, people, isLive, availability } = session;
  const away = availability === 'away';
  const owner = isLive && chat?.owner ? session.nameOf(chat.owner) : '';
  const to = owner || (chat && !isLive ? '' : names(people));
  const placeholder = to
    ? text('composer.to', { names: to })
    : text(chat && !isLive ? (away ? 'composer.leave' : 'composer.again') : 'composer');
  composer.words = { placeholder, label: placeholder, send: to ? text('send.to', { names: to }) : text('send') };
  write(slot.reach, people.length ? text('greeting.names', { names: names(people) }) : text('greeting.somebody', { site }));
  slot.more.hidden = !session.token || !chat;
  late.here?.draw();
}

function drawBanner() {
  const banner = bannerNow(session, shown, slow, mine.here?.banner());
  slot.banner.hidden = !banner;
  if (banner && !hasText(banner.words)) late.come();
  write(slot.line, banner ? text(banner.words, banner.values) : '');
  if (!banner) return;
  slot.banner.dataset.kind = banner.kind;
  icon(slot.sign, banner.sign);
  slot.remedy.hidden = !banner.act;
  slot.remedy.dataset.act = banner.act;
  write(slot.remedy, text(`${banner.words}.do`));
}

function drawPromise() {
  const { law, held, objected, chat } = session;
  if (!law) return;
  const { words, left } = promised({ law, held, objected, chat, form: shown === 'form', at: session.now });
  write(slot.promise, words);
  setDial(slot.dial, left);
}

/** Did somebody with this token ask for the erasure of everything? The banner that says so is not of this file. */
const wished = () => session.timeline.items.some(({ body }) => body.kind === 'event' && body.name === 'erase_asked');

/** @param {boolean} on */
function showData(on) {
  wantsData = on;
  draw();
}

/** @param {boolean} form  the message form, though there is a chat */
function show(form) {
  wantsForm = form;
  session.receipt = null;
  draw();
  focusWriting();
}

/** @type {Record<string, (element: HTMLElement) => unknown>} what a click does; late.js adds its own */
const verbs = {
  close: () => host('close'),
  menu: () => late.come().then(({ toggle }) => toggle(slot.menu.hidden)),
  data: ({ dataset }) => {
    showData(true);
    mine.come().then(({ next }) => next(dataset.then));
  },
  older: () => session.older(),
  reload: () => location.reload(),
  again: () => session.connection.again(),
  retry: button => session.retry(button.closest('li')?.dataset.id ?? ''),
  'end-of-list': () => list.toEnd(),
  'by-mail': () => late.come().then(({ verbs }) => verbs['by-mail']()),
};
onActs(verbs);

/** A connection that is only a moment away is not worth a word. */
function watchConnection() {
  const live = session.connection.phase === 'live';
  if (live === wasLive) return;
  wasLive = live;
  cancelSlow();
  slow = false;
  if (live) return;
  cancelSlow = realClock.after(PATIENCE, () => {
    slow = true;
    tellOutside();
    drawSoon();
  });
}

const drawSoon = perFrame(draw);
session.addEventListener('change', () => {
  tellOutside();
  if (session.outdated && !composer.value && !typed()) location.reload();
  watchConnection();
  drawSoon();
});
session.addEventListener('refused', () => late.come());
composer.addEventListener('l2s:send', (/** @type {any} */ event) => {
  const away = session.law && session.availability === 'away' && !session.isLive;
  if (away || session.needs('message')) {
    event.preventDefault();
    if (away) late.come().then(() => show(true));
    else session.dispatchEvent(new Event('tick'));
    return;
  }
  list.toEnd();
  session.send(event.detail.text);
});
composer.addEventListener('l2s:typing', (/** @type {any} */ event) => session.typing(event.detail.on));
list.addEventListener('l2s:older', () => session.older());
list.addEventListener('l2s:seen', look);
addEventListener('focus', look);
document.addEventListener('visibilitychange', look);
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || event.isComposing || slot.ask?.open) return;
  if (slot.menu?.hidden === false) {
    late.here?.toggle(false);
    slot.more.focus();
  } else host('close');
});

list.isMine = by => by === 'visitor';
list.nameOf = by => session.nameOf(by);
list.sentence = (name, user, at) => {
  const time = timeOf(at);
  const said = text(`event.${name}${time && '.at'}`, { site, time, name: session.nameOf(user) }) || text(`event.${name}`);
  if (!said && !late.here) late.come();
  return said;
};
list.timeline = session.timeline;
slot.promise.href = config.notice;
slot.close.hidden = parent === window;
if (parent !== window) host = meetHost(heard);
else {
  import('./hosted.js').then(({ standAlone }) => {
    host = standAlone(heard, config.site);
  });
}
