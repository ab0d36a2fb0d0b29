/**
 * The one thing to say above everything, with its one remedy. Pure.
 *
 * @import {Session} from './session.js'
 */

/** @typedef {{kind: 'wait' | 'news', sign: string, words: string, act: string, values?: Record<string, string>}} Banner */

/**
 * @param {Session} session @param {string} view @param {boolean} slow  the connection has been away for a while
 * @param {Banner | null} [wish]  everything is about to be erased
 * @returns {Banner | null}
 */
export function bannerNow({ connection, availability, chat, kept, token, outdated }, view, slow, wish) {
  const away = availability === 'away';
  if (outdated) return { kind: 'news', sign: 'clock', words: 'banner.outdated', act: 'reload' };
  if (slow && view !== 'broken') {
    const act = connection.phase === 'waiting' ? 'again' : '';
    return { kind: 'wait', sign: 'clock', words: 'banner.again', act };
  }
  if (wish && view !== 'broken') return wish;
  if (view === 'form' && !away) return { kind: 'news', sign: 'arrow-up', words: 'banner.here', act: 'chat-instead' };
  if (view !== 'chat') return null;
  if (chat?.state === 'waiting' && away) return { kind: 'wait', sign: 'clock', words: 'banner.unanswered', act: 'by-mail' };
  return kept || !token ? null : { kind: 'news', sign: 'circle-alert', words: 'banner.forgetful', act: '' };
}
