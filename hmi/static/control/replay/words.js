/** What happened in a passage, in words. */

import {yuan} from '../format.js';
import {said, t} from '../texts.js';
import {messageWord, reasonWord, stateWord} from '../words.js';

/** @typedef {import('./line.js').Entry} Entry */

/** @type {Record<string, () => string>} */
const KINDS = {
  begins: () => t('Passage begins'),
  ends: () => t('Passage ends'),
  state: () => t('Lane'),
  display: () => t('Display'),
  read: () => t('Plate read'),
  picture: () => t('Picture'),
  person: () => t('Person'),
  alarm: () => t('Alarm'),
  quote: () => t('Fee'),
  order: () => t('Order'),
  paid: () => t('Paid'),
  request: () => t('Gate-open request'),
  command: () => t('Command to the PLC'),
  rise: () => t('Boom rises'),
  case: () => t('Case'),
};

/** @param {string} kind */
export const kindWord = (kind) => (KINDS[kind] ?? (() => kind))();

/** @type {Record<string, () => string>} */
const CODES = {OPEN: () => t('open'), CLOSE: () => t('close'), CANCEL: () => t('cancel')};

/** @type {Record<string, () => string>} */
const COMMAND_STATES = {
  OPEN: () => t('not answered yet'),
  DONE: () => t('carried out'),
  NOT_DONE: () => t('not carried out'),
  UNKNOWN: () => t('nobody can know'),
};

/** @type {Record<string, () => string>} */
const REQUEST_STATES = {
  WAITING: () => t('waits'),
  WRITTEN: () => t('told to the lane'),
  TAKEN: () => t('taken'),
  REFUSED: () => t('refused'),
  LAPSED: () => t('lapsed'),
};

/** @type {Record<string, () => string>} */
const OUTCOMES = {
  FORWARD: () => t('drove through'),
  BACKED_OUT: () => t('backed out'),
  REVERSED_THROUGH: () => t('reversed through'),
  WRONG_WAY: () => t('wrong way'),
  TAILGATE: () => t('tailgated'),
  UNCERTAIN: () => t('uncertain'),
};

/** @type {Record<string, () => string>} */
const CAUSES = {
  AUTHORISED: () => t('by command'),
  REOPEN: () => t('lowering reversed'),
  HOLD_OPEN: () => t('held open'),
  FIRE: () => t('Fire'),
  MAINTENANCE: () => t('MAINTENANCE'),
  BUTTON: () => t('Push-button'),
  HANDSET: () => t('Radio handset'),
  POWER_FAIL: () => t('power failure'),
  UNKNOWN: () => t('unknown'),
};

/**
 * @param {Record<string, () => string>} words
 * @param {any} code
 */
const named = (words, code) => (words[code] ?? (() => said(String(code ?? ''))))();
/** @param {unknown[]} parts */
const joined = (parts) => parts.filter((part) => part !== '' && part !== null && part !== undefined && part !== false).join(' · ');
/** @param {number | null | undefined} share */
const percent = (share) => (typeof share === 'number' ? `${Math.round(share * 100)} %` : '');

/** What came of a command. @param {string} code @param {string} state */
export const commandWord = (code, state) => joined([named(CODES, code), named(COMMAND_STATES, state)]);
/** Why a boom rose. @param {string} cause */
export const causeWord = (cause) => named(CAUSES, cause);

/** @type {Record<string, (entry: Entry) => string>} */
const TELLS = {
  begins: ({number}) => `#${number}`,
  ends: ({outcome, note, plate}) => joined([named(OUTCOMES, outcome), note, plate]),
  state: ({state}) => stateWord(state),
  display: ({message}) => messageWord(message),
  read: ({plate, confidence, why}) => joined([plate || (confidence ? t('plate covered') : t('unread')), percent(confidence), why && said(String(why))]),
  picture: ({why}) => said(String(why ?? '')),
  person: ({by, what, reason, plate, note, second}) =>
    joined([said(by), said(String(what).replaceAll('_', ' ')), reason && reasonWord(reason), plate, note, second && t('with {name}', {name: second})]),
  alarm: ({what}) => said(String(what)),
  quote: ({due_fen, total_fen}) => (due_fen === total_fen ? yuan(due_fen) : t('{due} of {total}', {due: yuan(due_fen), total: yuan(total_fen)})),
  order: ({amount_fen}) => yuan(amount_fen),
  paid: ({amount_fen}) => yuan(amount_fen),
  request: ({reason, by, state, why}) => joined([reasonWord(reason), said(by), named(REQUEST_STATES, state), why && said(why)]),
  command: ({code, seq, state, why, took_ms}) => joined([`${named(CODES, code)} #${seq}`, named(COMMAND_STATES, state), took_ms !== null && `${took_ms} ms`, why && said(why)]),
  rise: ({cause, count}) => joined([named(CAUSES, cause), `#${count}`]),
  case: ({why, outcome}) => (outcome ? t('closed: {outcome}', {outcome: said(outcome)}) : said(String(why ?? ''))),
};

/** @param {Entry} entry */
export const entryWords = (entry) => (TELLS[entry.kind] ?? (() => ''))(entry);
