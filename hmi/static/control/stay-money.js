/** One stay's money, looked up by its id, or by a plate and with a purpose, which is written down. */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {send} from './api.js';
import {dayAndTime, yuan} from './format.js';
import {accountWord, cell} from './money-lists.js';
import {said, t} from './texts.js';

/** What is told of each part of the story, in this order.
 * @type {{part: string, title: () => string, keys: string[]}[]} */
const PARTS = [
  {part: 'quotes', title: () => t('Prices told'), keys: ['made_at', 'total_fen', 'due_fen', 'lane']},
  {part: 'orders', title: () => t('Orders'), keys: ['made_at', 'out_trade_no', 'amount_fen', 'state', 'kind']},
  {part: 'payments', title: () => t('Payments'), keys: ['paid_at', 'out_trade_no', 'amount_fen', 'surplus', 'source']},
  {part: 'notices', title: () => t('Notices'), keys: ['received_at', 'event_type', 'verdict']},
  {part: 'cash', title: () => t('Cash'), keys: ['paid_at', 'due_fen', 'given_fen', 'operator', 'voided_at']},
  {part: 'refunds', title: () => t('Refunds'), keys: ['made_at', 'amount_fen', 'state', 'reason']},
  {part: 'requests', title: () => t('Asked to open'), keys: ['made_at', 'lane', 'reason', 'actor', 'state']},
];

export class StayMoney extends LitElement {
  static properties = {found: {state: true}, why: {state: true}, mayTakeCash: {type: Boolean}, mayKeepMoney: {type: Boolean}};

  constructor() {
    super();
    /** @type {any[] | null} */
    this.found = null;
    this.why = '';
    this.mayTakeCash = false;
    this.mayKeepMoney = false;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    return html`<section class="card" aria-label=${t('The money of a stay')}><h2>${t('The money of a stay')}</h2>
      <form class="search" @submit=${this.#search}>
        <label class="field">${t('Stay or plate')} <input name="stay" required maxlength="32" autocomplete="off"></label>
        <label class="field">${t('What for, if it is a plate')} <input name="purpose" maxlength="200" autocomplete="off"></label>
        <button type="submit" data-command="search">${t('Look up')}</button></form>
      ${this.why ? html`<p class="bad" role="status">${said(this.why)}</p>` : nothing}
      ${this.found?.length === 0 ? html`<p class="none" role="status">${t('No such stay')}</p>` : this.found?.map((one) => this.#story(one))}</section>`;
  }

  /** @param {any} told */
  #story(told) {
    const {stay} = told;
    const amounts = [[t('Fee'), stay.fee_fen], [t('Paid'), stay.paid_fen], [t('Owed'), stay.arrears_fen], [t('Let off'), stay.waived_fen]];
    return html`<article data-stay=${stay.id}><h3>${stay.plate} <small>${stay.id}</small></h3>
      <p class="sums"><span>${dayAndTime(new Date(stay.entered_at))} – ${stay.exited_at ? dayAndTime(new Date(stay.exited_at)) : t('still inside')}</span>
        ${amounts.map(([word, amount]) => html`<span>${word} <b>${yuan(amount)}</b></span>`)}${this.#arrears(stay)}</p>
      ${PARTS.map(({part, title, keys}) => (told[part]?.length ? html`<h4>${title()}</h4>${rowsOf(told[part], keys)}` : nothing))}${this.#refundable(told.payments)}
      <h4>${t('Entries')}</h4>${entries(told.entries)}</article>`;
  }

  /** @param {any} stay */
  #arrears(stay) {
    if (!stay.arrears_fen || !this.mayTakeCash) return nothing;
    const work = {kind: 'arrears', stay: stay.id, due_fen: stay.arrears_fen};
    return html`<button type="button" data-arrears=${stay.id} @click=${() => this.dispatchEvent(new CustomEvent('cash', {detail: work, bubbles: true}))}>${t('Cash for what is owed')}</button>`;
  }

  /** Give a payment back: whoever answers for money. @param {any[]} payments */
  #refundable(payments) {
    if (!this.mayKeepMoney) return nothing;
    return payments.map((one) => html`<p><button type="button" data-refund=${one.out_trade_no} @click=${() => this.#giveBack(one)}>${t('Give the payment back')}</button> ${one.out_trade_no}</p>`);
  }

  /** @param {any} one */
  #giveBack(one) {
    const work = {kind: 'refund', order: one.out_trade_no, amount_fen: one.amount_fen};
    this.dispatchEvent(new CustomEvent('cash', {detail: work, bubbles: true}));
  }

  /** @param {SubmitEvent} event */
  async #search(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    const answer = await send('/api/v1/money/stay', fields);
    this.found = answer.outcome === 'done' ? answer.value : null;
    this.why = answer.outcome === 'done' ? '' : answer.why || t('no answer from the server');
  }
}

/**
 * @param {any[]} rows
 * @param {string[]} keys
 */
function rowsOf(rows, keys) {
  return html`<table><tbody>${rows.map((row) => html`<tr>${keys.map((key) => html`<td class=${key.endsWith('_fen') ? 'amount' : ''}>${cell(key, row[key])}</td>`)}</tr>`)}</tbody></table>`;
}

/** @param {any[]} lines */
function entries(lines) {
  return html`<table><tbody>${lines.map((line) => html`<tr><td>${dayAndTime(new Date(line.at))}</td><td>${line.ref}</td><td>${accountWord(line.account)}</td>
    <td class="amount">${line.amount_fen > 0 ? yuan(line.amount_fen) : ''}</td><td class="amount">${line.amount_fen < 0 ? yuan(-line.amount_fen) : ''}</td><td>${line.by}</td></tr>`)}</tbody></table>`;
}

customElements.define('stay-money', StayMoney);
