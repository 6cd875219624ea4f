/** One alarm whole: why it came, what follows, what to do and by when, and what a person may do with it now. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {send} from '../api.js';
import {clockTime, date, duration} from '../format.js';
import {said, t} from '../texts.js';
import {badge, marked, words} from './alarm-band.js';

/** @typedef {import('./alarm-band.js').Row} Row */

const SHELF_MIN = [15, 60, 240, 480];
/** Refusals that a person brings about are said in the plant's words. */
const OUTCOMES = {done: () => t('Done'), refused: () => '', unknown: () => t('Nobody knows whether it was done')};

class AlarmFacts extends LitElement {
  static properties = {row: {state: true}, told: {state: true}, busy: {state: true}};

  constructor() {
    super();
    /** @type {Row | null} */
    this.row = null;
    this.told = '';
    this.busy = false;
    this.mayAct = false;
    this.mayTakeOut = false;
  }

  createRenderRoot() {
    return this;
  }

  /** Go to the first order: the keyboard's way from the list. */
  enter() {
    /** @type {HTMLElement | null} */ (this.querySelector('button:not(:disabled), a'))?.focus();
  }

  /** @param {string} what @param {object} body */
  async order(what, body) {
    this.busy = true;
    const {outcome, why} = await send(`/api/v1/alarms/${what}`, body);
    this.busy = false;
    this.told = OUTCOMES[outcome]() || said(why);
  }

  render() {
    const {row} = this;
    return html`<section class="card" aria-label=${t('The chosen alarm')}>${row ? this.#whole(row) : html`<p class="none">${t('Choose an alarm')}</p>`}
      <p class="said" role="status">${this.told}</p></section>`;
  }

  /** @param {Row} row */
  #whole(row) {
    return html`<h2>${badge(row.priority)} <span>${words(row)}</span></h2><p class="small">${row.id}${row.since ? ` · ${date(new Date(row.since))} ${clockTime(new Date(row.since))}` : ''}</p>
      <h3>${t('What to do')}</h3><p><b>${marked(words(row, 'response'))}</b></p><p class="small">${t('within {time}', {time: within(row.within_s)})}</p>
      <h3>${t('Otherwise')}</h3><p>${words(row, 'consequence')}</p><p><a href=${row.link}>${t('Go there')}</a></p>
      <h3>${t('Why')}</h3><p><code>${row.why}</code></p>${row.value ? html`<p>${t('raised at')} <code>${row.value}</code></p>` : nothing}
      ${row.inputs.length ? html`<p class="small">${t('now')} ${row.inputs.map((/** @type {any} */ one) => html`<code>${one[0]} = ${one[2] === 0 ? String(one[1]) : '?'}</code> `)}</p>` : nothing}
      ${this.#people(row)}${this.mayAct || this.mayTakeOut ? this.#orders(row) : nothing}`;
  }

  /** @param {Row} row */
  #people(row) {
    return html`${row.acked_by ? html`<p class="small">${t('acknowledged by {name}', {name: row.acked_by})} ${row.acked_at ? clockTime(new Date(row.acked_at)) : ''}</p>` : nothing}
      ${row.comment ? html`<p>✎ ${row.comment} <small>${row.comment_by}</small></p>` : nothing}
      ${row.shelved ? html`<p>${t('shelved by {name}: {why}', {name: row.shelved_by, why: row.shelved_why})}${row.shelved_until ? ` · ${shelfEnd(row)}` : ''}</p>` : nothing}
      ${row.tab === 'out' ? html`<p>${t('out of service by {name}, work order {order}', {name: row.taken_out_by, order: row.work_order})}</p>` : nothing}
      ${row.suppressed_by.length ? html`<p>${t('stands behind {alarms}', {alarms: row.suppressed_by.join(', ')})}</p>` : nothing}`;
  }

  /** @param {Row} row */
  #orders(row) {
    const {busy} = this;
    const alarm = row.id;
    const waits = row.state === 'UNACK' || row.state === 'RTNUN';
    const act = (/** @type {string} */ what, /** @type {object} */ more = {}) => () => this.order(what, {alarm, ...more});
    return html`<form @submit=${(/** @type {Event} */ event) => event.preventDefault()}><label class="field">${t('Comment, reason or work order')}<input name="note" maxlength="200"></label>
      <div class="orders">${this.mayAct ? html`
        <button type="button" class="primary" data-order="acknowledge" ?disabled=${busy || !waits} @click=${() => this.order('acknowledge', {alarms: [alarm], comment: this.#note()})}>${t('Acknowledge')}</button>
        <button type="button" data-order="comment" ?disabled=${busy} @click=${() => this.order('comment', {alarm, comment: this.#note()})}>${t('Comment')}</button>
        ${row.state === 'LTCH' ? html`<button type="button" data-order="reset" ?disabled=${busy} @click=${act('reset')}>${t('Reset')}</button>` : nothing}
        ${row.shelved ? html`<button type="button" data-order="unshelve" ?disabled=${busy} @click=${act('unshelve')}>${t('Take back from the shelf')}</button>` : this.#shelves(row)}` : nothing}
      ${this.mayTakeOut ? this.#upkeep(row) : nothing}</div></form>`;
  }

  /** @param {Row} row */
  #shelves(row) {
    const times = SHELF_MIN.filter((minutes) => minutes <= row.shelve_most_min);
    const shelve = () => {
      const chosen = /** @type {HTMLSelectElement} */ (this.querySelector('select')).value;
      const time = chosen === 'once' ? {one_shot: true} : {minutes: Number(chosen)};
      this.order('shelve', {alarm: row.id, reason: this.#note(), ...time});
    };
    return html`<select aria-label=${t('Shelve for')}>${times.map((minutes) => html`<option value=${minutes} ?selected=${minutes === times[0]}>${duration(minutes)}</option>`)}<option value="once">${t('until it is over')}</option></select>
      <button type="button" data-order="shelve" ?disabled=${this.busy} @click=${shelve}>${t('Shelve')}</button>`;
  }

  /** @param {Row} row */
  #upkeep(row) {
    if (row.tab === 'out') return html`<button type="button" data-order="place-back" ?disabled=${this.busy} @click=${() => this.order('place-back', {alarm: row.id})}>${t('Place in service')}</button>`;
    return html`<button type="button" data-order="take-out" ?disabled=${this.busy} @click=${() => this.order('take-out', {alarm: row.id, work_order: this.#note()})}>${t('Take out of service')}</button>`;
  }

  #note() {
    return /** @type {HTMLInputElement} */ (this.querySelector('input[name=note]')).value;
  }
}

/** @param {number} s */
function within(s) {
  if (s < 120) return t('{count} s', {count: s});
  return s < 172_800 ? duration(Math.round(s / 60)) : t('{count} d', {count: Math.round(s / 86_400)});
}

/** @param {any} row */
function shelfEnd(row) {
  const time = clockTime(new Date(row.shelved_until));
  return row.shelved_once ? t('until it has returned, at the latest {time}', {time}) : time;
}

customElements.define('alarm-facts', AlarmFacts);
