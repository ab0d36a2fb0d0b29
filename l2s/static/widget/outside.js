/**
 * The frame's other end, in the site's page from the first click on: token, focus, the phone's keyboard.
 *
 * It stands in a stranger's page: prototypes may be polluted, so tables and option objects have none. What comes from the
 * frame was checked for window and origin by the loader; what goes to it names its origin. Page and referrer leave
 * without query and fragment.
 */
import { realClock } from '../shared/clock.js';
import { Tokens } from './token.js';

/**
 * What the loader hands over.
 * @typedef {object} Widget
 * @property {HTMLElement} host
 * @property {HTMLIFrameElement} frame
 * @property {HTMLElement} launcher
 * @property {string} origin  of the chat server
 * @property {boolean} isOpen
 * @property {any[]} early  what the frame said before this file came
 * @property {(open: boolean) => void} open
 * @property {(count: number) => void} unread
 * @property {(availability: string, people: string[]) => void} available
 * @property {((data: any) => void) | null} take
 * @property {((open: boolean) => void) | null} opened
 */

const narrow = '(max-width: 480px)';

/** @param {string} address */
const plain = address => address.split(/[?#]/)[0];

/** @param {Widget} widget */
export function start(widget) {
  const tokens = new Tokens({ storage: () => localStorage, key: 'l2s', clock: realClock });
  let page = plain(location.href);
  let told = '';

  /** @param {string} type @param {object} [data] */
  const tell = (type, data) => widget.frame.contentWindow?.postMessage({ __proto__: null, type, ...data }, widget.origin);
  /** @param {string} token */
  const give = token => {
    told = token;
    tell('token', { __proto__: null, token, kept: tokens.kept });
  };
  /** @param {boolean} open */
  const opened = open => {
    if (open) widget.frame.focus();
    tell('open', { __proto__: null, open, hover: matchMedia('(hover: hover)').matches });
    hold(open && matchMedia(narrow).matches);
    fit();
  };
  const fit = () => {
    const view = visualViewport;
    if (!view) return;
    widget.host.style.setProperty('--height', `${view.height}px`);
    widget.host.style.setProperty('--top', `${view.offsetTop}px`);
  };
  const moved = () => {
    if (plain(location.href) === page) return;
    page = plain(location.href);
    tell('moved', { __proto__: null, page });
  };

  /** @type {Record<string, any>} */
  const from = {
    __proto__: null,
    ready() {
      told = tokens.look();
      const referrer = plain(document.referrer);
      tell('hello', { __proto__: null, page, referrer, token: told, kept: tokens.kept });
      opened(widget.isOpen);
    },
    close() {
      widget.open(false);
      widget.launcher.focus();
    },
    want: () => tokens.draw(give),
    chat: (/** @type {any} */ { open }) => tokens.mark(open),
    forget() {
      told = '';
      tokens.drop();
    },
    unread: (/** @type {any} */ { count }) => widget.unread(count),
    availability: (/** @type {any} */ { availability, people }) => widget.available(availability, people),
  };

  widget.take = data => from[data?.type]?.(data);
  widget.opened = opened;
  for (const data of widget.early) widget.take(data);
  watch(fit, moved, () => {
    if (tokens.look() !== told) give(tokens.token);
  });
}

/** @param {() => void} fit @param {() => void} moved @param {() => void} stored */
function watch(fit, moved, stored) {
  const quiet = { __proto__: null, passive: true };
  visualViewport?.addEventListener('resize', fit, quiet);
  visualViewport?.addEventListener('scroll', fit, quiet);
  addEventListener('storage', stored, quiet);
  addEventListener('popstate', moved, quiet);
  addEventListener('hashchange', moved, quiet);
  if ('navigation' in window) window.navigation.addEventListener('currententrychange', moved, quiet);
}

/** @type {CSSStyleSheet | null} */
let still = null;

/** The page behind a whole-screen panel does not scroll. @param {boolean} on */
function hold(on) {
  if (!still && !on) return;
  if (!still) {
    still = new CSSStyleSheet();
    still.replaceSync('html { overflow: hidden !important; }');
    document.adoptedStyleSheets.push(still);
  }
  still.disabled = !on;
}
