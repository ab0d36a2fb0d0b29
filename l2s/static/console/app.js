/**
 * The operator's console, entry: the only file that knows desk, address and elements.
 *
 * The desk changes, `draw` shows it once a frame. Title, badge, bell and receipts never wait for a drawing: a hidden tab
 * gets none. "Read" needs the window in focus, and the newest line of the chat in view.
 *
 * @import {TeamChat} from '../shared/protocol.d.ts'
 * @import {Place} from './router.js'
 * @import {Group} from './sections.js'
 */
import { realClock } from '../shared/clock.js';
import { Composer } from '../shared/composer.js';
import { dataOf, onActs, perFrame, slots, write } from '../shared/dom.js';
import { Messages } from '../shared/messages.js';
import { speak, text } from '../shared/texts.js';
import { keepAwake } from '../shared/wake.js';
import { Alarm } from './alarm.js';
import { drawBanner, drawMe, drawNothing } from './around.js';
import { askAct, askErase, askJoin } from './asks.js';
import { drawCard } from './card.js';
import { Desk } from './desk.js';
import { showKeys } from './dialogs.js';
import { drawTalkHead, wearTint } from './head.js';
import { hearTold } from './hear.js';
import { dial, heed, unreadMine } from './heed.js';
import { Inbox } from './inbox.js';
import { onKeys } from './keys.js';
import { followed, instead, openActs, signedOut } from './moves.js';
import { copied, printed } from './paper.js';
import { Patience } from './patience.js';
import { Router } from './router.js';
import { groupOf, sections, visitorName } from './sections.js';
import { eventSentence } from './sentences.js';
import { Toasts } from './toasts.js';
import { Writing } from './writing.js';

const SEARCH = 250;
const TICK = 1000;

const config = dataOf('config');
speak(document.documentElement.lang, dataOf('texts'));
const slot = slots(document.body);
const root = slot.desk;
/** @type {Inbox} */
const inbox = slot.inbox;
/** @type {Messages} */
const list = slot.messages;
/** @type {Composer} */
const composer = slot.composer;
const desk = new Desk({
  open: () => dial(config),
  config,
  clock: realClock,
});
const router = new Router(config.base, show);
const writing = new Writing(composer, slot, desk);
const toasts = new Toasts(slot.toasts, realClock);
const alarm = new Alarm(slot, realClock);
const drawSoon = perFrame(draw);
const patience = new Patience(realClock, drawSoon);
const signIn = () => location.assign(`${config.base}login`);

let shown = '';
let phase = '';
let cancelSearch = () => {};
/** @type {Element | null} what opened the card */
let opener = null;

/** With a keyboard at hand the focus goes where one writes; on a phone it would only raise the keyboard. */
const hover = matchMedia('(hover: hover)');
const chatNow = () => desk.chats.get(desk.current);
/** @param {string} by */
const nameOf = by => desk.people.get(by)?.name ?? (by === 'visitor' ? visitorIn(chatNow()) : by && by !== 'system' ? text('somebody') : '');
/** @param {TeamChat | undefined} chat */
const visitorIn = chat => (chat ? visitorName(chat) : '');

inbox.hrefOf = chat => router.href({ chat });
list.isMine = by => by !== 'visitor' && by !== 'system';
list.nameOf = nameOf;
list.sentence = (name, user, at, waited) => eventSentence(name, { name: nameOf(user), visitor: visitorIn(chatNow()), at, waited });

/** What the address says is shown. @param {Place} place */
function show({ chat, card }) {
  root.dataset.pane = chat ? (card ? 'card' : 'chat') : 'list';
  if (chat === desk.current && shown === chat) return draw();
  writing.show(chat);
  desk.show(chat);
  draw();
}

/** A chat is opened by a person: the focus follows. @param {string} chat @param {boolean} [writes]  it was taken, to be answered */
function open(chat, writes = false) {
  router.go({ chat });
  focusWriting(writes);
}

/** The card is opened, or closed again: the focus goes in where it covers, and back to what opened it. @param {boolean} on */
function turnCard(on) {
  if (on) opener = document.activeElement;
  router.go({ chat: desk.current, card: on });
  if (on && slot.cardBack.checkVisibility()) slot.cardBack.focus();
  if (on) return;
  const isThere = opener instanceof HTMLElement && opener !== document.body && opener.checkVisibility();
  const back = isThere ? opener : slot.toCard.checkVisibility() ? slot.toCard : slot.box;
  back.focus({ preventScroll: true });
}

