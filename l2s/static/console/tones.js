/**
 * The tone of the bell, made by oscillators: no file. A browser lets it sound only after a click or a key in this window.
 */

const STARTS = [0, 0.18, 0.5, 0.68];

export class Tones extends EventTarget {
  /** 0 to 1. */
  volume = 0.6;
  /** @type {AudioContext | null} */
  #player = null;
  /** @type {GainNode | null} what sounds now */
  #now = null;

  /** May it sound? */
  get ready() {
    return this.#player?.state === 'running';
  }

  /** From a click or a key on: asks the browser, then says `change`. */
  async unlock() {
    this.#player ??= new AudioContext();
    if (this.ready) return;
    await this.#player.resume();
    this.dispatchEvent(new Event('change'));
  }

  /** Two rising tones, twice. */
  ring() {
    const player = this.#player;
    if (!player || !this.ready) return;
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
