/** The editor of a tariff: form and text are one thing, every mistake is told at once, and stays are priced under it. */

import {send} from '../api.js';
import {dayAndTime, yuan} from '../format.js';
import {element, startShell} from '../shell.js';
import {language, said, t} from '../texts.js';
import {blocks, replaced} from './settings-toml.js';

const LINT_MS = 400;
const POLL_MS = 500;
const API = '/api/v1/settings/tariffs';

const {page} = await startShell();
const text = /** @type {HTMLTextAreaElement} */ (element('text'));
let waiting = 0;

/** Redraw the form from the text, unless a person is in it, and look for mistakes. */
async function look() {
  if (!element('fields').contains(document.activeElement)) drawFields();
  const asked = text.value;
  const answer = await send(`${API}/check`, {text: asked});
  if (asked !== text.value) return;
  const {mistakes, tariff} = answer.outcome === 'done' ? answer.value : {mistakes: [], tariff: null};
  element('verdict').textContent = answer.outcome !== 'done' ? said(answer.why) : tariff ? t('No mistakes.') : t('Mistakes: {count}', {count: mistakes.length});
  element('mistakes').replaceChildren(...mistakes.map(mistakeItem));
}

/** @param {{line: number, key: string, what: string, remedy: string}} mistake */
function mistakeItem({line, key, what, remedy}) {
  const item = made('li', '');
  const place = /** @type {HTMLButtonElement} */ (made('button', t('Line {line}', {line: line || '–'})));
  place.type = 'button';
  place.addEventListener('click', () => goTo(line));
  item.append(place, ` ${key ? `${key}: ` : ''}${what}; ${remedy}`);
  return item;
}

/** @param {number} line */
function goTo(line) {
  const lines = text.value.split('\n');
  const start = lines.slice(0, Math.max(0, line - 1)).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] ?? '').length);
}

function drawFields() {
  element('fields').replaceChildren(...blocks(text.value).filter(({fields}) => fields.length).map(blockOf));
}

/** @param {import('./settings-toml.js').Block} block */
function blockOf({title, fields}) {
  const whole = made('details', '');
  const inside = made('fieldset', '');
  inside.append(made('legend', title || t('Head')), ...fields.map(fieldOf));
  whole.append(made('summary', title || t('Head')), inside);
  return whole;
}

/** @param {import('./settings-toml.js').Field} field */
function fieldOf(field) {
  const label = made('label', '');
  label.className = 'field';
  const input = inputOf(field);
  input.addEventListener('change', () => {
    const value = input instanceof HTMLInputElement && input.type === 'checkbox' ? input.checked : input.value;
    text.value = replaced(text.value, field, value);
    later();
  });
  label.append(field.key, input);
  return label;
}

/** @param {import('./settings-toml.js').Field} field */
function inputOf({key, value}) {
  const words = page.choices[key];
  if (words && typeof value === 'string') {
    const select = document.createElement('select');
    for (const word of words.includes(value) ? words : [...words, value]) select.add(new Option(word, word, false, word === value));
    return select;
  }
  const input = document.createElement('input');
  input.type = typeof value === 'boolean' ? 'checkbox' : typeof value === 'number' ? 'number' : 'text';
  if (typeof value === 'boolean') input.checked = value;
  else input.value = String(value);
  return input;
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

function later() {
  clearTimeout(waiting);
  waiting = window.setTimeout(look, LINT_MS);
}

/** @param {HTMLFormElement} form */
const written = (form) => /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)));

/** @param {[string, string][]} rows */
function table(rows) {
  const whole = made('table', '');
  const body = made('tbody', '');
  for (const [what, value] of rows) {
    const row = made('tr', '');
    const cell = made('td', value);
    cell.className = 'number';
    row.append(made('td', what), cell);
    body.append(row);
  }
  whole.append(body);
  return whole;
}

/** @param {SubmitEvent} event */
async function reckon(event) {
  event.preventDefault();
  const answer = await send(`${API}/try`, {text: text.value, ...written(element('try'))});
  if (answer.outcome !== 'done') return element('tried').replaceChildren(made('p', said(answer.why)));
  const {total_fen, payable_fen, lines, credit_lines, next_change_at, next_total_fen} = answer.value;
  const words = (/** @type {any} */ line) => (language() === 'zh' ? line.text : line.text_en);
  /** @type {[string, string][]} */
  const rows = [
    ...lines.map((/** @type {any} */ line) => [`${dayAndTime(new Date(line.start))} ${words(line)}`, yuan(line.amount_fen)]),
    ...credit_lines.map((/** @type {any} */ line) => [words(line), yuan(-line.amount_fen)]),
    [t('Total'), yuan(total_fen)],
    [t('To pay'), yuan(payable_fen)],
    next_change_at ? [t('From {time} on', {time: dayAndTime(new Date(next_change_at))}), yuan(next_total_fen)] : [t('It stays so'), ''],
  ];
  element('tried').replaceChildren(table(rows));
  return undefined;
}

/** @param {SubmitEvent} event */
async function priceThem(event) {
  event.preventDefault();
  const begun = await send(`${API}/past`, {text: text.value, ...written(element('past'))});
  if (begun.outcome !== 'done') return element('priced').replaceChildren(made('p', said(begun.why)));
  const {run} = begun.value;
  element('stop').onclick = () => send(`${API}/past/${run}/stop`);
  running(true);
  for (let last = begun.value; ; last = await asked(run)) {
    element('progress').max = last.of || 1;
    element('progress').value = last.done;
    if (last.result || last.error) {
      running(false);
      element('priced').replaceChildren(last.result ? table(summary(last.result)) : made('p', said(last.error)));
      return undefined;
    }
    await new Promise((done) => { setTimeout(done, POLL_MS); });
  }
}

/** @param {number} run */
async function asked(run) {
  const answer = await fetch(`${API}/past/${run}`).then((got) => got.json()).catch(() => null);
  return answer && 'run' in answer ? answer : {done: 0, of: 0, result: null, error: t('no answer from the server')};
}

/**
 * @param {any} result
 * @returns {[string, string][]}
 */
function summary(result) {
  return [
    [t('Stays'), String(result.stays)],
    [t('Under their own versions'), yuan(result.now_fen)],
    [t('Under this text'), yuan(result.draft_fen)],
    [t('Difference'), yuan(result.draft_fen - result.now_fen)],
    [t('Dearer'), String(result.dearer)],
    [t('Cheaper'), String(result.cheaper)],
  ];
}

/** @param {boolean} on */
function running(on) {
  element('progress').hidden = !on;
  element('stop').hidden = !on;
  element('begin').disabled = on;
}

text.addEventListener('input', later);
element('try').addEventListener('submit', reckon);
element('past')?.addEventListener('submit', priceThem);
look();
