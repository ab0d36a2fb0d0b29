/**
 * Words, numbers and times in one language. Pure: an entry says `speak(lang, words)` once; a sentence is one key.
 *
 * A value is a pattern with {placeholders}, or {one, other} chosen by `count`. Nothing is glued from pieces.
 */

/** @typedef {string | Record<string, string>} Entry */

/** @type {Record<string, Entry>} */
let words = {};
let lang = 'en-GB';

/** @param {string} language  plain English is told the British way: 24 h, day before month @param {Record<string, Entry>} catalogue */
export function speak(language, catalogue) {
  lang = language === 'en' ? 'en-GB' : language;
  words = catalogue;
}

/** More words of the same language. @param {Record<string, Entry>} more */
export function learn(more) {
  words = { ...words, ...more };
}

/** @param {string} key */
export const hasText = key => Object.hasOwn(words, key);

/** The words of a key, its placeholders still in them; '' = there are none. @param {string} key @param {Record<string, unknown>} values @returns {string} */
function pattern(key, values) {
  const entry = hasText(key) ? words[key] : '';
  if (typeof entry === 'string') return entry;
  return entry[new Intl.PluralRules(lang).select(Number(values.count))] ?? entry.other;
}

/**
 * A sentence.
 * @param {string} key @param {Record<string, unknown>} [values]
 */
export const text = (key, values = {}) => pattern(key, values).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));

/**
 * A sentence with nodes in it, for `append`.
 * @param {string} key @param {Record<string, Node | string | number>} values
 */
export const nodes = (key, values) =>
  pattern(key, values)
    .split(/\{(\w+)\}/)
    .map((piece, i) => (i % 2 ? (values[piece] ?? '') : piece))
    .map(piece => (typeof piece === 'number' ? String(piece) : piece));

/** Names as a person would say them. One needs no formatter, whose first use costs 20 ms. @param {string[]} names */
export const listOf = names => (names[1] ? new Intl.ListFormat(lang, { type: 'conjunction' }).format(names) : (names[0] ?? ''));

/** @param {number} at @param {Intl.DateTimeFormatOptions} options */
const told = (at, options) => new Intl.DateTimeFormat(lang, options).format(at);

/**
 * "14:06"; empty where the hour is not held (a time kept by the day ends at midnight UTC). By hand: the first
 * DateTimeFormat of a page costs 20 ms. @param {number | null} at
 */
export const timeOf = at => (at === null || at % 86_400_000 === 0 ? '' : new Date(at).toTimeString().slice(0, 5));

/** "24 December", with the year where it is not this one. @param {number} at @param {number} now */
export function dayOf(at, now) {
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return told(at, { day: 'numeric', month: 'long', year });
}

/** "Tuesday 24 November". @param {number} at */
export const weekdayOf = at => told(at, { weekday: 'long', day: 'numeric', month: 'long' });

/** "48 s", "1 min", "2 h": a length as a label, not a countdown. @param {number} seconds */
export function lengthOf(seconds) {
  const [value, unit] = seconds < 60 ? [seconds, 'second'] : seconds < 3600 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
  return new Intl.NumberFormat(lang, { style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: 0 }).format(Math.floor(value));
}

/** Two letters: of the first and the last word, or the first two of a single one. @param {string} name */
export function initials(name) {
  const parts = name
    .split(/\s+/)
    .filter(Boolean)
    .map(part => [...part].filter(letter => /[\p{L}\p{N}]/u.test(letter)));
  const [first = [], last] = [parts[0], parts.length > 1 ? parts[parts.length - 1] : undefined];
  return (last ? [first[0], last[0]] : first.slice(0, 2)).join('').toLocaleUpperCase(lang);
}

/** One of six tints, always the same for an id. @param {string} id */
export const tintOf = id => String([...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 0) % 6);

/**
 * The web addresses in a text, for links: pieces at odd places are addresses.
 * @param {string} said
 */
export const linked = said => said.split(/(\bhttps?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}])/i);
