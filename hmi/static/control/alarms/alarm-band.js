/**
 * The band above every page: the most urgent alarm that nobody has acknowledged, how many stand, one click to its
 * place, and the sound. The list is asked for when the plant says that it has changed, at most once a second.
 */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {send} from '../api.js';
import {clockTime} from '../format.js';
import {number} from '../tags.js';
import {language, said, t} from '../texts.js';
import {Sound} from './sound.js';

const AGAIN_MS = 1000;
/** A screen reader is told of a new alarm at most so often. */
const SPOKEN_MS = 5000;
const WAIT_MS = 8000;
export const PRIORITIES = [1, 2, 3, 4];

/** @typedef {{[name: string]: any}} Row */

/** What an alarm says in the page's language. @param {Row} row @param {string} [name] */
export function words(row, name = 'text') {
  const text = String(language() === 'zh' ? row[`${name}_zh`] : row[name]);
  return text.replace('{detail}', () => said(String(row.detail)));
}

/** Show what stands between backticks as the code that a person types. @param {string} text */
export const marked = (text) => text.split('`').map((part, n) => (n % 2 ? html`<code>${part}</code>` : part));

/** Priority by colour, shape and number. @param {number} priority */
export const badge = (priority) => html`<span class="badge p${priority}" role="img" aria-label=${t('Priority {number}', {number: priority})}>${priority}</span>`;

/** @returns {Promise<Row[] | null>} */
export async function alarmList() {
  try {
    const answer = await fetch('/api/v1/alarms', {signal: AbortSignal.timeout(WAIT_MS)});
    return answer.ok ? (await answer.json()).alarms : null;
  } catch (error) {
    return null;
  }
}

class AlarmBand extends LitElement {
  static properties = {rows: {state: true}, spoken: {state: true}, places: {type: Object}, mayAct: {type: Boolean, attribute: 'may-act'}};
  #seq = -1;
  #asked_ms = -Infinity;
  #spoken_ms = -Infinity;
  #asking = false;
  #sound = new Sound();

  constructor() {
    super();
    /** @type {Row[]} */
    this.rows = [];
    this.spoken = '';
    /** What lanes are called.
     * @type {Record<string, string>} */
    this.places = {};
    this.mayAct = false;
  }

  createRenderRoot() {
    return this;
  }

  /** Tags have changed. */
  look() {
    const seq = number('site.alarms_seq');
    this.hidden = seq === null;
    this.#sound.play(number('site.alarms_sounding') ?? 0);
    if (seq !== null && seq !== this.#seq && !this.#asking && performance.now() - this.#asked_ms >= AGAIN_MS) this.#ask(seq);
    this.requestUpdate();
  }

  /** @param {number} seq */
  async #ask(seq) {
    this.#asking = true;
    this.#asked_ms = performance.now();
    const rows = await alarmList();
    this.#asking = false;
    if (rows === null) return;
    this.#seq = seq;
    this.rows = rows;
    this.dispatchEvent(new CustomEvent('alarms', {detail: rows}));
    this.#speak();
  }

  #speak() {
    const newest = this.#newest();
    if (newest === undefined || performance.now() - this.#spoken_ms < SPOKEN_MS) return;
    this.#spoken_ms = performance.now();
    this.spoken = t('Alarm of priority {number}: {text}', {number: newest.priority, text: `${this.#place(newest)} ${words(newest)}`});
  }

  /** The most urgent that nobody has acknowledged, the newest of several. */
  #newest() {
    const waiting = this.rows.filter((row) => row.tab === 'active' && row.state === 'UNACK');
    return waiting.sort((one, other) => one.priority - other.priority || (one.since < other.since ? 1 : -1))[0];
  }

  render() {
    const newest = this.#newest();
    return html`${newest ? this.#shown(newest) : html`<span class="calm">${this.rows.some((row) => row.tab === 'active') ? t('Every alarm is acknowledged') : t('No alarms')}</span>`}
      <span class="gap"></span>${number('site.alarms_flood') ? html`<b class="flood">${t('Flood of alarms')}</b>` : nothing}
      <a class="counts" href="/alarms">${PRIORITIES.map((priority) => this.#count(priority))}</a>
      ${this.#silence()}<span class="spoken" role="alert">${this.spoken}</span>`;
  }

  /** @param {Row} row */
  #place(row) {
    return this.places[row.place] ?? row.place;
  }

  /** @param {Row} row */
  #shown(row) {
    return html`<a class="newest" data-alarm=${row.id} href=${row.link}>${badge(row.priority)}<b>${words(row)}</b>
      <span>${this.#place(row)}</span><span>${row.since ? clockTime(new Date(row.since)) : ''}</span>${row.unknown ? html`<i>${t('condition unknown')}</i>` : nothing}</a>`;
  }

  /** @param {number} priority */
  #count(priority) {
    const count = number(`site.alarms_p${priority}`) ?? 0;
    return html`<span class=${count ? 'count' : 'count none'}>${badge(priority)} ${count}</span>`;
  }

  #silence() {
    if (!number('site.alarms_sounding')) return nothing;
    const words = this.#sound.blocked ? t('Sound: click') : t('Silence');
    return html`<button type="button" data-silence ?disabled=${!this.mayAct} @click=${() => this.#quiet()}>♪ ${words}</button>`;
  }

  async #quiet() {
    if (this.#sound.blocked) await this.#sound.allow();
    else await send('/api/v1/alarms/silence');
    this.requestUpdate();
  }
}

customElements.define('alarm-band', AlarmBand);
