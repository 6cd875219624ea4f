/** What was typed into a form that was not taken stands in it again; what somebody else has set meanwhile stands beside it. */

import {loadTexts, t} from '../texts.js';

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/** Fields that say which thing a page shows: they go into its address. */
const NAMED = ['merchant', 'card', 'name', 'year'];

/** @param {string} [data] */
export async function putBack(data = document.body.dataset.page) {
  const {typed} = JSON.parse(data ?? '{}');
  if (!typed) return;
  await loadTexts();
  const form = formOf(typed);
  if (!form) return;
  for (let node = form.parentElement; node; node = node.parentElement) if (node instanceof HTMLDetailsElement) node.open = true;
  const seen = hidden(form).find(({name}) => name === 'seen');
  const overtaken = seen !== undefined && valuesOf(typed, 'seen')[0] !== seen.value;
  for (const field of fieldsOf(form)) fill(field, valuesOf(typed, field.name), overtaken);
  address(form);
  form.querySelector('.now-set')?.scrollIntoView({block: 'center'});
}

/**
 * Find the form that was sent: by where it goes and by what it is about.
 * @param {any} typed
 * @returns {HTMLFormElement | undefined}
 */
function formOf(typed) {
  const forms = [...document.querySelectorAll('main form')].filter((one) => one instanceof HTMLFormElement);
  const sent = forms.filter((one) => one.method === 'post' && new URL(one.action).pathname === typed.form);
  const same = (/** @type {HTMLInputElement} */ {name, value}) => ['csrf_token', 'seen'].includes(name) || valuesOf(typed, name)[0] === value;
  return sent.find((one) => hidden(one).every(same));
}

/**
 * @param {any} typed
 * @param {string} name
 * @returns {string[]}
 */
const valuesOf = (typed, name) => typed.fields.filter((/** @type {string[]} */ one) => one[0] === name).map((/** @type {string[]} */ one) => one[1]);

/** @param {HTMLFormElement} form */
const hidden = (form) => [...form.elements].filter((one) => one instanceof HTMLInputElement && one.type === 'hidden').map((one) => /** @type {HTMLInputElement} */ (one));

/** @param {HTMLFormElement} form */
const fieldsOf = (form) => [...form.elements].filter((one) => 'name' in one && one.name && !['hidden', 'password', 'file'].includes(String(/** @type {any} */ (one).type))).map((one) => /** @type {Field} */ (one));

/**
 * @param {Field} field
 * @param {string[]} values
 * @param {boolean} overtaken
 */
function fill(field, values, overtaken) {
  if (field instanceof HTMLInputElement && ['checkbox', 'radio'].includes(field.type)) {
    const wanted = values.includes(field.value);
    if (overtaken && wanted !== field.checked) note(field, field.checked ? t('ticked') : t('not ticked'));
    field.checked = wanted;
  } else if (values.length) {
    const now = lines(field.value);
    if (overtaken && now && now !== lines(values[0])) note(field, field instanceof HTMLSelectElement ? (field.selectedOptions[0]?.text ?? now) : now);
    field.value = values[0];
  }
}

/** A browser sends the ends of lines in another way than it keeps them.
 * @param {string} text */
const lines = (text) => text.replaceAll('\r\n', '\n').trim();

/**
 * Say below a field what the plant has there now.
 * @param {Field} field
 * @param {string} now
 */
function note(field, now) {
  const words = document.createElement('small');
  words.className = 'now-set';
  words.textContent = t('Set meanwhile: {value}', {value: now});
  (field.closest('label') ?? field).append(words);
}

/** Let the address name the page again: it is what a reload and the choice of language ask for.
 * @param {HTMLFormElement} form */
function address(form) {
  const query = new URLSearchParams(hidden(form).filter(({name}) => NAMED.includes(name)).map(({name, value}) => [name, value]));
  const path = location.pathname.replace(/\/[^/]+$/, '');
  history.replaceState(null, '', query.size ? `${path}?${query}` : path);
}

putBack();
