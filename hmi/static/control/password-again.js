/** Asks for the own password once more, before something dangerous is done. */

import {html, render} from '../vendor/lit.js';
import {send} from './api.js';
import {said, t} from './texts.js';

/**
 * Ask until the password is right or the person gives up.
 * @returns {Promise<boolean>}
 */
export function passwordGiven() {
  const place = document.createElement('div');
  document.body.append(place);
  return new Promise((resolve) => {
    const end = (/** @type {boolean} */ given) => {
      place.remove();
      resolve(given);
    };
    const submit = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const form = /** @type {HTMLFormElement} */ (event.target);
      const answer = await send('/api/v1/password-again', {password: new FormData(form).get('password')});
      if (answer.outcome === 'done') return end(true);
      form.reset();
      show(t('Refused: {why}', {why: said(answer.why)}));
    };
    const show = (/** @type {string} */ words) => render(html`
      <dialog aria-labelledby="again-title" @close=${() => end(false)}>
        <form @submit=${submit}>
          <h2 id="again-title">${t('Your password once more')}</h2>
          <p>${t('What you are about to do asks for it.')}</p>
          <label class="field">${t('Password')} <input name="password" type="password" required maxlength="200" autocomplete="current-password" autofocus></label>
          <p class="outcome refused" role="status">${words}</p>
          <menu>
            <button type="button" @click=${() => end(false)}>${t('Cancel')}</button>
            <button class="primary">${t('Go on')}</button>
          </menu>
        </form>
      </dialog>`, place);
    show('');
    place.querySelector('dialog')?.showModal();
  });
}
