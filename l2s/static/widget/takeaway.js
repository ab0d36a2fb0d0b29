/**
 * The files that a person takes along: made in this browser, offered as links.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Session} from './session.js'
 */
import { write } from '../shared/dom.js';
import { text } from '../shared/texts.js';
import { asJson, asPage, collected } from './copy.js';

/** A link to a file that is made here; the one before it is let go. @param {HTMLAnchorElement} link @param {string} name @param {string} type @param {string} said */
export function offer(link, name, type, said) {
  letGo(link);
  link.href = URL.createObjectURL(new Blob([said], { type: `${type};charset=utf-8` }));
  link.download = name;
}

/** The file behind a link is no longer held by this page. @param {HTMLAnchorElement} link */
export function letGo(link) {
  if (link.href) URL.revokeObjectURL(link.href);
  link.removeAttribute('href');
}

/** @param {Session} session @param {Slots} slot @param {string} site */
export async function download(session, slot, site) {
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
