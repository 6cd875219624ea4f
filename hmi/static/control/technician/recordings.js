/** Recordings of the black boxes: which there are, what each says as curves and as a list, who holds it. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {send} from '../api.js';
import {known, said, t} from '../texts.js';
import {got, outcomeWords, pastBoard, startPage, when} from './parts.js';

const MOST_NOTES = 300;
const STATUS = {GOOD: 0, FORCED: 0x00960000, STALE: 0x40900000, STUCK: 0x40930000};
const BAD = 0x80050000;
/** As much of a fault's words the name of its recording keeps. */
const SLUG = 40;
const NOTES = ['write', 'done', 'failed', 'answer', 'fault'];

/** The words of faults, each looked up once.
 * @type {Map<string, string>} */
const FAULTS = new Map();

/** What the black box itself finds.
 * @type {Record<string, () => string>} */
const OWN = {faulted: () => t('Fault'), plc_lost: () => t('PLC out of reach')};

/** What a file's name keeps of words: everything but letters and digits is a dash there, and it is cut. @param {string} words */
const slug = (words) => words.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, SLUG);

/** Fewer letters than these, and a text with a gap fits what it is not about. */
const LEAST = 12;

/** Translate words of the plant of which a file's name is all that is left. @param {string} name */
function saidByName(name) {
  const words = known().find((text) => slug(text) === name) ?? filledByName(name);
  return words ? said(words) : name.replace(/[-_]+/g, ' ');
}

/** Find the words with gaps that a name has filled, and fill them with what stands there. @param {string} name */
function filledByName(name) {
  for (const text of known()) {
    const parts = text.split(/\{\w+\}/);
    if (parts.length === 1 || parts.join('').length < LEAST) continue;
    const gaps = new RegExp(`^${parts.map(slug).join('(.+)')}$`).exec(name);
    if (gaps) return text.replace(/\{\w+\}/g, () => gaps.splice(1, 1)[0]);
  }
  return undefined;
}

/** @param {string} name */
function faultWord(name) {
  if (!FAULTS.has(name)) FAULTS.set(name, OWN[name]?.() ?? saidByName(name));
  return FAULTS.get(name) ?? name;
}

class RecordingsPage extends LitElement {
  static properties = {rows: {state: true}, find: {state: true}, chosen: {state: true}, notes: {state: true}, outcome: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.page = {};
    /** @type {any} */
    this.times = null;
    /** @type {any[]} */
    this.rows = [];
    this.find = '';
    /** @type {any} */
    this.chosen = null;
    /** @type {any[]} */
    this.notes = [];
    this.outcome = '';
  }

  createRenderRoot() {
    return this;
  }

  async read() {
    const told = await got('/api/v1/recordings');
    this.rows = told.value ?? this.rows;
    this.outcome = told.why ? said(told.why) : '';
    if (this.chosen) this.chosen = this.rows.find(({name}) => name === this.chosen.name) ?? null;
  }

