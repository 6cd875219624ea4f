/** The page of lists: a table is looked through and its difference shown before anything is changed. */

import {send} from '../api.js';
import {element, startShell} from '../shell.js';
import {said, t} from '../texts.js';

const API = '/api/v1/settings/lists';
const MOST_BYTES = 1_000_000;
const COLUMNS = ['plate', 'kind', 'zone', 'from', 'until', 'card', 'spaces', 'note'];

await startShell();

/** @param {File} file */
async function base64(file) {
  const url = await new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = failed;
    reader.readAsDataURL(file);
  });
  return String(url).split(',', 2)[1] ?? '';
}

/**
 * @param {string} name
 * @param {string} words
 */
function made(name, words) {
  const node = document.createElement(name);
  node.textContent = words;
  return node;
}

/** @param {Record<string, string>} row */
const line = (row) => COLUMNS.map((name) => row[name]).filter(Boolean).join(' · ');

/**
 * @param {string} title
 * @param {string[]} lines
 */
function part(title, lines) {
  const whole = made('details', '');
  const list = document.createElement('ul');
  list.className = 'faults';
  list.append(...lines.map((one) => made('li', one)));
  whole.append(made('summary', title), list);
  return whole;
}

/** @param {SubmitEvent} event */
async function look(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (element('import'));
  const fields = new FormData(form);
  const file = /** @type {File} */ (fields.get('file'));
  if (file.size > MOST_BYTES) return element('found').replaceChildren(made('p', t('{file} is larger than 1 MB', {file: file.name})));
  if (!file.size) return element('found').replaceChildren(made('p', t('{file} is empty', {file: file.name})));
  const file_b64 = await base64(file);
  const answer = await send(`${API}/check`, {file_b64});
  if (answer.outcome !== 'done') return element('found').replaceChildren(made('p', said(answer.why)));
  const {mistaken, mistakes, counts, digest} = answer.value;
  const wrong = mistakes.map((/** @type {any} */ one) => `${t('Row {row}', {row: one.row})}: ${one.column}: ${said(one.what)}; ${said(one.remedy)}`);
  const found = [made('p', t('New: {new}, changed: {changed}, left out: {gone}, as they are: {same}', counts))];
  if (mistaken) found.push(made('p', t('Mistakes: {count}', {count: mistaken})), part(t('Mistakes'), wrong));
  else found.push(...parts(answer.value), applying({file_b64, digest, reason: String(fields.get('reason')), end_gone: fields.has('end_gone')}));
  found.filter((one) => one.tagName === 'DETAILS').slice(0, 1).forEach((one) => one.setAttribute('open', ''));
  element('found').replaceChildren(...found);
  return undefined;
}

/** @param {any} found */
function parts({counts, changed, gone, ...more}) {
  const shown = [
    [counts.new, t('New'), more.new.map(line)],
    [counts.changed, t('Changed'), changed.map((/** @type {any} */ one) => `${line(one.old)} → ${line(one.new)}`)],
    [counts.gone, t('Left out'), gone.map(line)],
  ];
  return shown.filter(([count]) => count).map(([count, title, lines]) => part(`${title}: ${count}`, lines));
}

/** @param {object} body */
function applying(body) {
  const button = /** @type {HTMLButtonElement} */ (made('button', t('Apply it')));
  button.type = 'button';
  button.id = 'apply';
  button.className = 'primary';
  button.addEventListener('click', async () => {
    button.disabled = true;
    const answer = await send(`${API}/import`, body);
    if (answer.outcome === 'done') location.assign(`${location.pathname}?done=imported`);
    else element('found').replaceChildren(made('p', answer.outcome === 'unknown' ? t('Nobody knows whether it was done. Look at the list.') : said(answer.why)));
  });
  return button;
}

element('import')?.addEventListener('submit', look);
