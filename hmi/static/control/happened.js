/** What a row of the journal says, in words: a technician reads them in the order in which they happened. */

import {causeWord, commandWord} from './replay/words.js';
import {said, t} from './texts.js';
import {modeNameWord, stateWord} from './words.js';

/** @typedef {{kind: string, what: string, actor: string, lane: string | null, at: string, body?: any}} Row */

/** What a lane hears, by the name of the event.
 * @type {Record<string, () => string>} */
const HEARD = {
  ImageSeen: () => t('Inputs changed'),
  TimePassed: () => t('Time passed'),
  PlateSeen: () => t('Plate read'),
  PlateCorrected: () => t('Plate corrected'),
  Admitted: () => t('Admitted'),
  NotAdmitted: () => t('Not admitted'),
  StayFound: () => t('Stay found'),
  StayNotFound: () => t('No stay found'),
  Quoted: () => t('Fee told'),
  OrderMade: () => t('Order made'),
  AcceptanceRefused: () => t('WeChat does not deduct'),
  PayingByCode: () => t('Pays by code'),
  BillingFailed: () => t('Billing could not answer'),
  CreditChanged: () => t('What is due has changed'),
  OpenRequested: () => t('Gate-open request'),
  Rejected: () => t('Sent back'),
  HelpCalled: () => t('A driver calls'),
  Recovered: () => t('Taken over by a new server'),
  CommandDone: () => t('Command carried out'),
  CommandRefused: () => t('Command not carried out'),
  CommandUnknown: () => t('Command without an answer'),
  FaultConfirmed: () => t('Fault mended'),
  TideTurned: () => t('Direction changed'),
};

/** What an outcome of a command is called where it is kept: `open not_done`.
 * @type {Record<string, string>} */
const SENT = {sent: 'OPEN', done: 'DONE', not_done: 'NOT_DONE', unknown: 'UNKNOWN'};

/** Words of the plant as they are written in the journal. @param {unknown} what */
const plain = (what) => said(String(what).replaceAll('_', ' '));

/** @type {Record<string, (what: string, row: Row) => string>} */
const TELLS = {
  decision: (what) => (stateWord(what) === what ? plain(what) : stateWord(what)),
  event: (what) => (HEARD[what] ?? (() => plain(what)))(),
  alarm: (what, {body}) => (body?.text ? said(String(body.text)) : plain(what)),
  rise: (what) => t('Boom rises: {why}', {why: causeWord(what)}),
  picture: (what) => t('Picture: {what}', {what: plain(what)}),
  command: (what, {body}) => {
    const [code, state] = what.split(' ');
    if (what === 'OpenGate') return t('Command to the PLC');
    return SENT[state] ? commandWord(code.toUpperCase(), SENT[state]) : [plain(what), body?.tag].filter(Boolean).join(' ');
  },
  mode: (what) => {
    const [name, moment] = what.split(' ');
    const mode = modeNameWord(name.toUpperCase());
    if (moment === 'began') return t('{mode} begins', {mode});
    return moment === 'ended' ? t('{mode} ends', {mode}) : plain(what);
  },
};

/** @param {Row} row */
export const happened = (row) => (TELLS[row.kind] ?? plain)(String(row.what), row);
