/** What stands above the curves: which tags, which range, kept views, what happened, and the ways out as file and picture. */

import {LitElement, html, live, nothing} from '../../vendor/lit.js';
import {list, send} from '../api.js';
import {all} from '../tags.js';
import {said, t} from '../texts.js';
import {apart} from './board.js';
import {EVENT_KINDS} from './model.js';
import {span} from './times.js';

const MOST_FOUND = 40;
const SPANS_S = [60, 300, 3600, 8 * 3600, 86_400, 7 * 86_400, 30 * 86_400];

/** @type {Record<string, () => string>} */
export const KIND_WORDS = {
  alarm: () => t('Alarms'),
  command: () => t('Commands'),
  person: () => t('What people did'),
  mode: () => t('Modes'),
  decision: () => t('Steps of lanes'),
};

export class TrendTools extends LitElement {
  static properties = {words: {state: true}, views: {state: true}, chosen: {state: true}, outcome: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.trends = null;
    /** @type {any} */
    this.times = null;
    this.words = '';
    /** @type {any[]} */
    this.views = [];
    this.chosen = '';
    this.outcome = '';
  }

  createRenderRoot() {
    return this;
  }

  /** @param {any} trends @param {any} times */
  show(trends, times) {
    Object.assign(this, {trends, times});
    for (const name of ['panes', 'range', 'cursors', 'points', 'asking']) trends.addEventListener(name, () => this.requestUpdate());
    this.readViews();
  }

  async readViews() {
    this.views = (await list('/api/v1/trend-views')) ?? this.views;
  }

  /** @param {string} name */
  async open(name) {
    const view = this.views.find((one) => one.name === name);
    this.chosen = view ? name : '';
    if (view) await this.trends.open(view.content);
  }

  render() {
    if (!this.trends) return nothing;
    return html`<div class="card tools">${this.#search()}${this.#range()}${this.#kept()}${this.#out()}
      <p class="state" role="status">${this.#state()}</p></div>`;
  }

  #search() {
    return html`<form class="finder" role="search" @submit=${(/** @type {Event} */ event) => this.#first(event)}>
      <label class="field">${t('Add a tag: part of its name')} <input type="search" name="q" autocomplete="off" .value=${live(this.words)}
        @input=${(/** @type {any} */ event) => (this.words = event.target.value)}></label>
      ${this.words.trim() ? html`<ul class="found" aria-label=${t('Tags found')}>${this.#found.map((name) => html`<li><button type="button" draggable="true" data-add=${name}
        @dragstart=${(/** @type {DragEvent} */ event) => event.dataTransfer?.setData('text/plain', name)} @click=${() => this.#add(name)}>${name}</button></li>`)}
        ${this.#found.length ? nothing : html`<li class="none">${t('No tag is like that')}</li>`}</ul>` : nothing}</form>`;
  }

  get #found() {
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...all().keys()].filter((name) => !this.trends.tracks.has(name) && words.every((word) => name.includes(word)));
    return found.sort().slice(0, MOST_FOUND);
  }

  /** @param {Event} event */
  #first(event) {
    event.preventDefault();
    if (this.#found.length) this.#add(this.#found[0]);
  }

