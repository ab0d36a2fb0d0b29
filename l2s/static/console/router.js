/**
 * The address is the state: which chat is shown, and on a narrow screen whether its card is. Links are real links; this
 * only saves the reload.
 */

/** @typedef {{chat: string, card: boolean}} Place */

export class Router {
  #base;
  #show;

  /** @param {string} base  ends with "/" @param {(place: Place) => void} show */
  constructor(base, show) {
    this.#base = `${base}console`;
    this.#show = show;
    addEventListener('popstate', () => show(this.place));
  }

  /** @returns {Place} */
  get place() {
    const [, chat = ''] = location.pathname.slice(this.#base.length).split('/chat/');
    return { chat: decodeURIComponent(chat), card: location.hash === '#card' };
  }

  /** @param {Partial<Place>} place */
  href({ chat = '', card = false }) {
    return `${this.#base}${chat && `/chat/${encodeURIComponent(chat)}`}${card ? '#card' : ''}`;
  }

  /** @param {Partial<Place>} place */
  go(place) {
    const href = this.href(place);
    if (href !== location.pathname + location.hash) history.pushState(null, '', href);
    this.#show(this.place);
  }
}
