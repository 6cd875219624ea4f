/** The exits: which car stands there, what it owes, and cash for it; a grey button says why. */

import {LitElement, html} from '../vendor/lit.js';
import {yuan} from './format.js';
import {isGood, number, text} from './tags.js';
import {language, t} from './texts.js';

const GOING = ['authorised', 'opening', 'open', 'passing', 'clearing', 'closing'];

/**
 * Say why no cash is taken in a lane now; empty if it is.
 * @param {string} lane
 * @param {{live: boolean, mayTakeCash: boolean}} leave
 */
export function whyNoCash(lane, {live, mayTakeCash}) {
  if (!mayTakeCash) return t('Your role takes no cash');
  if (!live) return t('The link to the plant is lost');
  if (!isGood(`${lane}.passage`) || !text(`${lane}.passage`)) return t('No car stands in the lane');
  if (GOING.includes(text(`${lane}.lane.state`))) return t('The gate opens for this car already');
  return text(`${lane}.stay`) ? '' : t('Whose stay it is must be known first');
}

export class CashDesk extends LitElement {
  static properties = {live: {type: Boolean}, mayTakeCash: {type: Boolean}, tillIsOpen: {type: Boolean}};

  constructor() {
    super();
    /** @type {any[]} */
    this.lanes = [];
    this.live = false;
    this.mayTakeCash = false;
    this.tillIsOpen = false;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const exits = this.lanes.filter((lane) => lane.direction !== 'entry');
    return html`<section class="card" aria-label=${t('Cash at the exit')}><h2>${t('Cash at the exit')}</h2>
      <table><thead><tr><th>${t('Lane')}</th><th>${t('Plate')}</th><th class="amount">${t('Fee')}</th><th></th></tr></thead>
      <tbody>${exits.map((lane) => this.#row(lane))}</tbody></table></section>`;
  }

  /** @param {any} lane */
  #row(lane) {
    const due = number(`${lane.name}.quote.due_fen`);
    const why = whyNoCash(lane.name, this) || (this.tillIsOpen ? '' : t('Open your till first'));
    const title = language() === 'zh' ? lane.title : lane.title_en;
    return html`<tr data-lane=${lane.name}><th scope="row">${title}</th><td>${text(`${lane.name}.plate.text`) || '–'}</td>
      <td class="amount value">${due ? yuan(due) : '–'}</td>
      <td><button type="button" class="primary" data-cash=${lane.name} ?disabled=${why !== ''} title=${why} @click=${() => this.#take(lane)}>${t('Cash')}</button>
        <span class="why">${why}</span></td></tr>`;
  }

  /** @param {any} lane */
  #take(lane) {
    this.dispatchEvent(new CustomEvent('cash', {detail: {kind: 'take', lane}, bubbles: true}));
  }
}

customElements.define('cash-desk', CashDesk);
