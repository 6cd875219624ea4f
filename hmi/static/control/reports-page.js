/** The reports page: asks for a report, shows it when it is made, and fetches it as a file. */

import {send} from './api.js';
import {element, startShell} from './shell.js';
import {language, said, t} from './texts.js';

const LOOK_MS = 250;
const LONG_MS = 2000;
const DAY_MS = 86_400_000;

/** @type {string} the report that is being made now, empty if none is */
let job = '';
/** @type {Record<string, any>} what the shown report was asked with */
let asked = {};

/** @param {string} words */
function tell(words) {
  element('word').textContent = words;
}

/**
 * Let a report be made; gives its state once it is made or never will be, null if somebody stopped it.
 * @param {Record<string, any>} body
 */
async function made(body) {
  const begun = Date.now();
  const answer = await send('/api/v1/reports', body);
  if (answer.outcome !== 'done') return {state: 'failed', why: answer.why};
  const mine = answer.value.job;
  job = mine;
  let state = answer.value;
  while (job === mine && state.state === 'making') {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (Date.now() - begun > LONG_MS) tell(t('Being made for {seconds} s …', {seconds: Math.round((Date.now() - begun) / 1000)}));
    state = await looked(mine) ?? state;
  }
  return job === mine ? state : null;
}

/** @param {string} mine */
async function looked(mine) {
  try {
    const answer = await fetch(`/api/v1/reports/${mine}`, {signal: AbortSignal.timeout(8000)});
    const value = await answer.json();
    return answer.ok ? value : {state: 'failed', why: String(value.why ?? answer.status)};
  } catch (error) {
    return null;
  }
}

/**
 * Work on one report, with Stop within reach.
 * @param {Record<string, any>} body
 * @param {(state: any) => Promise<void>} then
 */
async function work(body, then) {
  busy(true);
  tell(t('Being made …'));
  const state = await made(body);
  if (state === null) return;
  job = '';
  if (state.state === 'made') await then(state);
  else tell(t('Not made: {why}', {why: said(state.why)}));
  busy(false);
}

/** @param {boolean} is */
function busy(is) {
  element('stop').hidden = !is;
  document.querySelectorAll('#show, [data-form]').forEach((button) => {
    /** @type {HTMLButtonElement} */ (button).disabled = is;
  });
}

async function stop() {
  const mine = job;
  job = '';
  tell(t('Stopped'));
  busy(false);
  if (mine) await send(`/api/v1/reports/${mine}/stop`);
}

/** @param {Record<string, any>} body */
async function show(body) {
  element('shown').replaceChildren();
  element('downloads').hidden = true;
  await work({...body, form: 'piece'}, async (state) => {
    const answer = await fetch(`/reports/${state.job}`);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    element('shown').replaceChildren(...page.body.childNodes);
    element('downloads').hidden = false;
    asked = body;
    tell('');
  });
}

/** @param {string} form */
async function download(form) {
  await work({...asked, form}, async (state) => {
    const link = document.createElement('a');
    link.href = `/reports/${state.job}`;
    link.download = state.name;
    link.click();
    tell(state.name);
  });
}

/** @param {Date} day */
const text = (day) => day.toISOString().slice(0, 10);

/**
 * Give the first and the last day of a span before today; days are reckoned as if they were UTC's.
 * @param {string} name
 * @param {Date} today
 */
function span(name, today) {
  const back = (/** @type {number} */ days) => new Date(today.getTime() - days * DAY_MS);
  if (name === 'week') {
    const monday = (today.getUTCDay() + 6) % 7;
    return [back(monday + 7), back(monday + 1)];
  }
  if (name === 'month') {
    const first = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 1, 1));
    return [first, new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 0))];
  }
  return [back(1), back(1)];
}

async function start() {
  const {page, link} = await startShell();
  const form = /** @type {HTMLFormElement} */ (element('ask'));
  const today = () => {
    const now = link.now() ?? new Date();
    return new Date(`${new Intl.DateTimeFormat('sv-SE', {timeZone: page.site.zone}).format(now)}T00:00:00Z`);
  };
  let isChosen = false;
  form.addEventListener('input', () => {
    isChosen = true;
  });
  const choose = (/** @type {string} */ name) => {
    const [first, last] = span(name, today());
    form.from.value = text(first);
    form.to.value = text(last);
  };
  const offer = () => {
    const listed = page.reports.find((/** @type {any} */ one) => one.name === form.report.value);
    element('options').replaceChildren(...(listed?.options ?? []).map((/** @type {any} */ one) => field(one, page.lanes)));
    element('about').textContent = listed?.about ?? '';
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    show(Object.fromEntries(new FormData(form)));
  });
  form.report.addEventListener('change', offer);
  element('stop').addEventListener('click', stop);
  document.querySelectorAll('[data-span]').forEach((button) => {
    button.addEventListener('click', () => choose(String(/** @type {HTMLElement} */ (button).dataset.span)));
  });
  document.querySelectorAll('[data-form]').forEach((button) => {
    button.addEventListener('click', () => download(String(/** @type {HTMLElement} */ (button).dataset.form)));
  });
  link.addEventListener('link', () => {
    if (link.state.live && !isChosen) choose('yesterday');
    isChosen ||= link.state.live;
  });
  choose('yesterday');
  offer();
}

/**
 * @param {{key: string, title: string}} option
 * @param {{name: string, title: string, title_en: string}[]} lanes
 */
function field(option, lanes) {
  const label = document.createElement('label');
  const input = document.createElement(option.key === 'lane' ? 'select' : 'input');
  input.name = option.key;
  if (input instanceof HTMLSelectElement) {
    input.append(new Option(t('All'), ''), ...lanes.map((one) => new Option(language() === 'zh' ? one.title : one.title_en, one.name)));
  }
  label.append(option.title, input);
  return label;
}

start();
