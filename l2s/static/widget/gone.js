/**
 * The receipt of an erasure: what it says, on the slip and in the file. It holds nothing that was erased. Pure.
 *
 * @import {Receipt} from '../shared/protocol.d.ts'
 */
import { dayOf, listOf, text } from '../shared/texts.js';
import { countsOf, momentOf, recipientOf } from './mydata.js';

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {string} said
 * @property {number | null} [left]  a time that runs: the share that is left
 */

/** @param {Receipt} receipt @param {number} now @returns {Line[]} */
export function receiptLines(receipt, now) {
  const { counts, unreachable, overwritten, backups_until, recipients } = receipt;
  const gone = countsOf(Object.entries(counts));
  const left = (backups_until - now) / (backups_until - unreachable);
  return [
    { name: text('receipt.when'), said: text('receipt.since', { when: momentOf(unreachable, now) }) },
    { name: text('receipt.gone'), said: gone.length ? listOf(gone) : text('receipt.nothing') },
    ...(overwritten === null ? [] : [{ name: text('receipt.overwritten'), said: momentOf(overwritten, now) }]),
    { name: text('receipt.backups'), said: text('receipt.by', { day: dayOf(backups_until, now) }), left },
    { name: text('receipt.kept'), said: keptOf(receipt, now) },
    { name: text('receipt.recipients'), said: recipients.length ? listOf(recipients.map(recipientOf)) : text('receipt.nobody') },
  ];
}

/** @param {Receipt} receipt @param {number} now */
function keptOf({ kept, kept_until }, now) {
  if (!kept) return text('receipt.code');
  return text('receipt.law', { count: kept, day: kept_until === null ? '' : dayOf(kept_until, now) });
}

/**
 * The file: the same lines, and what proves the entry in the ledger.
 * @param {Receipt} receipt @param {string} site @param {string} link @param {number} now
 */
export function receiptFile(receipt, site, link, now) {
  const { code, position, head } = receipt;
  const entry = { name: text('receipt.entry'), said: text('receipt.position', { position, head }) };
  const lines = [...receiptLines(receipt, now), entry].map(({ name, said }) => `${name}: ${said}`);
  return [
    `${text('receipt.title')} ${code}`,
    site,
    '',
    ...lines,
    '',
    text('receipt.secret'),
    '',
    `${text('receipt.link')}: ${link}`,
    '',
  ].join('\n');
}
