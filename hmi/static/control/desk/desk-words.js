/** What the codes of the desk are called, and which key does which deed. */

import {t} from '../texts.js';

/** @type {Record<string, () => string>} */
const KINDS = {
  call: () => t('Driver calls'),
  unread: () => t('Plate not read'),
  no_stay: () => t('No stay found'),
  claim: () => t('Claim to check'),
  doubt: () => t('Doubt: look first'),
  payment: () => t('Not paid'),
  admission: () => t('Not admitted'),
  lingering: () => t('Nobody passes'),
  other: () => t('Lane waits'),
  fault: () => t('Barrier fault'),
  resync: () => t('Lane in RESYNC'),
  money: () => t('Money'),
  uncertain: () => t('UNCERTAIN'),
  tailgate: () => t('Tailgater owes'),
  left_no_stay: () => t('Left without a stay'),
};

/** @param {string} kind */
export const kindWord = (kind) => (KINDS[kind] ?? (() => kind))();

/** The deeds in the order of the buttons, each with its key.
 * @type {{act: string, key: string, word: () => string}[]} */
export const ACTS = [
  {act: 'open', key: 'o', word: () => t('Open for this car')},
  {act: 'plate', key: 'p', word: () => t('Correct plate')},
  {act: 'stay', key: 's', word: () => t('Pick stay')},
  {act: 'came-in', key: 'u', word: () => t('Settle uncertain entry')},
  {act: 'send-fee', key: 'f', word: () => t('Send fee to lane')},
  {act: 'cash', key: 'c', word: () => t('Take cash')},
  {act: 'send-back', key: 'r', word: () => t('Reject')},
  {act: 'hold-open', key: 'h', word: () => t('Hold open')},
  {act: 'lock', key: 'l', word: () => t('Lock')},
  {act: 'auto', key: 'a', word: () => t('AUTO')},
  {act: 'leave-resync', key: 'y', word: () => t('Leave RESYNC')},
  {act: 'confirm-fault', key: 'n', word: () => t('Barrier is whole')},
  {act: 'end-stay', key: 'e', word: () => t('End stay')},
  {act: 'refund', key: 'm', word: () => t('Refund')},
  {act: 'plate-history', key: 'i', word: () => t('Plate history')},
];

/**
 * Say whether a person may settle a case here: one of theirs that only wants to be looked at, or is about money, or a
 * call from elsewhere, which no car ends.
 * @param {any} one
 * @param {any} page
 */
export function endsHere(one, page) {
  if (one.owner !== page.me) return false;
  return one.kind === 'money' ? page.mayKeepMoney : one.kind === 'uncertain' ? page.mayCommand : one.paper || isFromElsewhere(one);
}

/** Somebody calls who is in no lane. @param {any} one */
export const isFromElsewhere = (one) => one.kind === 'call' && !one.passage;

/** How long a case may wait before its colour changes: the targets of an answer and of an end. */
const ANSWER_S = 10;
const RESOLVE_S = 45;

/**
 * Give the class for a case by how long a car has waited.
 * @param {any} one
 * @param {number} waits_s
 */
export function ageClass(one, waits_s) {
  if (one.paper) return 'paper';
  if (waits_s >= RESOLVE_S) return 'late';
  return waits_s >= ANSWER_S ? 'waiting' : 'fresh';
}

/** @param {number} seconds */
export function age(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return t('{count} s', {count: s});
  if (s < 3600) return `${Math.trunc(s / 60)}:${String(s % 60).padStart(2, '0')}`;
  return s < 172_800 ? t('{count} h', {count: Math.trunc(s / 3600)}) : t('{count} d', {count: Math.trunc(s / 86_400)});
}
