/**
 * <l2s-composer>: a form that says `l2s:send` {text} and `l2s:typing` {on}; it never sees a socket.
 *
 * Enter sends, Shift+Enter breaks; an Enter that ends an input method's composition does neither. The text goes only if
 * nobody called `preventDefault` on `l2s:send`. "Typing" is said once per 3 s of typing and taken back after 5 s of rest.
 * Needs the markup of `_parts.html`; what else stands in the form (tabs, tools) is the page's.
 */
import { realClock } from './clock.js';
import { slots } from './dom.js';

const AGAIN = 3000;
const REST = 5000;

export class Composer extends HTMLElement {
  #slot = slots(this);
  #typing = false;
  #saidAt = 0;
  #cancelRest = () => {};

  connectedCallback() {
    this.#slot = slots(this);
    const { form, field } = this.#slot;
    if (!form) return;
    form.addEventListener('submit', this.#submitted);
    field.addEventListener('input', this.#changed);
    field.addEventListener('keydown', this.#pressed);
    this.#grow();
  }

  disconnectedCallback() {
    const { form, field } = this.#slot;
    form?.removeEventListener('submit', this.#submitted);
    field?.removeEventListener('input', this.#changed);
    field?.removeEventListener('keydown', this.#pressed);
    this.#rest();
  }

  /** The text as it stands. Setting it says nothing about typing. */
  get value() {
    return this.#slot.field.value;
  }

  /** @param {string} value */
  set value(value) {
    this.#slot.field.value = value;
    this.#grow();
  }

  /** @param {{placeholder?: string, label?: string, send?: string}} words  who will read it stands on field and button */
  set words({ placeholder, label, send }) {
    const { field, submit, verb } = this.#slot;
    if (placeholder !== undefined) field.placeholder = placeholder;
    if (label !== undefined) field.ariaLabel = label;
    if (send === undefined) return;
    if (verb) verb.textContent = send;
    else submit.ariaLabel = submit.title = send;
  }

  /** @param {FocusOptions} [options] */
  focus(options) {
    this.#slot.field.focus(options);
  }

  #submitted = (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = this.value.trim();
    if (!text) return;
    const send = new CustomEvent('l2s:send', { detail: { text }, bubbles: true, cancelable: true });
    if (!this.dispatchEvent(send)) return;
    this.value = '';
    this.#rest();
  };

  #pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#slot.form.requestSubmit();
  };

  #changed = () => {
    this.#grow();
    if (!this.value.trim()) {
      this.#rest();
      return;
    }
    const now = realClock.now();
    this.#cancelRest();
    this.#cancelRest = realClock.after(REST, () => this.#rest());
    if (this.#typing && now - this.#saidAt < AGAIN) return;
    this.#saidAt = now;
    this.#say(true);
  };

  #rest() {
    this.#cancelRest();
    if (this.#typing) this.#say(false);
  }

  /** @param {boolean} on */
  #say(on) {
    this.#typing = on;
    this.dispatchEvent(new CustomEvent('l2s:typing', { detail: { on }, bubbles: true }));
  }

  #grow() {
    const { grow, form } = this.#slot;
    if (!grow) return;
    grow.dataset.value = `${this.value}\u200b`;
    form.toggleAttribute('data-empty', !this.value.trim());
  }
}

customElements.define('l2s-composer', Composer);
