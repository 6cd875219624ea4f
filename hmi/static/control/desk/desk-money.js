/** What was asked, tried, paid and given back for a stay, on one line of time. */

import {html} from '../../vendor/lit.js';
import {dayAndTime, yuan} from '../format.js';
import {said, t} from '../texts.js';
import {reasonWord} from '../words.js';

/** Where each kind of thing has its time, its word and its amount.
 * @type {Record<string, {at: string, word: (one: any) => string, fen: string}>} */
const KINDS = {
  quotes: {at: 'made_at', word: () => t('Price told'), fen: 'due_fen'},
  orders: {at: 'made_at', word: (one) => t('Order {state}', {state: said(String(one.state))}), fen: 'amount_fen'},
  notices: {at: 'received_at', word: (one) => t('Notice: {verdict}', {verdict: said(String(one.verdict ?? one.event_type))}), fen: ''},
  payments: {at: 'settled_at', word: (one) => (one.surplus ? t('Paid, too much') : t('Paid')), fen: 'amount_fen'},
  cash: {at: 'paid_at', word: (one) => (one.voided_at ? t('Cash, taken back') : t('Cash')), fen: 'due_fen'},
  refunds: {at: 'made_at', word: (one) => t('Refund {state}', {state: said(String(one.state))}), fen: 'amount_fen'},
  requests: {at: 'made_at', word: (one) => t('Asked to open: {reason}', {reason: reasonWord(one.reason)}), fen: ''},
};

/** @param {any} story */
export function timeline(story) {
  const rows = Object.entries(KINDS).flatMap(([name, {at, word, fen}]) =>
    (story[name] ?? []).map((/** @type {any} */ one) => ({at: one[at] ?? one.paid_at ?? one.made_at, word: word(one), fen: fen ? one[fen] : null, by: one.actor ?? one.operator ?? ''})),
  );
  rows.sort((one, other) => String(one.at).localeCompare(String(other.at)));
  return html`<section class="part" aria-label=${t('Payment timeline')}><h3>${t('Payment timeline')}</h3>
    ${rows.length ? html`<div class="scroll" tabindex="0"><table><tbody>${rows.slice(-12).map((row) => html`<tr><td>${row.at ? dayAndTime(new Date(row.at)) : ''}</td><td>${row.word}</td><td class="amount">${typeof row.fen === 'number' ? yuan(row.fen) : ''}</td><td>${row.by}</td></tr>`)}</tbody></table></div>` : html`<p class="none">${t('Nothing was asked or paid')}</p>`}</section>`;
}