/** @param {boolean} [writes]  also where that raises a keyboard */
function focusWriting(writes = false) {
  if (!slot.talk.checkVisibility()) return;
  if (!hover.matches && !writes) slot.talkTitle.focus({ preventScroll: true });
  else if (slot.field.checkVisibility()) composer.focus();
  else if (slot.gateAct.checkVisibility()) slot.gateAct.focus();
  else slot.box.focus({ preventScroll: true });
}

function toList() {
  const { current } = desk;
  router.go({});
  if (current) inbox.focusRow(current);
}

const inView = () => !document.hidden && list.atEnd && slot.box.checkVisibility();

/** Has this user seen the end? */
function look() {
  const { talk, current } = desk;
  if (talk?.ready && inView() && document.hasFocus()) desk.see(current, talk.timeline.newest);
}

/** What cannot wait for a drawing. */
function told() {
  const count = heed(desk, slot, alarm);
  const title = chatNow() ? visitorIn(chatNow()) : text('inbox');
  const whole = text(count ? 'title.count' : 'title', { count, title });
  if (document.title !== whole) document.title = whole;
  write(slot.pageTitle, title);
  look();
}

function draw() {
  const chat = chatNow();
  const { talk, me } = desk;
  if (shown !== desk.current || list.timeline !== (talk?.timeline ?? null)) swap();
  root.toggleAttribute('data-welcomed', Boolean(me));
  inbox.show(sections(desk, alarm.rings));
  slot.talk.hidden = !chat || Boolean(talk?.missing);
  slot.card.hidden = slot.talk.hidden;
  slot.nothing.hidden = !slot.talk.hidden;
  slot.loading.hidden = Boolean(talk?.loaded);
  if (chat && talk && !talk.missing) drawChat(chat);
  else drawNothing(slot, desk, alarm.rings);
  write(slot.noneWaiting, text(unreadMine(desk) ? 'nothing.quiet.new' : 'nothing.quiet'));
  drawMe(slot, desk);
  drawBanner(slot, desk, patience.isOver);
  alarm.draw(!slot.banner.hidden);
}

/** Another conversation: what it had not shown yet comes first. */
function swap() {
  shown = desk.current;
  const chat = chatNow();
  list.timeline = null;
  list.timeline = desk.talk?.timeline ?? null;
  const read = chat?.marks.find(({ user }) => user === desk.me?.id)?.read ?? 0;
  if (chat && read && desk.unread(chat)) list.startAt(read + 1);
}

/** @param {TeamChat} chat */
function drawChat(chat) {
  const { talk } = desk;
  if (!talk) return;
  wearTint(list, chat);
  drawTalkHead(slot, desk, talk, chat);
  writing.draw(chat);
  drawCard(slot, desk, talk, chat);
  if (talk.ready && inView()) talk.shown = talk.timeline.newest;
}

/** T: the row in focus, else the chat that is shown, else who waits longest. */
function takeOne() {
  const candidates = [inbox.focused, desk.current, desk.waiting[0]?.id ?? ''];
  const id = candidates.find(each => ['waiting', 'left'].includes(desk.chats.get(each)?.state ?? ''));
  if (id) desk.take(id);
}

async function close() {
  if (await askAct(desk, 'end')) toList();
}

/** @param {HTMLElement} element */
const chatOf = element => element.closest('[data-chat]')?.getAttribute('data-chat') ?? '';

onActs({
  show: (link, event) => followed(event, () => open(chatOf(link))),
  list: (_, event) => followed(event, toList),
  take: button => desk.take(chatOf(button)),
  'take-this': () => desk.take(desk.current),
  'take-first': takeOne,
  join: () => void askJoin(desk, desk.current),
  fold: button => inbox.fold(/** @type {Group} */ (button.closest('[data-group]')?.getAttribute('data-group'))),
  'more-closed': () => desk.shelf.more(),
  acts: () => openActs(slot, !slot.acts.hasAttribute('data-open')),
  unread: () => {
    const { current } = desk;
    desk.unsee(current);
    toList();
  },
  'give-back': () => void askAct(desk, 'give_back'),
  end: () => void close(),
  card: () => turnCard(!router.place.card),
  'card-close': (_, event) => followed(event, () => turnCard(false)),
  copy: () => void copied(desk, nameOf).then(done => toasts.say(text(done ? 'copied' : 'copied.not'), { sign: 'copy', stays: !done })),
  print: () => void printed(desk),
  erase: () => void askErase(desk),
  'turn-message': () => turn('message'),
  'turn-note': () => turn('note'),
  retry: button => desk.retry(desk.current, button.closest('li')?.dataset.id ?? ''),
  older: () => desk.older(desk.current),
  'end-of-list': () => list.toEnd(),
  available: () => desk.available(!desk.me?.available),
  again: () => desk.connection.again(),
  reload: () => location.reload(),
  keys: () => showKeys(),
  'toast-close': button => button.closest('.toast')?.remove(),
  ...alarm.acts,
});

