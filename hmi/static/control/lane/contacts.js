/** The inputs, outputs and counters of a lane by their names in the map; a lane shows those that it has. */

import {t} from '../texts.js';

/** Contacts, and whether it is their being off that is abnormal.
 * @type {{point: string, label: () => string, normal?: boolean}[]} */
export const CONTACTS = [
  {point: 'loop.approach', label: () => t('Approach loop')},
  {point: 'loop.safety', label: () => t('Safety loop')},
  {point: 'loop.closing', label: () => t('Closing loop')},
  {point: 'beam', label: () => t('Beam')},
  {point: 'gate.up', label: () => t('Upper limit')},
  {point: 'gate.down', label: () => t('Lower limit')},
  {point: 'gate.close_permit', label: () => t('May be lowered')},
  {point: 'gate.attached', label: () => t('Boom on its mount'), normal: true},
  {point: 'gate.mains', label: () => t('Mains'), normal: true},
  {point: 'gate.door', label: () => t('Cabinet door open'), normal: false},
  {point: 'gate.drive_fault', label: () => t('Barrier at fault'), normal: false},
  {point: 'loop.approach_fault', label: () => t('Approach detector at fault'), normal: false},
  {point: 'loop.safety_fault', label: () => t('Safety detector at fault'), normal: false},
  {point: 'hand.button', label: () => t('Push-button')},
  {point: 'hand.handset', label: () => t('Radio handset')},
  {point: 'hand.help', label: () => t('Help button')},
  {point: 'fire.contact', label: () => t('Fire panel'), normal: false},
  {point: 'hb.server_seen', label: () => t('PLC sees the server'), normal: true},
];

/** @type {{point: string, label: () => string}[]} */
export const COUNTERS = [
  {point: 'count.open', label: () => t('Openings')},
  {point: 'count.pass', label: () => t('Passages')},
  {point: 'count.reverse', label: () => t('Backed out')},
  {point: 'count.tail', label: () => t('Tailgaters')},
  {point: 'count.reopen', label: () => t('Lowerings reversed')},
  {point: 'rise.count', label: () => t('Rises of the boom')},
  {point: 'count.glitch', label: () => t('Dropouts of the loop')},
  {point: 'ack.stray', label: () => t('Commands not answered')},
];

/** Measured values with a small trend.
 * @type {{point: string, label: () => string, unit: string, digits: number, scale: number}[]} */
export const MEASURED = [
  {point: 'time.open_ms', label: () => t('Opening time'), unit: 's', digits: 2, scale: 0.001},
  {point: 'time.close_ms', label: () => t('Closing time'), unit: 's', digits: 2, scale: 0.001},
  {point: 'time.safety_on_ms', label: () => t('Under the boom'), unit: 's', digits: 2, scale: 0.001},
  {point: 'gate.answer_ms', label: () => t('Command to answer'), unit: 'ms', digits: 0, scale: 1},
  {point: 'gate.motor_a', label: () => t('Motor current'), unit: 'A', digits: 2, scale: 1},
  {point: 'loop.approach_hz', label: () => t('Approach loop frequency'), unit: 'kHz', digits: 2, scale: 0.001},
];

/** What the PLC answers to a command (`ack.result`).
 * @type {Record<number, () => string>} */
const RESULTS = {
  1: () => t('done'),
  2: () => t('busy'),
  3: () => t('number already used'),
  4: () => t('other passage'),
  5: () => t('came too late'),
  6: () => t('mode forbids it'),
  7: () => t('barrier at fault'),
  8: () => t('lane held by another server'),
  9: () => t('torn on the way'),
  10: () => t('no heartbeat of the server'),
  11: () => t('code not known'),
};

/** @param {number} code */
export const resultWord = (code) => (RESULTS[code] ?? (() => String(code)))();

/** How a command ended as the server knows it (`gate.verdict`).
 * @type {Record<string, () => string>} */
const VERDICTS = {
  Done: () => t('carried out'),
  NotDone: () => t('not carried out'),
  Unknowable: () => t('nobody can know'),
  Undecided: () => t('not answered yet'),
};

/** @param {string} name */
export const verdictWord = (name) => (VERDICTS[name] ?? (() => name || '—'))();

/** Steps of the PLC (`passage.phase`).
 * @type {Record<number, () => string>} */
const PHASES = {
  0: () => t('waits for a car'),
  1: () => t('car stands'),
  2: () => t('boom opens'),
  3: () => t('boom is open'),
  4: () => t('car passes'),
  5: () => t('car clears'),
  6: () => t('boom closes'),
};

/** @param {number} code */
export const phaseWord = (code) => (PHASES[code] ?? (() => String(code)))();
