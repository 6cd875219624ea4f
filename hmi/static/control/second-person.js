/** The second person: signs in beside the first, in the same dialog, for what nobody may decide alone. */

import {html} from '../vendor/lit.js';
import {t} from './texts.js';

/** @param {string} legend */
export function secondPerson(legend) {
  return html`<fieldset class="second"><legend>${legend}</legend>
    <label class="field">${t('Name')} <input name="second_name" required maxlength="64" autocomplete="off"></label>
    <label class="field">${t('Password')} <input name="second_password" type="password" required maxlength="200" autocomplete="new-password"></label>
  </fieldset>`;
}

/**
 * Say whether the plant wants a second person where the page has not asked for one.
 * @param {import('./api.js').Answer | null} answer
 */
export function asksForSecond(answer) {
  return answer?.outcome === 'refused' && answer.why.includes('second person');
}

/**
 * Keep no password once it has been sent.
 * @param {Element} dialog
 */
export function forgetPassword(dialog) {
  const password = /** @type {HTMLInputElement | null} */ (dialog.querySelector('[name=second_password]'));
  if (password) password.value = '';
}
