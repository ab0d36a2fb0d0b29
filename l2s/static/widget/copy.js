/**
 * The download: what My data shows and every message that can be read, as JSON and as a page that needs nothing from anywhere.
 *
 * The page is text in which everything that came from people is escaped; it is saved, never shown by this document.
 *
 * @import {MyData, VisitorMessage} from '../shared/protocol.d.ts'
 * @import {HeldRow, Value} from './mydata.js'
 * @import {Session} from './session.js'
 */
import { text } from '../shared/texts.js';
import { chatRows, givenRows, heldRows, momentOf, noteRows, openedRows } from './mydata.js';

/** @typedef {{id: string, label: string, messages: VisitorMessage[] | null}} Told  null = they cannot be read any more */
/** @typedef {{site: string, language: string, data: MyData, chats: Told[], say: (message: VisitorMessage) => {by: string, said: string}}} Copy */

/**
 * The answer to one command. Refused, or the connection went: it fails.
 * @param {Session} session @param {import('../shared/protocol.d.ts').VisitorCommand} command @param {string} type  of the answer
 * @returns {Promise<any>}
 */
function answered(session, command, type) {
  return new Promise((done, failed) => {
    const end = new AbortController();
    const { signal } = end;
    /** @param {(value: any) => void} settle @param {any} value */
    const settled = (settle, value) => {
      end.abort();
      settle(value);
    };
    session.addEventListener(
      'frame',
      event => {
        const frame = /** @type {CustomEvent} */ (event).detail;
        if (frame.type === type) settled(done, frame);
        else if (frame.type === 'refused' && frame.command === command.type) settled(failed, new Error(frame.code));
      },
      { signal },
    );
    session.addEventListener('change', () => session.connection.phase !== 'live' && settled(failed, new Error('offline')), { signal });
    if (!session.say(command)) settled(failed, new Error('offline'));
  });
}

/** Every message of one chat, page by page from its end. @param {Session} session @param {string} chat */
async function messagesOf(session, chat) {
  /** @type {VisitorMessage[]} */
  const all = [];
  for (let more = true; more; ) {
    const before = all[0]?.seq ?? Number.MAX_SAFE_INTEGER;
    const page = await answered(session, { type: 'older', chat, before }, 'history');
    all.unshift(...page.messages);
    more = page.more;
  }
  return all;
}

/** What is held now, with every message that can be read. @param {Session} session */
export async function collected(session) {
  /** @type {MyData} */
  const data = await answered(session, { type: 'my_data', take: true }, 'my_data');
  /** @type {Told[]} */
  const chats = [];
  for (const { id, label, messages } of data.chats) {
    chats.push({ id, label, messages: messages ? await messagesOf(session, id) : null });
  }
  return { data, chats };
}

/** @param {Copy} copy */
export function asJson({ site, data: { now, ...data }, chats }) {
  const messages = chats.map(chat => ({ chat: chat.id, label: chat.label, messages: chat.messages }));
  return JSON.stringify({ site, made: new Date(now).toISOString(), my_data: data, messages }, null, 1);
}

/** @param {string} said */
const escaped = said =>
  said.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');

/** @param {string} name @param {string} said  escaped already @param {string} [attributes] */
const tag = (name, said, attributes = '') => `<${name}${attributes && ` ${attributes}`}>${said}</${name}>`;

const LOOK =
  'body{font:16px/1.6 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}td,th{text-align:start;vertical-align:top;' +
  'padding:.4em 1em .4em 0;border-bottom:1px solid #ccc}p{white-space:pre-wrap;overflow-wrap:anywhere}i{border:1px dashed #777;padding:0 .8em}';

/** @param {Copy} copy */
export function asPage(copy) {
  const { site, language, data } = copy;
  const title = escaped(text('copy.title', { site }));
  const head = [
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    tag('title', title),
    tag('style', LOOK),
  ];
  const body = [
    tag('h1', title),
    tag('p', escaped(text('copy.made', { when: momentOf(data.now, data.now) }))),
    section('copy.held', table(heldRows(data))),
    section('copy.chats', table(chatRows(data))),
    section(
      'copy.notes',
      noteRows(data)
        .map(({ said, by }) => tag('p', escaped(said), 'dir="auto"') + tag('p', escaped(by)))
        .join('\n'),
    ),
    section(
      'copy.given',
      givenRows(data)
        .map(({ said, by }) => tag('p', escaped(`${said}, ${by}`)))
        .join('\n'),
    ),
    section(
      'copy.opened',
      openedRows(data)
        .map(({ said, when }) => tag('p', escaped(`${said}: ${when}`)))
        .join('\n'),
    ),
    section('copy.never', tag('p', escaped(data.never.map(name => text(`class.${name}`)).join(' · ')))),
    ...copy.chats.map(chat => conversation(copy, chat)),
  ];
  return `<!doctype html>\n<html lang="${escaped(language)}">\n${[...head, ...body].filter(Boolean).join('\n')}\n</html>\n`;
}

/** @param {string} key @param {string} said */
const section = (key, said) => said && `${tag('h2', escaped(text(key)))}\n${said}`;

/** @param {HeldRow[]} rows */
function table(rows) {
  const lines = rows.map(({ title, values, why, until }) => {
    const said = [values.map(told).join('<br>'), escaped(why)].filter(Boolean).join('<br>');
    return tag('tr', tag('th', escaped(title)) + tag('td', said) + tag('td', escaped(until)));
  });
  return lines.length ? tag('table', lines.join('\n')) : '';
}

/** @param {Value} value */
const told = ({ said, cut }) => escaped(said) + (cut ? `${tag('i', '')} ${escaped(text('held.cut'))}` : '');

/** @param {Copy} copy @param {Told} chat */
function conversation({ data, say }, { label, messages }) {
  const lines = (messages ?? []).map(message => {
    const { by, said } = say(message);
    const head = [by, message.at === null ? '' : momentOf(message.at, data.now)].filter(Boolean).join(', ');
    return tag('p', `${tag('b', escaped(head))}\n${escaped(said)}`, 'dir="auto"');
  });
  const title = tag('h2', escaped(text('held.chat', { label })));
  return [title, ...(messages ? lines : [tag('p', escaped(text('copy.unread')))])].join('\n');
}
