/** The stocktake page: who is inside, what is proposed for closing and why, what is in doubt, and a counted list. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {send} from '../api.js';
import {dayAndTime, duration} from '../format.js';
import {element, startShell} from '../shell.js';
import {number} from '../tags.js';
import {language, said, t} from '../texts.js';
import {get} from './desk-get.js';
import {sieve, sifted} from './desk-stocktake-rows.js';

const MOST_BYTES = 1_400_000;
const MOST_TOLD = 5000;

/** @type {[string, () => string][]} */
const REASONS = [
  ['GHOST', () => t('no car of it is inside')], ['OPEN_LANE', () => t('it left by an open lane')],
  ['TWICE', () => t('the same car has two stays')], ['DUPLICATE_READ', () => t('it began by a misread')], ['COUNTED', () => t('it was not counted')],
];

export class StocktakePage extends LitElement {
  static properties = {told: {state: true}, counted: {state: true}, chosen: {state: true}, busy: {state: true}, results: {state: true}, asked: {state: true}, live: {type: Boolean}, mayEnd: {type: Boolean}};

  constructor() {
    super();
    /** @type {any} */
    this.told = null;
    /** @type {any} */
    this.counted = null;
    /** @type {Set<string>} */
    this.chosen = new Set();
    /** @type {{q: string, which: import('./desk-stocktake-rows.js').Which, page: number}} */
    this.asked = {q: '', which: 'all', page: 0};
    /** @type {Record<string, string>} */
    this.titles = {};
    this.busy = false;
    /** @type {{stay: string, words: string}[]} */
    this.results = [];
    this.live = false;
    this.mayEnd = false;
    /** @type {() => Date | null} */
    this.now = () => null;
  }

  createRenderRoot() {
    return this;
  }

  async refresh() {
    this.told = (await get('/api/v1/stocktake')) ?? this.told;
  }

  render() {
    if (!this.told) return html`<p class="none">${t('Loading')}</p>`;
    const inside = t('Cars inside: {count}', {count: this.told.inside.length});
    return html`<section class="card" aria-label=${t('Stocktake')}><h2>${t('Stocktake')} <small>${inside}</small></h2>
      <div class="tools"><a class="button" href="/stocktake/inside.xlsx" data-out>${t('Download the list')}</a>
        <label class="field">${t('Counted list (.xlsx, .csv)')} <input type="file" accept=".xlsx,.csv" data-in @change=${this.#count}></label></div>
      ${this.#difference()}${this.#close()}</section>
      ${this.#doubts()}
      <section class="card" aria-label=${t('Who is inside')}><h2>${t('Who is inside')}</h2>${this.#inside()}</section>`;
  }

