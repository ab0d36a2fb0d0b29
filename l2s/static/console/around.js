/**
 * What stands around a conversation: the empty pane, this user's own state, the banner of the connection.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Desk} from './desk.js'
 */
import { icon, write } from '../shared/dom.js';
import { initials, text, tintOf } from '../shared/texts.js';
import { unreadMine } from './heed.js';
import { visitorName, whenOf } from './sections.js';

const MINUTE = 60_000;

/** What is true, what happens next, one act. @param {Slots} slot @param {Desk} desk @param {boolean} rings  can it be heard here? */
export function drawNothing(slot, desk, rings) {
  const { waiting, me, talk, current } = desk;
  const missing = Boolean(current && talk?.missing);
  const what = missing ? 'missing' : waiting.length ? 'waiting' : me?.available ? 'quiet' : 'away';
  slot.nothing.toggleAttribute('data-loading', !me || Boolean(current && !missing));
  slot.nothing.toggleAttribute('data-calm', what === 'quiet' || what === 'away');
  const title = slot.nothing.hasAttribute('data-calm') && unreadMine(desk) ? 'quiet.new' : what;
  const lead = what === 'quiet' && !rings ? 'quiet.silent' : what;
  write(slot.nothingTitle, text(`nothing.${title}`, { count: waiting.length }));
  write(slot.nothingLead, text(`nothing.${lead}.lead`, { name: waiting[0] ? visitorName(waiting[0]) : '' }));
  slot.nothingTake.hidden = what !== 'waiting';
  slot.nothingTest.hidden = what !== 'quiet';
  slot.nothingOn.hidden = what !== 'away';
  slot.nothingBack.hidden = what !== 'missing';
}

/** @param {Slots} slot @param {Desk} desk */
export function drawMe(slot, desk) {
  const { me, connection, now } = desk;
  const live = connection.phase === 'live';
  const available = Boolean(me?.available);
  slot.available.ariaChecked = String(available);
  slot.available.ariaDisabled = live ? null : 'true';
  slot.meDot.dataset.on = String(available && live);
  slot.liveDot.dataset.on = String(live);
  write(slot.live, text(live ? 'live' : 'live.not'));
  write(slot.clock, whenOf(now - (now % MINUTE), now));
  if (!me) return;
  write(slot.meName, me.name);
  write(slot.meRole, text(`role.${me.role}`));
  slot.meFace.dataset.tint = tintOf(me.id);
  write(slot.meFace.lastElementChild, initials(me.name));
}

/** The one thing to say above everything, with its one remedy. @param {Slots} slot @param {Desk} desk @param {boolean} slow */
export function drawBanner(slot, desk, slow) {
  const banner = noticeNow(desk, slow);
  slot.banner.hidden = !banner;
  if (!banner) {
    write(slot.bannerLine, '');
    return;
  }
  const { kind, words, remedy } = banner;
  slot.banner.dataset.kind = kind;
  icon(slot.bannerSign, 'clock');
  write(slot.bannerLine, text(words));
  slot.remedy.hidden = !remedy;
  slot.remedy.dataset.act = remedy;
  write(slot.remedy, remedy ? text(`${words}.do`) : '');
}

/** @param {Desk} desk @param {boolean} slow */
function noticeNow({ outdated, me, connection }, slow) {
  if (outdated) return { kind: 'news', words: 'banner.outdated', remedy: 'reload' };
  if (!slow) return null;
  return { kind: 'wait', words: me ? 'banner.again' : 'banner.connecting', remedy: connection.phase === 'waiting' ? 'again' : '' };
}
