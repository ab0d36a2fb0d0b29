/**
 * The tone of the bell, made by oscillators: no file. A browser lets it sound only after a click or a key in this window, or
 * in the page before this one: it says so by the state of the player, which is therefore made at once.
 *
 * @import {Clock} from '../shared/clock.js'
 */

const STARTING = 1000;
const STARTS = [0, 0.18, 0.5, 0.68];

export class Tones extends EventTarget {
  /** 0 to 1. */
  volume = 0.6;
  #player = new AudioContext();
  /** Was this page touched, so that the player is about to run by itself? */
  #starting = Boolean(navigator.userActivation?.hasBeenActive);
  /** @type {GainNode | null} what sounds now */
  #now = null;

  /** @param {Clock} clock */
  constructor(clock) {
    super();
    this.#player.addEventListener('statechange', () => this.#tell());
    clock.after(STARTING, () => {
      this.#starting = false;
      this.#tell();
    });
  }

  /** May it sound? */
  get ready() {
    return this.#player.state === 'running';
  }

  /** Does it wait for a click? */
  get locked() {
    return !this.ready && !this.#starting;
  }

  /** From a click or a key on: asks the browser, which says `change`. */
  async unlock() {
    if (!this.ready) await this.#player.resume();
  }

  /** Two rising tones, twice. */
  ring() {
    const player = this.#player;
    if (!this.ready) return;
    this.hush();
    const out = player.createGain();
    out.gain.value = this.volume * 0.5;
    out.connect(player.destination);
    this.#now = out;
    for (const [i, after] of STARTS.entries()) tone(player, out, i % 2 ? 988 : 740, player.currentTime + after);
  }

  /** Silence, at once. */
  hush() {
    this.#now?.disconnect();
    this.#now = null;
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}

/** @param {AudioContext} player @param {GainNode} out @param {number} pitch @param {number} at */
function tone(player, out, pitch, at) {
  const voice = player.createOscillator();
  const shape = player.createGain();
  voice.type = 'triangle';
  voice.frequency.value = pitch;
  shape.gain.setValueAtTime(0, at);
  shape.gain.linearRampToValueAtTime(1, at + 0.02);
  shape.gain.exponentialRampToValueAtTime(0.0001, at + 0.28);
  voice.connect(shape).connect(out);
  voice.start(at);
  voice.stop(at + 0.3);
}