  #difference() {
    if (!this.counted) return nothing;
    const {counted, faults, missing, unknown} = this.counted;
    const words = t('Plates counted: {count}. Stays not found: {missing}. Plates without a stay: {unknown}', {count: counted, missing: missing.length, unknown: unknown.length});
    return html`<p role="status" data-difference>${words}</p>${unknown.length ? html`<p class="small">${unknown.slice(0, 50).join(', ')}</p>` : nothing}
      <div class="faults">${faults.map((/** @type {any} */ one) => fault(one))}</div>`;
  }

  #close() {
    const {chosen} = this;
    const words = t('Stays chosen: {count}', {count: chosen.size});
    const results = this.results.map((one) => html`<p class="small" role="status" data-result=${one.stay}>${one.words}</p>`);
    if (!this.mayEnd) return results;
    return html`<form class="search" @submit=${this.#end}><span>${words}</span>
      <label class="field">${t('Reason')} <select name="reason" required>${REASONS.map(([value, word]) => html`<option value=${value}>${word()}</option>`)}</select></label>
      <label class="field">${t('Evidence')} <input name="evidence" required maxlength="200" autocomplete="off"></label>
      <button type="submit" class="primary" data-command="end" ?disabled=${!chosen.size || this.busy || !this.live}>${t('Close the chosen stays')}</button></form>${results}`;
  }

  #doubts() {
    const {doubts} = this.told;
    if (!doubts.length) return nothing;
    return html`<section class="card" aria-label=${t('UNCERTAIN')}><h2>${t('UNCERTAIN')}</h2><table><tbody>${doubts.map((/** @type {any} */ one) => this.#doubt(one))}</tbody></table></section>`;
  }

  /** @param {any} one */
  #doubt(one) {
    return html`<tr data-doubt=${one.id}><td>${dayAndTime(new Date(one.at))}</td><td>${this.#title(one.lane)}</td><td>${one.plate ?? ''}</td><td>${said(one.why)}</td><td>${this.mayEnd ? this.#settle(one) : nothing}</td></tr>`;
  }

  /** @param {any} one */
  #settle(one) {
    const found = t('Found');
    const evidence = t('Evidence');
    const options = [['inside', t('it is inside')], ['gone', t('it has left')], ['no-car', t('there was no car')]];
    return html`<form class="search" @submit=${(/** @type {SubmitEvent} */ event) => this.#found(event, one.id)}><select name="found" aria-label=${found}>${options.map(([value, word]) => html`<option value=${value}>${word}</option>`)}</select>
      <input name="evidence" aria-label=${evidence} placeholder=${evidence} required maxlength="200" autocomplete="off"><button type="submit" ?disabled=${this.busy || !this.live}>${t('Settle')}</button></form>`;
  }

  #inside() {
    const ghosts = new Map(this.told.ghosts.map((/** @type {any} */ one) => [one.stay, one]));
    const missing = new Set(this.counted?.missing ?? []);
    const place = (/** @type {any} */ one) => `${this.#title(one.zone)} ${this.#title(one.entry_lane)}`;
    const shown = sifted(this.told.inside, this.asked, {ghosts, missing, chosen: this.chosen, place});
    const heads = ['', t('Plate'), t('Zone'), t('In'), t('Age'), t('Entry picture'), t('Proposed for closing')];
    return html`${sieve(this.asked, shown, this.told.inside.length, (change) => (this.asked = {...this.asked, ...change}))}${this.#left()}
      <div class="scroll" tabindex="0"><table data-table="inside"><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead>
      <tbody>${shown.rows.map((one) => this.#row(one, ghosts.get(one.id), missing.has(one.id)))}</tbody></table></div>`;
  }

  /** The plant tells the oldest stays only, where there are very many. */
  #left() {
    const open = number('site.stays_open') ?? 0;
    const told = this.told.inside.length;
    const words = t('{open} cars are inside; the {told} that came first are listed', {open, told});
    return told >= MOST_TOLD && open > told ? html`<p class="bad" role="status">${words}</p>` : nothing;
  }

  /** @param {string | null} name */
  #title(name) {
    return this.titles[name ?? ''] ?? name ?? '';
  }

  /**
   * @param {any} one
   * @param {any} ghost
   * @param {boolean} isMissing
   */
  #row(one, ghost, isMissing) {
    const since = new Date(one.entered_at);
    const now = this.now() ?? since;
    const sure = ghost ? t('{percent} % sure', {percent: ghost.confidence}) : '';
    const why = ghost ? `${said(ghost.why)} · ${sure}` : isMissing ? t('it was not counted') : '';
    const label = t('Choose {plate}', {plate: one.plate});
    const box = this.mayEnd ? html`<input type="checkbox" aria-label=${label} .checked=${this.chosen.has(one.id)} @change=${() => this.#choose(one.id)}>` : nothing;
    return html`<tr class=${ghost ? 'ghost' : isMissing ? 'missing' : ''} data-stay=${one.id}><td>${box}</td>
      <td><b>${one.plate}</b></td><td>${this.#title(one.zone)}</td><td>${dayAndTime(since)} · ${this.#title(one.entry_lane)}</td><td>${lasted(now.getTime() - since.getTime())}</td>
      <td>${one.entry_picture ? html`<img src="/pictures/${encodeURIComponent(one.entry_picture)}" alt="" loading="lazy">` : nothing}</td><td>${why}</td></tr>`;
  }

  /** @param {string} stay */
  #choose(stay) {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(stay)) chosen.add(stay);
    this.chosen = chosen;
  }

  /** @param {Event} event */
  async #count(event) {
    const file = /** @type {HTMLInputElement} */ (event.target).files?.[0];
    if (!file) return;
    if (file.size > MOST_BYTES) {
      this.counted = nothingCounted(t('the file is too large'));
      return;
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    const answer = await send('/api/v1/stocktake/count', {file_b64: btoa(text)});
    this.counted = answer.outcome === 'done' ? answer.value : nothingCounted(answer.why || t('no answer from the server'));
  }

  /**
   * Close what was chosen, one by one; what became of each is shown.
   * @param {SubmitEvent} event
   */
  async #end(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    this.busy = true;
    this.results = [];
    const plates = new Map(this.told.inside.map((/** @type {any} */ one) => [one.id, one.plate]));
    const left = new Set(this.chosen);
    for (const stay of this.chosen) {
      const answer = await send('/api/v1/stocktake/end-stay', {stay, ...fields});
      const refused = t('Refused: {why}', {why: said(answer.why)});
      const words = answer.outcome === 'done' ? t('closed') : answer.outcome === 'refused' ? refused : t('Nobody knows whether it was done');
      if (answer.outcome === 'done') left.delete(stay);
      this.results = [...this.results, {stay, words: `${plates.get(stay) ?? stay}: ${words}`}];
    }
    this.busy = false;
    this.chosen = left;
    await this.refresh();
  }

  /**
   * @param {SubmitEvent} event
   * @param {number} id
   */
  async #found(event, id) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    const answer = await send('/api/v1/stocktake/doubts', {id, ...fields});
    if (answer.outcome !== 'done') this.results = [{stay: `${id}`, words: said(answer.why) || t('no answer from the server')}];
    await this.refresh();
  }
}

/** @param {number} ms */
function lasted(ms) {
  const minutes = Math.max(0, Math.trunc(ms / 60_000));
  return minutes < 2880 ? duration(minutes) : t('{count} d', {count: Math.trunc(minutes / 1440)});
}

/** @param {string} why */
const nothingCounted = (why) => ({counted: 0, faults: [{row: 0, what: why, remedy: ''}], missing: [], unknown: []});

/** @param {{row: number, what: string, remedy: string}} one */
function fault(one) {
  const row = t('Row {row}', {row: one.row});
  return html`<p class="bad" data-fault=${one.row}>${row}: ${said(one.what)} ${said(one.remedy)}</p>`;
}

customElements.define('stocktake-page', StocktakePage);

async function start() {
  const {page, link} = await startShell();
  const part = element('stocktake');
  const titles = Object.fromEntries(page.places.map((/** @type {any} */ one) => [one.name, language() === 'zh' ? one.title : one.title_en]));
  Object.assign(part, {mayEnd: page.mayEnd, titles, now: () => link.now()});
  let seq = number('site.stays_seq');
  link.addEventListener('link', () => {
    part.live = link.state.live;
  });
  link.addEventListener('tags', () => {
    if (number('site.stays_seq') !== seq) part.refresh();
    seq = number('site.stays_seq');
  });
  part.live = link.state.live;
  await part.refresh();
}

start();
