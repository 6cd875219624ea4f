/** What was asked, tried, paid and given back for a stay, on one line of time: the newest, which matters now, first. */

import {html} from '../../vendor/lit.js';
import {dayAndTime, yuan} from '../format.js';
import {said, t} from '../texts.js';
import {reasonWord} from '../words.js';

/** How far an order to pay has come.
 * @type {Record<string, () => string>} */
const ORDERS = {
  CREATING: () => t('Order is being made'),
  OPEN: () => t('Order is open'),
  UNKNOWN: () => t('Order in doubt'),
  ACCEPTED: () => t('WeChat will deduct it'),
  REVERSING: () => t('Order is being undone'),
  REVERSED: () => t('Order was undone'),
  CLOSED: () => t('Order was closed'),
  FAILED: () => t('Order failed'),
  PAID: () => t('Order was paid'),
};

/** @type {Record<string, () => string>} */
const REFUNDS = {
  WANTED: () => t('Refund is wanted'),
  SENT: () => t('Refund was sent'),
  PROCESSING: () => t('WeChat pays it back'),
  ABNORMAL: () => t('Refund is stuck'),
  SUCCESS: () => t('Paid back'),
  CLOSED: () => t('Refund was closed'),
};

/** What a notice of WeChat came to.
 * @type {Record<string, () => string>} */
const VERDICTS = {
  settled: () => t('settled'),
  surplus: () => t('paid too much'),
  given_back: () => t('was given back'),
  duplicate: () => t('known already'),
  not_success: () => t('not paid'),
  unknown_order: () => t('no order of ours'),
  wrong_merchant: () => t('for another merchant'),
  incomplete: () => t('incomplete'),
  wrong_amount: () => t('another amount'),
  revoked: () => t('undone'),
  other_transaction: () => t('paid twice'),
};

/**
 * @param {Record<string, () => string>} words
 * @param {unknown} code
 */
const named = (words, code) => (words[String(code)] ?? (() => said(String(code))))();

/** Where each kind of thing has its time, its word and its amount.
 * @type {Record<string, {at: string, word: (one: any) => string, fen: string}>} */
const KINDS = {
  quotes: {at: 'made_at', word: () => t('Price told'), fen: 'due_fen'},
  orders: {at: 'made_at', word: (one) => named(ORDERS, one.state), fen: 'amount_fen'},
  notices: {at: 'received_at', word: (one) => t('Notice: {verdict}', {verdict: named(VERDICTS, one.verdict ?? one.event_type)}), fen: ''},
  payments: {at: 'settled_at', word: (one) => (one.surplus ? t('Paid, too much') : t('Paid')), fen: 'amount_fen'},
  cash: {at: 'paid_at', word: (one) => (one.voided_at ? t('Cash, taken back') : t('Cash')), fen: 'due_fen'},
  refunds: {at: 'made_at', word: (one) => named(REFUNDS, one.state), fen: 'amount_fen'},
  requests: {at: 'made_at', word: (one) => t('Asked to open: {reason}', {reason: reasonWord(one.reason)}), fen: ''},
};

/** @param {any} story */
export function timeline(story) {
  const rows = Object.entries(KINDS).flatMap(([name, {at, word, fen}]) =>
    (story[name] ?? []).map((/** @type {any} */ one) => ({at: one[at] ?? one.paid_at ?? one.made_at, word: word(one), fen: fen ? one[fen] : null, by: one.actor ?? one.operator ?? ''})),
  );
  rows.sort((one, other) => String(other.at).localeCompare(String(one.at)));
  return html`<section class="part" aria-label=${t('Payment timeline')}><h3>${t('Payment timeline')}</h3>
    ${rows.length ? html`<div class="scroll" tabindex="0"><table><tbody>${rows.slice(0, 12).map((row) => html`<tr><td>${row.at ? dayAndTime(new Date(row.at)) : ''}</td><td>${row.word}</td><td class="amount">${typeof row.fen === 'number' ? yuan(row.fen) : ''}</td><td>${row.by}</td></tr>`)}</tbody></table></div>` : html`<p class="none">${t('Nothing was asked or paid')}</p>`}</section>`;
}
