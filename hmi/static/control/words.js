/** What the codes of lanes, modes, displays and reasons are called. */

import {t} from './texts.js';

/** @type {Record<string, () => string>} */
const STATES = {
  idle: () => t('Waiting for a car'),
  identifying: () => t('Reading the plate'),
  deciding: () => t('Deciding'),
  matching: () => t('Looking for the stay'),
  quoting: () => t('Working out the fee'),
  awaiting_driver: () => t('Waiting for the driver'),
  awaiting_operator: () => t('Waiting for an operator'),
  awaiting_acceptance: () => t('WeChat is asked to deduct'),
  awaiting_payment: () => t('Waiting for payment'),
  authorised: () => t('Authorised'),
  opening: () => t('Opening'),
  recovering: () => t('Looking what a former server did'),
  open: () => t('Open'),
  passing: () => t('Car passing'),
  tailgated: () => t('Followed without leave'),
  clearing: () => t('Car clearing'),
  closing: () => t('Closing'),
  watching: () => t('Held open: counting'),
  by_camera: () => t('Loop faulty: by camera'),
  faulted: () => t('Fault'),
};

/** @type {Record<number, () => string>} */
const MODES = {
  1: () => t('AUTO'),
  2: () => t('HOLD OPEN'),
  3: () => t('LOCKED'),
  4: () => t('FIRE'),
  5: () => t('MAINTENANCE'),
  6: () => t('RESYNC'),
};

/** The modes by name, and what else a lane may be in for a while.
 * @type {Record<string, () => string>} */
const MODE_NAMES = {
  AUTO: () => t('AUTO'),
  HOLD_OPEN: () => t('HOLD OPEN'),
  LOCKED: () => t('LOCKED'),
  FIRE: () => t('FIRE'),
  MAINTENANCE: () => t('MAINTENANCE'),
  RESYNC: () => t('RESYNC'),
  OUT_OF_REACH: () => t('PLC out of reach'),
  SERVER_LOST: () => t('No server'),
};

/** @type {Record<string, () => string>} */
const REASONS = {
  SPECIAL: () => t('Special vehicle'),
  PAID_NOT_ARRIVED: () => t('Paid, not arrived'),
  MISREAD: () => t('Plate misread'),
  VISITOR: () => t('Visitor, property'),
  EQUIPMENT: () => t('Equipment fault'),
  GOODWILL: () => t('Goodwill'),
  QUEUE: () => t('Clearing a queue'),
  EMERGENCY: () => t('Emergency'),
  ADMITTED: () => t('Admitted'),
  MONTH: () => t('Month card'),
  WHITE_LIST: () => t('White list'),
  BOOKED: () => t('Visitor who was announced'),
  TRANSIT: () => t('Between car parks'),
  FREE: () => t('Free'),
  PREPAID: () => t('Prepaid'),
  PAID: () => t('Paid'),
  ACCEPTED: () => t('WeChat deducts'),
  OPEN_LANE: () => t('Lane was open'),
  TAILGATE: () => t('Followed another car'),
  FIRE: () => t('Fire'),
  EVENT: () => t('Event, rush'),
  WORK: () => t('Works in the lane'),
  SECURITY: () => t('Security'),
  NIGHT: () => t('Closed at night'),
  OTHER: () => t('Other, see the note'),
  TEST: () => t('Test'),
  SERVER_LOST: () => t('No server'),
};

/** @type {Record<string, () => string>} */
const MESSAGES = {
  closed: () => t('Lane closed'),
  welcome: () => t('Welcome'),
  reading: () => t('Reading your plate'),
  wait: () => t('Please wait'),
  scan_plate: () => t('Scan to enter your plate'),
  scan_pay: () => t('Scan to pay'),
  go: () => t('Please drive on'),
  go_free: () => t('Free, please drive on'),
  go_paid: () => t('Paid, please drive on'),
  go_visitor: () => t('Welcome, visitor, please drive on'),
  help_comes: () => t('Help is coming'),
  back_out: () => t('Please back out'),
  one_at_a_time: () => t('One car at a time'),
  out_of_order: () => t('Out of order'),
  full: () => t('Car park full, please wait'),
  please_go: () => t('Please drive on'),
  open_lane: () => t('Lane open, please drive on'),
  other_way: () => t('Wrong way, please back out'),
  paying: () => t('Paying, please wait'),
  confirm_payment: () => t('Please confirm on your phone'),
  code_invalid: () => t('Code not valid, please show a new one'),
  too_little_money: () => t('Not enough money, please pay another way'),
  not_paid: () => t('Not paid, please try again'),
};

/** @type {Record<string, () => string>} */
const ENDINGS = {
  EXIT: () => t('left'),
  EXIT_OPEN_LANE: () => t('left, lane was open'),
  EXIT_TAILGATE: () => t('tailgated out'),
  EXIT_UNSEEN: () => t('left unseen'),
  ANNULLED: () => t('annulled: reversed out again'),
};

/** @type {Record<string, () => string>} */
const READERS = {
  camera: () => t('camera'),
  driver: () => t('driver'),
  operator: () => t('operator'),
};

/**
 * @param {Record<string | number, () => string>} words
 * @param {unknown} code
 */
function named(words, code) {
  const word = words[/** @type {string} */ (code)];
  return word ? word() : String(code);
}

/** @param {unknown} code */
export const stateWord = (code) => named(STATES, code);
/** @param {unknown} code */
export const modeWord = (code) => named(MODES, code);
/** @param {unknown} name */
export const modeNameWord = (name) => named(MODE_NAMES, name);
/** @param {unknown} code */
export const reasonWord = (code) => named(REASONS, code);
/** @param {unknown} code */
export const messageWord = (code) => named(MESSAGES, code);
/** @param {unknown} code */
export const endingWord = (code) => named(ENDINGS, code);
/** @param {unknown} code */
export const readerWord = (code) => named(READERS, code);
