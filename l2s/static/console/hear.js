/**
 * What a person hears of once: a chat taken by somebody else, a text that came back, an erasure, a refusal.
 *
 * @import {Messages} from '../shared/messages.js'
 * @import {Desk, Told} from './desk.js'
 * @import {Toasts} from './toasts.js'
 * @import {Writing} from './writing.js'
 */
import { hasText, text } from '../shared/texts.js';
import { askJoin } from './asks.js';
import { visitorName } from './sections.js';

/**
 * @param {{desk: Desk, writing: Writing, toasts: Toasts, list: Messages, open: (chat: string, writes?: boolean) => void,
 *   toList: () => void, signIn: () => void}} parts
 */
export function hearTold({ desk, writing, toasts, list, open, toList, signIn }) {
  /** @param {string} code */
  const complain = code => toasts.say(text(hasText(`error.${code}`) ? `error.${code}` : 'error.other'), { stays: true });
  /** @type {Record<Told['what'], (told: Told) => void>} */
  const hear = {
    took: ({ chat }) => open(chat, true),
    lost: ({ chat, user }) => {
      const who = { id: user, name: desk.people.get(user)?.name ?? text('somebody') };
      const row = desk.chats.get(chat);
      toasts.say(text('lost', { name: who.name, visitor: row ? visitorName(row) : '' }), { who });
    },
    back: ({ chat, mode, text: back, code, user }) => {
      writing.restore(chat, mode, back);
      if (code === 'newer_lines') list.toEnd();
      else if (code === 'join_first') void askJoin(desk, chat, user);
      else complain(code);
    },
    gone: ({ chat }) => {
      writing.forget(chat);
      if (chat === desk.current) toList();
      toasts.say(text('erased'), { sign: 'eraser' });
    },
    refused: ({ code, command }) => {
      if (command !== 'open') complain(code);
    },
    signed_out: signIn,
  };
  desk.addEventListener('told', event => {
    if (event instanceof CustomEvent) hear[/** @type {Told['what']} */ (event.detail.what)](event.detail);
  });
}
