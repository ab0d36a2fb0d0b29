/**
 * What a first chat does not need, fetched when it is first used: message form, receipt, menu, why there is no chat, the
 * rarer sentences, with their words and sheet. `bring` fetches such a document for a further part.
 *
 * The markup is a document of its own, so that structure stays in a template; it is read as a document, which is no string
 * that turns into markup (Trusted Types have nothing to say), and its elements move over.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Session} from './session.js'
 */
import { slots, write } from '../shared/dom.js';
import { learn, text } from '../shared/texts.js';
import { serveForm } from './leave.js';
import { serveMenu } from './menu.js';

/** @param {Session} session @param {Slots} slot @param {string} site @param {(form: boolean) => void} show */
export async function comeLate(session, slot, site, show) {
  const page = await bring('late');
  const late = slots(page.body);
  slot.write.before(late.leave, late.receipt, late.broken);
  slot.more.parentElement.append(late.menu);
  document.body.append(late.ask);
  Object.assign(slot, late);
  const form = serveForm(session, slot, site);
  const menu = serveMenu(session, slot, site);
  const verbs = {
    sound: menu.sound,
    'ask-end': menu.end,
    'ask-forget': menu.forget,
    copy: form.copy,
    another: () => {
      form.clear();
      show(session.availability === 'away');
    },
    back: () => show(false),
    'by-mail': () => {
      slot.leaveText.value ||= ownWords(session);
      show(true);
    },
    'chat-instead': () => {
      slot.composer.value = slot.leaveText.value.trim();
      form.clear();
      show(false);
    },
  };
  const draw = () => {
    form.draw();
    menu.draw();
    write(slot.why, text(`error.${session.refusal}`));
  };
  /** What was typed for a chat is not typed again. */
  const moveIn = () => {
    slot.leaveText.value ||= slot.composer.value;
    slot.composer.value = '';
  };
  return { bring, confirmed: menu.confirmed, draw, moveIn, toggle: menu.toggle, verbs };
}

/** A document with its sheet; its words are learned. @param {string} name */
async function bring(name) {
  const [page] = await Promise.all([markup(`${name}.${document.documentElement.lang}.html`), sheet(`${name}.css`)]);
  learn(JSON.parse(page.getElementById('words')?.textContent ?? '{}'));
  return page;
}

/** What the visitor wrote in this chat. @param {Session} session */
function ownWords({ timeline }) {
  const own = timeline.items.filter(({ by }) => by === 'visitor');
  return own.map(({ body }) => (body.kind === 'text' ? body.text : '')).join('\n');
}

/** @param {string} name @returns {Promise<Document>} */
const markup = name =>
  new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open('GET', new URL(name, import.meta.url));
    request.responseType = 'document';
    request.onload = () => (request.response && request.status === 200 ? done(request.response) : failed(request.status));
    request.onerror = failed;
    request.send();
  });

/** @param {string} name @returns {Promise<unknown>} */
const sheet = name =>
  new Promise((done, failed) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL(name, import.meta.url).href;
    link.onload = done;
    link.onerror = failed;
    document.head.append(link);
  });
