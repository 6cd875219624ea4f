/** Asks for the own password once more, before something dangerous is done. */

import {LitElement, html} from '../vendor/lit.js';
import {send} from './api.js';
import {said, t} from './texts.js';

class PasswordAgain extends LitElement {
  static properties = {words: {state: true}};

  constructor() {
    super();
    this.words = '';
    /** @type {(given: boolean) => void} */
    this.end = () => {};
  }

  createRenderRoot() {
    return this;
  }

  render() {
    return html`<dialog aria-labelledby="again-title" @close=${() => this.end(false)}>
      <form @submit=${this.#submit}>
        <h2 id="again-title">${t('Your password once more')}</h2>
        <p>${t('What you are about to do asks for it.')}</p>
        <label class="field">${t('Password')} <input name="password" type="password" required maxlength="200" autocomplete="current-password" autofocus></label>
        <p class="outcome refused" role="status">${this.words}</p>
        <menu>
          <button type="button" @click=${() => this.end(false)}>${t('Cancel')}</button>
          <button class="primary">${t('Go on')}</button>
        </menu>
      </form>
    </dialog>`;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const answer = await send('/api/v1/password-again', {password: new FormData(form).get('password')});
    if (answer.outcome === 'done') return this.end(true);
    form.reset();
    this.words = t('Refused: {why}', {why: said(answer.why)});
  }
}

customElements.define('password-again', PasswordAgain);

/**
 * Ask until the password is right or the person gives up.
 * @returns {Promise<boolean>}
 */
export async function passwordGiven() {
  const asks = /** @type {PasswordAgain} */ (document.createElement('password-again'));
  document.body.append(asks);
  await asks.updateComplete;
  asks.querySelector('dialog')?.showModal();
  return new Promise((resolve) => {
    asks.end = (given) => {
      asks.remove();
      resolve(given);
    };
  });
}
