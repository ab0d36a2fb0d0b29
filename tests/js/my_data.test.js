import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { speak } from '../../l2s/static/shared/texts.js';
import { asJson, asPage, collected } from '../../l2s/static/widget/copy.js';
import { receiptFile, receiptLines } from '../../l2s/static/widget/gone.js';
import { addressOf, allOf, chatRows, classesOf, heldRows, openedRows } from '../../l2s/static/widget/mydata.js';
import { Session } from '../../l2s/static/widget/session.js';
import { FakeClock, FakeNet } from './fakes.js';

const DAY = 86_400_000;
const NOW = new Date(2026, 10, 24, 14, 0).getTime();
const LAW = { version: 1, hash: 'h', days: 180, address: 'truncated', preview: false, place: 'none', browser: [], asks: [] };

/** What late documents hold: the catalogue of My data and the words of the pages. */
const catalogue = lang => {
  const [mine, page, late] = ['mine', 'page', 'late'].map(part =>
    JSON.parse(readFileSync(new URL(`../../l2s/texts/${lang}/${part}.json`, import.meta.url), 'utf8')),
  );
  return { ...page, ...late, ...mine };
};

const held = more => ({
  name: 'message',
  level: 'kept',
  count: 2,
  values: [],
  purposes: ['run', 'answer'],
  readers: ['operator', 'team'],
  recipients: [],
  days: 180,
  until: null,
  ...more,
});
const chat = more => ({
  id: 'c1',
  label: 'K7M2',
  state: 'closed',
  messages: 2,
  opened: NOW - 3 * DAY,
  ended: NOW - DAY,
  until: NOW + 179 * DAY,
  law_until: null,
  ...more,
});
const data = more => ({
  type: 'my_data',
  law: LAW,
  held: [held()],
  chats: [chat()],
  notes: [],
  given_out: [],
  opened: [],
  never: ['place'],
  objected: false,
  ticked: false,
  erase_at: null,
  now: NOW,
  ...more,
});

test('a value that was cut tells where, a scrambled one shows no value', () => {
  speak('en', catalogue('en'));
  assert.deepEqual(addressOf('203.0.113.0/24'), { said: '203.0.113.', cut: true });
  assert.deepEqual(addressOf('10.0.0.0/24'), { said: '10.0.0.', cut: true });
  assert.deepEqual(addressOf('2001:db8:1::/48'), { said: '2001:db8:1:', cut: true });
  assert.deepEqual(addressOf('203.0.113.7'), { said: '203.0.113.7', cut: false });
  assert.deepEqual(addressOf('h:0011223344556677'), { said: 'as a scrambled mark that changes daily', cut: false });
});

test('a row tells what, why, who reads it, who may get it and until when', () => {
  speak('en', catalogue('en'));
  const [row] = heldRows(data({ held: [held({ recipients: ['mail relay, anywhere', 'fax, here'] })] }));
  assert.equal(row.title, 'Your messages');
  assert.deepEqual(row.values, [{ said: '2 messages', cut: false }]);
  assert.equal(
    row.why,
    'to answer you and to run the service; read by the team; may also go to a mail relay, in any country and fax, here',
  );
  assert.deepEqual([row.until, row.left], ['180 days after the chat ends', null]);
  const [ended] = heldRows(data({ held: [held({ until: NOW + 90 * DAY })] }));
  assert.deepEqual([ended.until, ended.left], ['22 February 2027', 0.5]);
  const [several] = heldRows(data({ held: [held({ until: NOW + 9 * DAY })], chats: [chat(), chat({ id: 'c2' })] }));
  assert.equal(several.until, 'from 3 December');
  assert.equal(heldRows(data({ held: [held({ readers: [], days: 'chat' })] }))[0].until, 'until the chat ends');
});

test('chats tell how long they went, and what the law keeps longer', () => {
  speak('en', catalogue('en'));
  const [ended, open, kept] = chatRows(
    data({ chats: [chat(), chat({ ended: null, until: null }), chat({ law_until: NOW + 9 * DAY, messages: 0 })] }),
  );
  assert.equal(ended.values[0].said, '2 messages, from 21 November to 23 November');
  assert.equal(ended.until, '22 May 2027');
  assert.deepEqual([open.values[0].said, open.until], ['2 messages, since 21 November', 'goes on']);
  assert.deepEqual([kept.until, kept.left], ['kept by law until 3 December', null]);
});

test('who opened it: newest first, by day where the hour is not held', () => {
  speak('en', catalogue('en'));
  const rows = openedRows(
    data({
      given_out: [],
      opened: [
        { chat: 'c1', name: 'Tom', role: 'operator', day: Date.UTC(2026, 10, 6), at: null },
        { chat: 'c1', name: 'Maja', role: 'owner', day: Date.UTC(2026, 10, 24), at: NOW - 60_000 },
      ],
    }),
  );
  assert.deepEqual(
    rows.map(({ said, when }) => [said, when]),
    [
      ['Maja, Owner', 'today, 13:59'],
      ['Tom, Operator', '6 November'],
    ],
  );
});

