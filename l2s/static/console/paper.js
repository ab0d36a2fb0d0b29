/**
 * The whole conversation on paper or on the clipboard: the earlier pages are fetched first, so nothing is missing from it.
 *
 * @import {Desk} from './desk.js'
 */
import { visitorName } from './sections.js';
import { transcript } from './transcript.js';

/** Fetches what is not here yet; resolves to whether all is. @param {Desk} desk */
async function whole(desk) {
  const { current, talk } = desk;
  while (talk?.timeline.more && talk.ready && desk.current === current) {
    desk.older(current);
    await new Promise(changed => desk.addEventListener('change', changed, { once: true }));
  }
  return Boolean(talk && !talk.timeline.more);
}

/** @param {Desk} desk @param {(by: string) => string} nameOf  resolves to whether it is on the clipboard now */
export async function copied(desk, nameOf) {
  const chat = desk.chats.get(desk.current);
  if (!chat || !(await whole(desk)) || !desk.talk) return false;
  return put(transcript(desk.talk.timeline, visitorName(chat), nameOf));
}

/** @param {Desk} desk */
export async function printed(desk) {
  await whole(desk);
  await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  print();
}

/** Plain http has no clipboard: a field that is copied from stands in. @param {string} words */
async function put(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.className = 'unseen';
    field.value = words;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}