  /** @param {string} name */
  #add(name) {
    this.words = '';
    this.trends.add([name]);
  }

  #range() {
    const {trends, times} = this;
    const {from, to} = trends.range;
    const following = trends.until === null;
    return html`<div class="range" role="group" aria-label=${t('Range')}>
      <button type="button" data-do="live" aria-pressed=${following} @click=${() => trends.follow()}>${t('Live')}</button>
      <label class="field">${t('Length')} <select name="span" @change=${(/** @type {any} */ event) => this.#length(Number(event.target.value))}>
        ${SPANS_S.includes(trends.span_s) ? nothing : html`<option value="" selected>${span(trends.span_s)}</option>`}
        ${SPANS_S.map((s) => html`<option value=${s} ?selected=${s === trends.span_s}>${spanWords(s)}</option>`)}</select></label>
      <button type="button" data-do="earlier" aria-label=${t('Earlier')} @click=${() => trends.pan(-(to - from) / 4)}>◀</button>
      <button type="button" data-do="later" aria-label=${t('Later')} ?disabled=${following} @click=${() => trends.pan((to - from) / 4)}>▶</button>
      <button type="button" data-do="out" aria-label=${t('Longer range')} @click=${() => trends.zoom((from + to) / 2, 2)}>−</button>
      <button type="button" data-do="in" aria-label=${t('Shorter range')} @click=${() => trends.zoom((from + to) / 2, 0.5)}>+</button>
      <button type="button" data-do="back" @click=${() => trends.back()}>${t('Back')}</button>
      <label class="field">${t('From')} <input type="datetime-local" name="since" step="1" .value=${live(times.input(from))} @change=${() => this.#typed()}></label>
      <label class="field">${t('Until')} <input type="datetime-local" name="until" step="1" .value=${live(times.input(to))} @change=${() => this.#typed()}></label></div>`;
  }

  /** @param {number} span_s */
  #length(span_s) {
    const {trends} = this;
    if (!span_s) return;
    if (trends.until === null && span_s <= 86_400) trends.follow(span_s);
    else trends.look(trends.range.to - span_s, trends.range.to);
  }

  #typed() {
    const [from, to] = ['since', 'until'].map((name) => this.times.instant(/** @type {any} */ (this.querySelector(`[name=${name}]`)).value));
    if (to > from) this.trends.look(from, to);
  }

  #kept() {
    return html`<form class="kept" @submit=${(/** @type {SubmitEvent} */ event) => this.#keep(event)}>
      <label class="field">${t('My views')} <select name="view" @change=${(/** @type {any} */ event) => this.open(event.target.value)}>
        <option value="">–</option>${this.views.map(({name}) => html`<option value=${name} ?selected=${name === this.chosen}>${name}</option>`)}</select></label>
      <label class="field">${t('Name of the view')} <input name="name" maxlength="60" required autocomplete="off" .value=${this.chosen}></label>
      <button ?disabled=${!this.trends.panes.length}>${t('Keep')}</button>
      <button type="button" data-do="forget" ?disabled=${!this.chosen} @click=${() => this.#forget()}>${t('Forget')}</button></form>`;
  }

  /** @param {SubmitEvent} event */
  async #keep(event) {
    event.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('name')).trim();
    await this.#told(await send('/api/v1/trend-views', {name, content: this.trends.content}), name, t('Kept: {name}', {name}));
  }

  async #forget() {
    const name = this.chosen;
    await this.#told(await send('/api/v1/trend-views/drop', {name}), '', t('Forgotten: {name}', {name}));
  }

  /** @param {import('../api.js').Answer} answer @param {string} chosen @param {string} done */
  async #told(answer, chosen, done) {
    if (answer.why.startsWith('idle')) location.assign('/sign-in');
    this.outcome = answer.outcome === 'done' ? done : t('Refused: {why}', {why: said(answer.why)});
    await this.readViews();
    if (answer.outcome === 'done') this.chosen = chosen;
  }

  #out() {
    const {trends} = this;
    return html`<div class="out">
      <details class="drop"><summary>${t('What happened')}</summary><div class="card">${EVENT_KINDS.map((kind) => html`<label class="choice"><input type="checkbox" name="kind" value=${kind}
        .checked=${trends.eventKinds.has(kind)} @change=${(/** @type {any} */ event) => trends.showEvents(kind, event.target.checked)}><span>${KIND_WORDS[kind]()}</span></label>`)}</div></details>
      <details class="drop"><summary>${t('Keys and mouse')}</summary><div class="card keys">${keys().map(([key, does]) => html`<p><kbd>${key}</kbd> ${does}</p>`)}</div></details>
      ${trends.panes.length ? html`<a class="button" data-do="csv" href=${trends.fileAddress} download>CSV</a>
        <button type="button" data-do="png" @click=${() => this.dispatchEvent(new Event('picture'))}>PNG</button>` : nothing}</div>`;
  }

  #state() {
    const {trends, times} = this;
    const {a, b} = trends.cursors;
    const parts = [
      trends.busy ? t('Asking the history') : '',
      trends.trouble ? t('The history does not answer: {why}', {why: said(trends.trouble)}) : '',
      a === null ? '' : `A ${times.full(a)}`,
      b === null ? '' : `B ${times.full(b)}`,
      apart(trends.cursors) ? `B − A ${apart(trends.cursors)}` : '',
      this.outcome,
    ];
    return parts.filter(Boolean).join(' · ');
  }
}

/** @param {number} s */
function spanWords(s) {
  if (s < 3600) return t('{count} min', {count: s / 60});
  return s < 86_400 ? t('{count} h', {count: s / 3600}) : t('{count} d', {count: s / 86_400});
}

/** @returns {[string, string][]} */
function keys() {
  return [
    ['← →', t('a quarter of the range earlier, later')],
    ['+ −', t('shorter, longer range; so does the wheel')],
    ['A B', t('cursor here; so does a click, and another click')],
    ['Shift ← →', t('moves the last cursor by a pixel')],
    ['Esc', t('takes the cursors away')],
    ['Home', t('live')],
    ['Backspace', t('the range before')],
    [t('drag'), t('shows that range; with Shift: moves it')],
  ];
}

customElements.define('trend-tools', TrendTools);
