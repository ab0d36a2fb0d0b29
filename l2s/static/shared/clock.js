/**
 * Time, chance and fresh ids. Every model takes a Clock as an argument, so that tests travel in time without sleeping.
 */

/**
 * @typedef {object} Clock
 * @property {() => number} now  milliseconds since 1970
 * @property {(ms: number, run: () => void) => () => void} after  runs once; the answer cancels it
 * @property {() => number} chance  from 0 to below 1, for jitter only
 */

/** @type {Clock} */
export const realClock = {
  now: () => Date.now(),
  after(ms, run) {
    const id = setTimeout(run, ms);
    return () => clearTimeout(id);
  },
  chance: () => Math.random(),
};

/**
 * Random bytes as base64url. `randomUUID` is missing on plain http pages, `getRandomValues` is not.
 * @param {number} [bytes]  16 for a message id, 24 for a token
 */
export function newId(bytes = 16) {
  let binary = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