  get #shown() {
    const words = this.find.toLowerCase().split(/\s+/).filter(Boolean);
    return this.rows.filter((one) => words.every((word) => `${one.lane} ${one.fault} ${faultWord(one.fault)} ${one.passage} ${when(one.at)}`.toLowerCase().includes(word)));
  }

  render() {
    const heading = t('Recordings');
    return html`<section class="card block"><label class="field find">${t('Lane, fault, passage or day')} <input type="search" name="find" autocomplete="off" @input=${(/** @type {any} */ event) => (this.find = event.target.value)}></label>
      <div class="wide short" tabindex="0" role="region" aria-label=${heading}><table><thead><tr><th>${t('Time')}</th><th>${t('Lane')}</th><th>${t('Fault')}</th><th>${t('Passage')}</th><th class="right">KB</th><th>${t('Held')}</th><th><span class="unseen">${t('Look')}</span></th></tr></thead>
      <tbody>${this.#shown.map((one) => this.#row(one))}</tbody></table>${this.rows.length ? nothing : html`<p class="none">${t('No fault has been written down')}</p>`}</div>
      <p role="status">${this.outcome}</p></section>${this.chosen ? this.#one() : nothing}<div id="curves"></div>${this.notes.length ? this.#list() : nothing}`;
  }

  /** @param {any} one */
  #row(one) {
    return html`<tr data-recording=${one.name} class=${this.chosen?.name === one.name ? 'chosen' : ''}><th scope="row">${when(one.at)}</th><td>${one.lane}</td><td>${faultWord(one.fault)}</td>
      <td>${one.passage ? html`<a href=${`/passages/${encodeURIComponent(one.passage)}`}>${one.passage}</a>` : nothing}</td><td class="right">${Math.ceil(one.size / 1024)}</td>
      <td>${one.held.by ? html`${one.held.by}: ${one.held.why}` : nothing}</td><td><button type="button" data-look=${one.name} @click=${() => this.look(one)}>${t('Look')}</button></td></tr>`;
  }

  #one() {
    const {name, held} = this.chosen;
    return html`<section class="card block row"><b>${name}</b> <a class="button" href=${`/api/v1/recordings/${name}`} download>${t('Download')}</a>
      ${this.page.mayHold ? html`<form @submit=${(/** @type {SubmitEvent} */ event) => this.#hold(event, !held.by)}><label class="field">${t('Reason')} <input name="why" required maxlength="200" autocomplete="off"></label>
        <button>${held.by ? t('Let it go') : t('Hold it')}</button></form>` : nothing}</section>`;
  }

  /** @param {SubmitEvent} event @param {boolean} hold */
  async #hold(event, hold) {
    event.preventDefault();
    const why = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('why'));
    const answer = await send(`/api/v1/recordings/${this.chosen.name}/hold`, {hold, why});
    await this.read();
    this.outcome = outcomeWords(answer);
  }

  /** @param {any} one */
  async look(one) {
    this.chosen = one;
    const answer = await fetch(`/api/v1/recordings/${one.name}`);
    if (!answer.ok) {
      this.outcome = said(String((await answer.json().catch(() => ({}))).why ?? answer.status));
      return;
    }
    const {told, notes, from, to} = parsed(await answer.text());
    this.notes = notes;
    const events = notes.map(({at, what}) => ({x: at, kind: what === 'fault' ? 'alarm' : 'command'}));
    const {board} = pastBoard(told, {from, to, events, times: this.times, zone: this.page.site.zone});
    const place = /** @type {HTMLElement} */ (this.querySelector('#curves'));
    place.replaceChildren(board);
  }

  #list() {
    const heading = t('Writes, answers and faults');
    return html`<section class="card block"><h3>${heading}</h3><div class="wide short" tabindex="0" role="region" aria-label=${heading}><table><thead><tr><th>${t('Time')}</th><th>${t('What')}</th><th>${t('Tag')}</th><th>${t('Told')}</th></tr></thead>
      <tbody>${this.notes.slice(0, MOST_NOTES).map((note) => html`<tr><th scope="row">${this.times.clock(note.at)}</th><td>${said(note.what)}</td><td>${said(note.about)}</td><td>${note.told}</td></tr>`)}</tbody></table></div></section>`;
  }
}

/**
 * Read a file's lines: points by tag of what moved, and what went out.
 * @param {string} text
 */
export function parsed(text) {
  const rows = text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const [head, ...rest] = rows;
  /** @type {Record<string, any[]>} */
  const told = {};
  /** @type {any[]} */
  const notes = [];
  const times = rest.filter(({at}) => at).map(({at}) => Date.parse(at) / 1000);
  const from = times.length ? Math.min(...times) : Date.parse(head.at) / 1000;
  const to = (times.length ? Math.max(...times) : from) + 0.5;
  for (const row of rest) {
    const x = row.at ? Date.parse(row.at) / 1000 : from - 0.001;
    for (const [tag, [value, quality]] of Object.entries(/** @type {Record<string, any>} */ (row.read ?? row.image ?? {}))) {
      (told[tag] ??= []).push({x, value, status: STATUS[/** @type {keyof typeof STATUS} */ (quality)] ?? BAD});
    }
    const what = NOTES.find((name) => name in row);
    if (what) notes.push({at: x, what, about: String(row[what]), told: row.told === undefined ? '' : JSON.stringify(row.told)});
  }
  const moved = Object.entries(told).filter(([tag, points]) => points.length > 1 && !/\.(hb|tick|boot)\b/.test(tag)).slice(0, 30);
  return {told: Object.fromEntries(moved), notes, from: from - 0.5, to};
}

customElements.define('recordings-page', RecordingsPage);

async function start() {
  const {shown} = await startPage('recordings-page');
  await shown.read();
  const asked = new URLSearchParams(location.search).get('name');
  const one = shown.rows.find((/** @type {any} */ row) => row.name === asked);
  if (one) await shown.look(one);
}

start();
