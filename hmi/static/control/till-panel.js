/** One's own till: open or not, what it took, its receipts, and what may be done with it. */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {clockTime, dayAndTime, yuan} from './format.js';
import {t} from './texts.js';

export class TillPanel extends LitElement {
  static properties = {told: {state: true}, live: {type: Boolean}, mayTakeCash: {type: Boolean}, mayKeepMoney: {type: Boolean}};

  constructor() {
    super();
    /** @type {any} */
    this.told = null;
    this.live = false;
    this.mayTakeCash = false;
    this.mayKeepMoney = false;
  }

  createRenderRoot() {
    return this;
  }

  get isOpen() {
    return Boolean(this.told?.shift);
  }

  render() {
    const safe = html`<p><button type="button" data-work="safe" ?disabled=${!this.live} @click=${() => this.#ask({kind: 'safe'})}>${t('Safe and bank')}</button></p>`;
    return html`<section class="card" aria-label=${t('My till')}><h2>${t('My till')}</h2>
      ${this.mayTakeCash ? this.#till() : html`<p class="none">${t('Your role takes no cash')}</p>`}
      ${this.mayKeepMoney ? safe : nothing}</section>`;
  }

  #till() {
    if (this.told === null) return html`<p class="none">${t('Loading')}</p>`;
    if (!this.isOpen) {
      return html`<p>${t('Your till is not open: no cash is taken')}</p>
        <p><button type="button" class="primary" data-work="open" ?disabled=${!this.live} @click=${() => this.#ask({kind: 'open'})}>${t('Open the till')}</button></p>`;
    }
    const {shift, expected_fen: expected, receipts} = this.told;
    return html`<p class="sums"><span>${t('Open since')} ${dayAndTime(new Date(shift.opened_at))}</span>
        <span>${t('Float')} <b>${yuan(shift.float_fen)}</b></span><span>${t('Taken')} <b>${yuan(shift.stays_fen + shift.arrears_fen)}</b></span>
        <span>${t('In the till')} <b data-figure="expected">${yuan(expected)}</b></span></p>
      ${receipts.length ? this.#receipts(receipts) : html`<p class="none">${t('No receipt yet')}</p>`}
      <p><button type="button" data-work="close" ?disabled=${!this.live} @click=${() => this.#ask({kind: 'close', expected_fen: expected})}>${t('Count and hand over')}</button></p>`;
  }

  /** @param {any[]} receipts */
  #receipts(receipts) {
    return html`<table><thead><tr><th>${t('Receipt')}</th><th>${t('Time')}</th><th>${t('Lane')}</th><th class="amount">${t('Amount')}</th><th></th></tr></thead>
      <tbody>${receipts.map((one) => html`<tr data-receipt=${one.receipt} class=${one.voided_at ? 'voided' : ''}>
        <td><a href="/money/receipts/${one.receipt}" target="_blank" rel="noopener">${one.receipt}</a></td><td>${clockTime(new Date(one.paid_at))}</td>
        <td>${one.lane ?? t('arrears')}</td><td class="amount">${yuan(one.due_fen)}</td><td>${this.#takeBack(one)}</td></tr>`)}</tbody></table>`;
  }

  /** @param {any} one */
  #takeBack(one) {
    if (one.voided_at) return t('taken back');
    return html`<button type="button" data-void=${one.receipt} ?disabled=${!this.live} @click=${() => this.#ask({kind: 'void', receipt: one.receipt})}>${t('Take back')}</button>`;
  }

  /** @param {object} work */
  #ask(work) {
    this.dispatchEvent(new CustomEvent('cash', {detail: work, bubbles: true}));
  }
}

customElements.define('till-panel', TillPanel);
