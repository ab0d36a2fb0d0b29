/**
 * The hosted chat page has no page around it: the verbs of `host.js` keep the token in this page's own storage. Several sites
 * may have their pages on one server, so each has its own key. `#data` in its address opens My data. Fetched there only.
 *
 * @import {Heard, Host} from './host.js'
 */
import { Tokens } from './token.js';

/** @param {Heard} on @param {string} site @returns {Host} */
export function standAlone(on, site) {
  const title = document.title;
  const tokens = new Tokens({ key: `l2s-${site}` });
  /** @param {string} token */
  const give = token => on.token({ token, kept: tokens.kept });
  addEventListener('storage', () => give(tokens.look()));
  on.hello({ token: tokens.look(), kept: tokens.kept });
  on.open({ open: true, hover: matchMedia('(hover: hover)').matches });
  /** @type {HTMLElement | null} */
  const data = document.querySelector('[data-act="data"]');
  const wanted = () => location.hash === '#data' && data?.click();
  addEventListener('hashchange', wanted);
  wanted();
  /** @type {Record<string, (said: any) => void>} */
  const verbs = {
    want: () => tokens.draw(give),
    chat: ({ open }) => tokens.mark(open),
    forget: () => tokens.drop(),
    unread: ({ count }) => {
      document.title = count ? `(${count}) ${title}` : title;
    },
  };
  return (verb, said) => verbs[verb]?.(said);
}
