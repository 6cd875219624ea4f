/** What the books say: one list at a time, chosen by its tab; amounts in yuan, times on the site's clock. */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {send} from './api.js';
import {dayAndTime, yuan} from './format.js';
import {LISTS} from './money-columns.js';
import {said, t} from './texts.js';

const WAIT_MS = 12_000;

/** The accounts by their names in the books.
 * @type {Record<string, () => string>} */
const ACCOUNTS = {
  'receivable:stay': () => t('owed by stays'),
  arrears: () => t('arrears'),
  'clearing:wechat': () => t('at WeChat'),
  'clearing:deduction': () => t('promised by WeChat'),
  cash: () => t('tills'),
  'cash:safe': () => t('safe'),
  bank: () => t('bank account'),
  merchant: () => t('merchants'),
  refund_payable: () => t('refunds owed'),
  'deferred:card': () => t('month cards paid ahead'),
  'revenue:parking': () => t('parking fees earned'),
  'revenue:card': () => t('month cards earned'),
  discount: () => t('given up by rule'),
  goodwill: () => t('given up as goodwill'),
  refunded: () => t('fees given back'),
  written_off: () => t('debts given up'),
  channel_fee: () => t('WeChat’s fee'),
  cash_difference: () => t('differences of tills'),
};

/** @param {string} name */
export const accountWord = (name) => (ACCOUNTS[name] ?? (() => name))();

export class MoneyLists extends LitElement {
  static properties = {chosen: {state: true}, rows: {state: true}, mistakes: {state: true}, refused: {state: true}, live: {type: Boolean}, mayKeepMoney: {type: Boolean}};

  constructor() {
    super();
    this.chosen = LISTS[0].name;
    /** @type {any[] | null} */
    this.rows = null;
    /** @type {string[] | null} */
    this.mistakes = null;
    this.refused = '';
    this.live = false;
    this.mayKeepMoney = false;
  }

  createRenderRoot() {
    return this;
  }

  get #list() {
    return LISTS.find((one) => one.name === this.chosen) ?? LISTS[0];
  }

  render() {
    return html`<section class="card" aria-label=${t('Books')}>
      <div class="tabs" role="group" aria-label=${t('Books')}>${LISTS.map((one) => html`<button type="button" data-list=${one.name}
        aria-pressed=${String(one.name === this.chosen)} @click=${() => this.#choose(one.name)}>${one.title()}</button>`)}
        <button type="button" data-list="check" @click=${() => this.#check()}>${t('Look the books through')}</button></div>
      ${this.#checked()}
      ${this.rows === null ? html`<p class="none">${t('Loading')}</p>` : this.#table(this.rows)}</section>`;
  }

  #checked() {
    if (this.mistakes === null) return nothing;
    if (!this.mistakes.length) return html`<p role="status" data-check="whole">${t('The books agree')}</p>`;
    return html`<div role="status" data-check="broken">${this.mistakes.map((one) => html`<p class="bad">${one}</p>`)}</div>`;
  }

  /** @param {any[]} rows */
  #table(rows) {
    if (!rows.length) return html`<p class="none">${t('None')}</p>`;
    const {columns, name} = this.#list;
    return html`<table data-table=${name}><thead><tr>${columns.map(({key, head}) => html`<th class=${key.endsWith('_fen') ? 'amount' : ''}>${head()}</th>`)}${name === 'cases' && this.mayKeepMoney ? html`<th></th>` : nothing}</tr></thead>
      <tbody>${rows.map((row) => html`<tr>${columns.map(({key}) => html`<td class=${key.endsWith('_fen') ? 'amount' : ''}>${cell(key, row[key])}</td>`)}${this.#deeds(row)}</tr>`)}</tbody></table>
      ${this.refused ? html`<p class="bad" role="status">${said(this.refused)}</p>` : nothing}`;
  }

  /** A case is taken by whoever answers for it, and closed with what came of it. @param {any} row */
  #deeds(row) {
    if (this.chosen !== 'cases' || !this.mayKeepMoney) return nothing;
    const take = html`<button type="button" data-take=${row.ref} ?disabled=${!this.live} @click=${() => this.#deal(row.ref, 'take', {})}>${t('Take')}</button>`;
    const outcome = html`<input name="outcome" aria-label=${t('What came of it')} placeholder=${t('What came of it')} required maxlength="200" autocomplete="off">`;
    const close = html`<form class="search" @submit=${(/** @type {SubmitEvent} */ event) => this.#close(event, row.ref)}>${outcome}
      <button type="submit" data-close=${row.ref} ?disabled=${!this.live}>${t('Close the case')}</button></form>`;
    return html`<td>${row.owner ? close : take}</td>`;
  }

  /**
   * @param {SubmitEvent} event
   * @param {string} ref
   */
  #close(event, ref) {
    event.preventDefault();
    this.#deal(ref, 'close', Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target))));
  }

  /**
   * @param {string} ref
   * @param {string} deed
   * @param {object} more
   */
  async #deal(ref, deed, more) {
    const answer = await send(`/api/v1/money/cases/${deed}`, {case: ref, ...more});
    this.refused = answer.outcome === 'done' ? '' : answer.why || t('no answer from the server');
    this.refresh();
  }

  /** @param {string} name */
  #choose(name) {
    this.chosen = name;
    this.refused = '';
    this.rows = null;
    this.refresh();
  }

  async refresh() {
    const {chosen} = this;
    const told = await asked(chosen);
    if (told === null || chosen !== this.chosen) return;
    this.rows = chosen === 'balances' ? told.flatMap(sides) : told;
  }

  async #check() {
    this.mistakes = (await asked('check'))?.mistakes ?? null;
  }
}

/**
 * An account with its subjects below it, each on the side on which it stands.
 * @param {any} row
 */
function sides(row) {
  const parts = Object.entries(row.subjects).map(([name, amount]) => ({account: `— ${name}`, ...side(Number(amount))}));
  return [{account: accountWord(row.account), ...side(row.amount_fen)}, ...parts];
}

/** @param {number} amount */
const side = (amount) => (amount >= 0 ? {debit_fen: amount} : {credit_fen: -amount});

/**
 * @param {string} key
 * @param {any} value
 */
export function cell(key, value) {
  if (value === null || value === undefined || value === '') return '';
  if (key.endsWith('_fen')) return yuan(value);
  if (Array.isArray(value)) return value.join(', ');
  if (key === 'at' || key.endsWith('_at') || key.endsWith('_until')) return dayAndTime(new Date(value));
  return typeof value === 'string' ? said(value) : String(value);
}

/**
 * @param {string} name
 * @returns {Promise<any>}
 */
async function asked(name) {
  try {
    const answer = await fetch(`/api/v1/money/lists/${name}`, {signal: AbortSignal.timeout(WAIT_MS)});
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    return null;
  }
}

customElements.define('money-lists', MoneyLists);
