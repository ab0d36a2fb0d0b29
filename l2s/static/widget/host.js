/**
 * In the frame: the end of the talk with the page around it.
 *
 * Who may be the parent was decided by `frame-ancestors`; so the first origin heard from the parent window is the one.
 * "ready" says nothing and may go to any origin; nothing else does. Where there is no page around (the hosted chat page),
 * `hosted.js` answers the same verbs.
 */

/** @typedef {{page?: string, referrer?: string, token: string, kept: boolean}} Page  what the page around tells of itself */

/**
 * What is heard from outside.
 * @typedef {object} Heard
 * @property {(page: Page) => void} hello  once, first
 * @property {(said: {token: string, kept: boolean}) => void} token  after `want`, or when another tab changed it; '' = forgotten
 * @property {(said: {open: boolean, hover: boolean}) => void} open
 * @property {(said: {page: string}) => void} moved
 */

/**
 * What is said to the outside: `want` (the token, before the first send), `close`, `chat` {open} (an open one makes the next
 * page fetch the frame), `forget`, `unread` {count}, `availability` {availability, people}.
 * @typedef {(verb: 'want' | 'close' | 'chat' | 'forget' | 'unread' | 'availability', said?: object) => void} Host
 */

/** @param {Heard} on @returns {Host} */
export function meetHost(on) {
  let origin = '';
  addEventListener('message', event => {
    if (event.source !== parent || (origin && event.origin !== origin)) return;
    origin = event.origin;
    const type = event.data?.type;
    if (Object.hasOwn(on, type)) /** @type {any} */ (on)[type](event.data);
  });
  parent.postMessage({ type: 'ready' }, '*');
  return (type, said) => origin && parent.postMessage({ type, ...said }, origin);
}
