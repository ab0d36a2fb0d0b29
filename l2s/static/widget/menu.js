/**
 * What stands behind the "More" button: sound, end, forget, delete; and the question before a step that cannot be undone.
 *
 * The sound is two short tones, made here; the click that asks for it is also the one that browsers want before they play.
 * The choice lives as long as the page: nothing is stored.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Session} from './session.js'
 */
import { write } from '../shared/dom.js';
import { text } from '../shared/texts.js';

/** @type {AudioContext | null} */
let player = null;

/** @param {Session} session @param {Slots} slot @param {string} site */
export function serveMenu(session, slot, site) {
  /** @param {boolean} on */
  const toggle = on => {
    slot.menu.hidden = !on;
    slot.more.ariaExpanded = String(on);
    if (on) slot.menu.querySelector('button:not([hidden])')?.focus();
  };
  /** @param {'end' | 'forget'} what */
  const asked = what => {
    toggle(false);
    return confirmed(slot, what, { site });
  };
  document.addEventListener('click', event => {
    if (!slot.menu.hidden && event.target instanceof Element && !event.target.closest('[data-act="menu"], .menu')) toggle(false);
  });
  session.addEventListener('heard', () => {
    if (slot.sound.ariaPressed === 'true') chime();
  });
  return {
    draw() {
      slot.end.hidden = !session.isLive;
      write(slot.forgetSaid, text('menu.forget', { site }));
      write(slot.eraseSaid, text('menu.erase'));
      slot.end.ariaDisabled = slot.forget.ariaDisabled = session.connection.phase === 'live' ? null : 'true';
    },
    toggle,
    confirmed: (/** @type {'erase'} */ what, /** @type {Record<string, string>} */ values, /** @type {string} */ lead) =>
      confirmed(slot, what, values, lead),
    end: async () => (await asked('end')) && session.say({ type: 'end' }),
    forget: async () => (await asked('forget')) && session.say({ type: 'forget' }),
    sound() {
      const on = slot.sound.ariaPressed !== 'true';
      slot.sound.ariaPressed = String(on);
      if (on) chime();
    },
  };
}

/**
 * Asks, with the focus on the harmless answer.
 * @param {Slots} slot @param {'end' | 'forget' | 'erase'} what @param {Record<string, string>} values
 * @param {string} [lead]  another key of what follows
 */
async function confirmed(slot, what, values, lead = `ask.${what}.lead`) {
  const { ask } = slot;
  const parts = { askTitle: `ask.${what}`, askLead: lead, askKeep: `ask.${what}.keep`, askDo: `ask.${what}.do` };
  for (const [part, key] of Object.entries(parts)) write(slot[part], text(key, values));
  slot.askDo.dataset.what = what;
  ask.returnValue = '';
  ask.showModal();
  slot.askKeep.focus();
  await new Promise(closed => ask.addEventListener('close', closed, { once: true }));
  return ask.returnValue === 'do';
}

/** Two tones, 0.3 s, soft. */
function chime() {
  player ??= new AudioContext();
  player.resume();
  tone(player, 660, player.currentTime);
  tone(player, 880, player.currentTime + 0.12);
}

/** @param {AudioContext} context @param {number} pitch @param {number} at */
function tone(context, pitch, at) {
  const voice = context.createOscillator();
  const volume = context.createGain();
  voice.frequency.value = pitch;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.08, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
  voice.connect(volume).connect(context.destination);
  voice.start(at);
  voice.stop(at + 0.22);
}