/** @param {'message' | 'note'} mode */
function turn(mode) {
  writing.turn(mode);
  draw();
  focusWriting();
}

/** @param {KeyboardEvent} event @param {number} step */
function rove(event, step) {
  if (!(event.target instanceof Element) || !event.target.closest('l2s-inbox')) return;
  instead(event, () => inbox.move(step));
}

onKeys({
  j: event => instead(event, () => inbox.move(1)),
  k: event => instead(event, () => inbox.move(-1)),
  ArrowDown: event => rove(event, 1),
  ArrowUp: event => rove(event, -1),
  Home: event => rove(event, -Infinity),
  End: event => rove(event, Infinity),
  t: event => instead(event, takeOne),
  r: event => instead(event, () => turn('message')),
  '/': event => instead(event, () => (desk.current ? turn('message') : searchClosed())),
  n: event => instead(event, () => turn('note')),
  e: event => instead(event, () => void close()),
  c: event => instead(event, () => desk.current && turnCard(!router.place.card)),
  '?': event => instead(event, showKeys),
  Escape: event => back(event),
});

function searchClosed() {
  if (slot.closedFold.ariaExpanded === 'false') inbox.fold('closed');
  slot.search.focus();
}

/** Esc: one step out of where one is. @param {KeyboardEvent} event */
function back(event) {
  if (slot.acts.hasAttribute('data-open')) {
    openActs(slot, false);
    slot.actsMore.focus();
  } else if (slot.me.open) {
    slot.me.open = false;
    slot.me.querySelector('summary').focus();
  } else if (router.place.card) turnCard(false);
  else if (event.target === slot.search) slot.closedFold.focus();
  else if (event.target === slot.field) inbox.focusRow(desk.current);
  else if (desk.current) toList();
}

desk.addEventListener('change', () => {
  told();
  if (desk.outdated && !writing.dirty) location.reload();
  patience.tell(desk.connection.phase === 'live');
  void suspect();
  drawSoon();
});

/** A socket that is refused tells no reason. After a long sleep it may be that the session ended: ask the page. */
async function suspect() {
  if (phase === desk.connection.phase) return;
  phase = desk.connection.phase;
  if (phase === 'waiting' && patience.isOver && (await signedOut(config.base))) signIn();
}

hearTold({ desk, writing, toasts, list, open, toList, signIn });

composer.addEventListener('l2s:send', event => {
  const { current } = desk;
  const chat = chatNow();
  if (!(event instanceof CustomEvent) || !chat) return;
  if (writing.mode === 'message' && groupOf(desk, chat) !== 'mine') {
    event.preventDefault();
    return;
  }
  list.toEnd();
  desk.post(current, writing.mode, event.detail.text);
  writing.sent();
});
composer.addEventListener('l2s:typing', event => {
  if (event instanceof CustomEvent) writing.typing(event.detail.on);
});
inbox.addEventListener('l2s:fold', event => {
  if (event instanceof CustomEvent && event.detail.group === 'closed' && !desk.shelf.listed) desk.shelf.open();
});
slot.search.addEventListener('input', () => {
  cancelSearch();
  cancelSearch = realClock.after(SEARCH, () => {
    desk.shelf.open(slot.search.value.trim());
    drawSoon();
  });
});
slot.tabs.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
  turn(writing.mode === 'note' ? 'message' : 'note');
  slot[writing.mode === 'note' ? 'tabNote' : 'tabMessage'].focus();
});
list.addEventListener('l2s:older', () => desk.older(desk.current));
list.addEventListener('l2s:seen', look);
addEventListener('focus', look);
document.addEventListener('visibilitychange', look);
document.addEventListener('click', event => {
  const at = event.target instanceof Element ? event.target : document.body;
  if (slot.acts.hasAttribute('data-open') && !at.closest('[data-act="acts"]')) openActs(slot, false);
  if (slot.me.open && !at.closest('.me')) slot.me.open = false;
});
alarm.addEventListener('change', drawSoon);

/** One ticker for all that waits, while somebody looks. */
function tick() {
  realClock.after(TICK - (realClock.now() % TICK), tick);
  if (!document.hidden && desk.me) draw();
}

show(router.place);
tick();
keepAwake(desk.connection);
