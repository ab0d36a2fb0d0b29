/**
 * The frame's other end, in the site's page from the first click on: token, focus, the phone's keyboard.
 *
 * It stands in a stranger's page: prototypes may be polluted, so tables and option objects have none. What comes from the
 * frame was checked for window and origin by the loader; what goes to it names its origin. Page and referrer leave
 * without query and fragment.
 */
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

const NARROW = '(max-width: 480px)';

/** @param {string} address */
const plain = address => address.split(/[?#]/)[0];

/** @param {Widget} widget */
export function start(widget) {
  new Outside(widget).begin();
}

class Outside {
  #widget;
  #tokens = new Tokens({ key: 'l2s' });
  #page = plain(location.href);
  /** The token that the frame knows. */
  #told = '';
  /** Where a phone's keyboard leaves room. */
  #room = new CSSStyleSheet();
  /** While a whole-screen panel is open, the page behind does not scroll. */
  #still = new CSSStyleSheet();

  #covers = false;

  /** @param {Widget} widget */
  constructor(widget) {
    this.#widget = widget;
  }

  begin() {
    const { host, early } = this.#widget;
    host.shadowRoot?.adoptedStyleSheets.push(this.#room);
    this.#still.replaceSync('html { overflow: hidden !important; }');
    this.#still.disabled = true;
    document.adoptedStyleSheets.push(this.#still);
    this.#widget.take = data => this.#from[data?.type]?.(data);
    this.#widget.opened = open => this.#opened(open);
    for (const data of early) this.#widget.take(data);
    this.#watch();
  }

  /** @type {Record<string, any>} what the frame says */
  #from = {
    __proto__: null,
    ready: () => {
      this.#told = this.#tokens.look();
      const referrer = plain(document.referrer);
      this.#tell('hello', { __proto__: null, page: this.#page, referrer, token: this.#told, kept: this.#tokens.kept });
      this.#opened(this.#widget.isOpen);
    },
    close: () => {
      this.#widget.open(false);
      this.#widget.launcher.focus();
    },
    want: () => this.#tokens.draw(token => this.#give(token)),
    chat: (/** @type {any} */ { open }) => this.#tokens.mark(open),
    forget: () => {
      this.#told = '';
      this.#tokens.drop();
    },
    unread: (/** @type {any} */ { count }) => this.#widget.unread(count),
    availability: (/** @type {any} */ { availability, people }) => this.#widget.available(availability, people),
  };

  #watch() {
    const quiet = { __proto__: null, passive: true };
    const moved = () => this.#moved();
    visualViewport?.addEventListener('resize', () => this.#fit(), quiet);
    visualViewport?.addEventListener('scroll', () => this.#fit(), quiet);
    addEventListener('storage', () => this.#tokens.look() !== this.#told && this.#give(this.#tokens.token), quiet);
    // A whole-screen panel hides the page: the focus stays in it, and Esc closes it wherever the focus was.
    document.addEventListener('focusin', ({ target }) => this.#covers && target !== this.#widget.host && this.#widget.frame.focus(), quiet);
    document.addEventListener('keydown', ({ key }) => this.#covers && key === 'Escape' && this.#from.close(), quiet);
    addEventListener('popstate', moved, quiet);
    addEventListener('hashchange', moved, quiet);
    if ('navigation' in window) window.navigation.addEventListener('currententrychange', moved, quiet);
  }

  /** @param {string} type @param {object} data */
  #tell(type, data) {
    this.#widget.frame.contentWindow?.postMessage({ __proto__: null, type, ...data }, this.#widget.origin);
  }

  /** @param {string} token */
  #give(token) {
    this.#told = token;
    this.#tell('token', { __proto__: null, token, kept: this.#tokens.kept });
  }

  /** @param {boolean} open */
  #opened(open) {
    if (open) this.#widget.frame.focus();
    this.#tell('open', { __proto__: null, open, hover: matchMedia('(hover: hover)').matches });
    this.#covers = open && matchMedia(NARROW).matches;
    this.#still.disabled = !this.#covers;
    this.#fit();
  }

  #fit() {
    if (visualViewport) this.#room.replaceSync(`:host{--height:${visualViewport.height}px;--top:${visualViewport.offsetTop}px}`);
  }

  #moved() {
    if (plain(location.href) === this.#page) return;
    this.#page = plain(location.href);
    this.#tell('moved', { __proto__: null, page: this.#page });
  }
}
