/** Which modes a lane takes now, or why not. */

import {contact, exists, number, text} from './tags.js';
import {t} from './texts.js';
import {modeWord} from './words.js';

/** @typedef {'hold-open' | 'test-opening' | 'lock' | 'auto' | 'leave-resync' | 'confirm-fault' | 'turn-tide'} ModeName */
/** @typedef {{name: ModeName, label: string, whyNot: string}} ModeCommand */
/** @typedef {{live: boolean, mayCommand: boolean, mayRepair: boolean}} Leave */

const AUTO = 1;
const HOLD_OPEN = 2;
const LOCKED = 3;
const FIRE = 4;
const RESYNC = 6;

/**
 * @param {{name: string, direction: string}} lane
 * @param {{name: string, direction: string}[]} lanes
 * @param {Leave} leave
 * @returns {ModeCommand[]}
 */
export function modeCommandsOf(lane, lanes, leave) {
  const role = leave.mayCommand ? '' : t('Your role may only look');
  const repair = leave.mayRepair ? '' : t('Your role may only look');
  const now = whyNotNow(lane.name, leave);
  const hold = now || whyNotIn(lane.name, AUTO);
  /** @type {ModeCommand[]} */
  const commands = [
    {name: 'hold-open', label: t('Hold open'), whyNot: role || hold},
    {name: 'lock', label: t('Lock'), whyNot: role || now || whyNotLock(lane, lanes)},
    {name: 'auto', label: t('Back to AUTO'), whyNot: role || now || whyNotIn(lane.name, HOLD_OPEN, LOCKED)},
    {name: 'test-opening', label: t('Test opening'), whyNot: repair || hold || whyNotEmpty(lane.name)},
    {name: 'leave-resync', label: t('Leave RESYNC'), whyNot: repair || now || whyNotLeave(lane.name)},
    {name: 'confirm-fault', label: t('Fault mended'), whyNot: repair || now || whyNotConfirm(lane.name)},
    {name: 'turn-tide', label: t('Turn the tide'), whyNot: role || now},
  ];
  return commands.filter((command) => command.name !== 'turn-tide' || isTidal(lane));
}

/**
 * Say whether a lane leads one way at a time.
 * @param {{direction: string, way_policy?: string}} lane
 */
const isTidal = (lane) => lane.direction === 'both' && lane.way_policy === 'tidal';

/**
 * @param {string} lane
 * @param {Leave} leave
 */
function whyNotNow(lane, {live}) {
  if (!live) return t('The link to the plant is lost');
  return number(`${lane}.mode.now`) === null ? t('The PLC does not answer') : '';
}

/**
 * @param {string} lane
 * @param {number[]} modes
 */
function whyNotIn(lane, ...modes) {
  const mode = number(`${lane}.mode.now`);
  return mode !== null && modes.includes(mode) ? '' : t('The lane is in {mode}', {mode: modeWord(mode)});
}

/** @param {string} lane */
function whyNotClear(lane) {
  const signals = [contact(`${lane}.loop.safety`), contact(`${lane}.beam`)];
  if (signals.includes('on')) return t('A vehicle stands under the boom');
  return signals.includes('unknown') ? t('The safety loop or the beam cannot be believed') : '';
}

/** @param {string} lane */
function whyNotEmpty(lane) {
  if (whyNotClear(lane)) return whyNotClear(lane);
  return contact(`${lane}.loop.approach`) === 'off' && !text(`${lane}.passage`) ? '' : t('A test opening needs an empty lane');
}

/**
 * @param {{name: string, direction: string}} lane
 * @param {{name: string, direction: string}[]} lanes
 */
function whyNotLock(lane, lanes) {
  const why = whyNotIn(lane.name, AUTO, HOLD_OPEN) || whyNotClear(lane.name);
  if (why || !leadsOut(lane)) return why;
  return lanes.some((other) => other.name !== lane.name && isWayOut(other)) ? '' : t('No other exit is open');
}

/** @param {{name: string, direction: string}} lane */
function leadsOut({name, direction}) {
  const ways = text(`${name}.lane.ways`);
  return direction === 'both' ? !ways || ways.includes('exit') : direction === 'exit';
}

/** @param {{name: string, direction: string}} lane */
function isWayOut(lane) {
  const mode = number(`${lane.name}.mode.now`);
  const open = mode !== null && [AUTO, HOLD_OPEN, FIRE].includes(mode);
  return leadsOut(lane) && open && text(`${lane.name}.lane.state`) !== 'faulted';
}

/** @param {string} lane */
function whyNotConfirm(lane) {
  if (text(`${lane}.lane.state`) !== 'faulted') return t('The lane has no fault');
  if (exists(`${lane}.gate.attached`) && contact(`${lane}.gate.attached`) !== 'on') return t('The boom is not on its mount');
  const limits = [contact(`${lane}.gate.up`), contact(`${lane}.gate.down`)];
  return limits.includes('on') ? '' : t('The boom is at neither limit');
}

/** @param {string} lane */
function whyNotLeave(lane) {
  const why = whyNotIn(lane, RESYNC) || whyNotClear(lane);
  if (why) return why;
  return contact(`${lane}.camera.ok`) === 'on' ? '' : t('No camera shows the lane');
}
