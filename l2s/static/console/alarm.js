/**
 * Sound for those who wait, and the bar that gets it going: a browser lets a page sound only after a click or a key in it,
 * and only a person knows whether it was heard.
 *
 * @import {Slots} from '../shared/dom.js'
 * @import {Clock} from '../shared/clock.js'
 */
import { icon, write } from '../shared/dom.js';
import { text } from '../shared/texts.js';
import { Bell } from './bell.js';
import { Tones } from './tones.js';

export class Alarm extends EventTarget {
  /** Shall it ring? */
  on = true;

  #slot;
  #tones;
  #bell;
  #available = false;
  /** @type {'' | 'heard' | 'help'} what the bar asks after the tone */
  #asks = '';

  /** @param {Slots} slot @param {Clock} clock */
  constructor(slot, clock) {
    super();
    this.#slot = slot;
    this.#tones = new Tones(clock);
    this.#bell = new Bell(
      clock,
      () => this.on && this.#tones.ring(),
      () => this.#tones.hush(),
    );
    this.#tones.addEventListener('change', () => this.#tell());
    const unlock = () => void this.#tones.unlock();
    addEventListener('pointerup', unlock, { once: true });
    addEventListener('keydown', unlock, { once: true });
    slot.volume.addEventListener('change', () => {
      this.#tones.volume = Number(slot.volume.value) / 100;
      this.#tones.ring();
    });
  }

  /** Does the next chat ring here? */
  get rings() {
    return this.on && this.#available && this.#tones.ready;
  }

  /** @type {Record<string, () => void>} verbs of the bar and the menu */
  acts = {
    'sound-on': () => void this.#try(),
    'sound-test': () => void this.#try(),
    'sound-heard': () => this.#ask(''),
    'sound-not-heard': () => this.#ask('help'),
    ringing: () => {
      this.on = !this.on;
      if (!this.on) this.#tones.hush();
      this.#slot.ringing.ariaChecked = String(this.on);
      this.#tell();
    },
  };

  /** Who waits now; `available`: may this user be rung? @param {string[]} ids @param {boolean} available */
  tell(ids, available) {
    this.#available = available;
    this.#bell.tell(available ? ids : []);
  }

  /** @param {boolean} covered  there is a more urgent bar */
  draw(covered) {
    const { sound, soundLine, soundSign, soundYes, soundNo } = this.#slot;
    const locked = this.on && this.#available && this.#tones.locked;
    const what = this.#asks || (locked ? 'locked' : '');
    sound.hidden = covered || !what;
    if (!what) return;
    icon(soundSign, what === 'locked' ? 'bell' : 'volume-2');
    write(soundLine, text(`sound.${what}`));
    soundYes.dataset.act = what === 'locked' ? 'sound-on' : 'sound-heard';
    write(soundYes, text(`sound.${what}.yes`));
    soundNo.hidden = what === 'locked';
    soundNo.dataset.act = what === 'help' ? 'sound-test' : 'sound-not-heard';
    write(soundNo, what === 'locked' ? '' : text(`sound.${what}.no`));
  }

  async #try() {
    await this.#tones.unlock();
    this.#tones.ring();
    this.#ask('heard');
  }

  /** @param {'' | 'heard' | 'help'} what */
  #ask(what) {
    this.#asks = what;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}