test('classes inside a sentence are small in English and as they stand in German; counts have words', () => {
  speak('en', catalogue('en'));
  assert.equal(classesOf(['message', 'mail']), 'your messages and mail address');
  assert.equal(allOf(data({ held: [held(), held({ name: 'times', count: 9 })] })), 'one chat, 2 messages and times (9)');
  speak('de', catalogue('de'));
  assert.equal(classesOf(['message', 'mail']), 'Ihre Nachrichten und Mailadresse');
});

const RECEIPT = {
  code: 'ABC234',
  counts: { message: 3, address: 1, name: 0 },
  kept: 0,
  kept_until: null,
  recipients: [],
  unreachable: NOW,
  overwritten: null,
  backups_until: NOW + 14 * DAY,
  position: 12,
  head: 'f00',
};

test('a receipt tells "overwritten" only where it is, and holds nothing that was erased', () => {
  speak('en', catalogue('en'));
  const told = receipt => Object.fromEntries(receiptLines(receipt, NOW).map(({ name, said }) => [name, said]));
  assert.deepEqual(told(RECEIPT), {
    When: 'unreachable since 24 November, 14:00',
    Gone: '3 messages and internet address',
    Backups: 'by 8 December',
    Kept: 'this code, so that a restored backup is cleaned too',
    Recipients: 'none is recorded',
  });
  const kept = told({ ...RECEIPT, overwritten: NOW + 3_600_000, kept: 2, kept_until: NOW + 30 * DAY, counts: {} });
  assert.equal(kept.Overwritten, '24 November, 15:00');
  assert.equal(kept.Kept, '2 chats by law until 24 December, then they are erased too');
  assert.equal(kept.Gone, 'nothing was left to erase');
  const file = receiptFile(RECEIPT, 'Larch & Rook', 'https://chat.example/receipt/ABC234', NOW);
  assert.match(file, /^Receipt of an erasure: ABC234\nLarch & Rook\n/);
  assert.match(file, /Entry in the ledger: 12, f00\n\nDisclosures that the law forbids to name cannot appear here\.\n/);
  assert.match(file, /https:\/\/chat\.example\/receipt\/ABC234\n$/);
});

test('the page that is saved escapes whatever people wrote, and asks nothing of anywhere', () => {
  speak('en', catalogue('en'));
  const evil = `<img src=x onerror="alert('1')">&`;
  const message = { id: 'm', by: 'visitor', seq: 1, pub: 1, at: NOW, body: { kind: 'text', text: evil } };
  const page = asPage({
    site: evil,
    language: 'en',
    data: data({
      held: [held({ name: 'address', values: ['203.0.113.0/24'] }), held({ name: 'name', values: [evil] })],
      notes: [{ chat: 'c1', by: evil, text: evil, at: null }],
    }),
    chats: [
      { id: 'c1', label: 'K7M2', messages: [message] },
      { id: 'c2', label: 'X3', messages: null },
    ],
    say: ({ body }) => ({ by: 'You', said: body.text }),
  });
  assert.equal(page.includes('<img'), false);
  assert.equal(page.split('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;').length - 1, 6);
  assert.match(page, /203\.0\.113\.<i><\/i> the last part was never stored/);
  assert.match(page, /cannot be read any more/);
  assert.match(page, /default-src 'none'/);
  assert.equal(/https?:|src=[^x]|url\(/.test(page), false);
});

test('every page of every chat is fetched, newest first, and a chat that cannot be read is left out', async () => {
  const net = new FakeNet();
  const clock = new FakeClock();
  const config = { site: 's', protocol: 1, language: 'en', objected: false };
  const session = new Session({ open: net.open, config, want: () => {}, forget: () => {}, clock });
  session.begin({ token: 'T'.repeat(32), kept: true });
  session.connection.start();
  net.last.up();
  const welcome = { type: 'welcome', now: NOW, availability: 'here', people: [], law: LAW, held: true, receipt: null };
  net.last.hear({ ...welcome, objected: false, ticked: false, chat: null, messages: [], full: true, more: false });
  const message = seq => ({ id: `m${seq}`, by: 'visitor', seq, pub: seq, at: NOW, body: { kind: 'text', text: `t${seq}` } });
  const chats = [chat(), chat({ id: 'c2', law_until: NOW + DAY, messages: 0 })];
  const found = collected(session);
  const answers = [data({ chats }), [3, 4], [1, 2]];
  for (const answer of answers) {
    await null;
    const { before } = net.last.sent.at(-1);
    if (Array.isArray(answer)) {
      assert.equal(before, answer[1] === 4 ? Number.MAX_SAFE_INTEGER : 3);
      net.last.hear({ type: 'history', chat: 'c1', messages: answer.map(message), more: answer[0] > 1 });
    } else net.last.hear(answer);
    await null;
  }
  const { chats: told, ...rest } = await found;
  assert.deepEqual(
    told.map(({ id, messages }) => [id, messages?.map(({ seq }) => seq) ?? null]),
    [
      ['c1', [1, 2, 3, 4]],
      ['c2', null],
    ],
  );
  const json = JSON.parse(asJson({ site: 'Larch', language: 'en', chats: told, ...rest }));
  assert.equal(json.my_data.type, 'my_data');
  assert.equal(json.messages[0].messages[3].body.text, 't4');
  net.last.cut();
  await assert.rejects(collected(session));
});
