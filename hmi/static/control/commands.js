/** Which commands a lane takes now; one that it does not take says why in words. */

import {isGood, number, text} from './tags.js';
import {t} from './texts.js';
import {modeWord} from './words.js';

/** @typedef {'open' | 'plate' | 'stay' | 'send-back'} CommandName */
/** @typedef {{name: CommandName, label: string, whyNot: string}} Command */
/** @typedef {{live: boolean, mayCommand: boolean}} Leave */

const AUTO = 1;
/** The boom is rising or up for this car already. */
const GOING = ['authorised', 'opening', 'open', 'passing', 'clearing', 'closing'];
const UNDECIDED = ['awaiting_driver', 'awaiting_operator'];

/**
 * @param {{name: string, direction: string}} lane
 * @param {Leave} leave
 * @returns {Command[]}
 */
export function commandsOf(lane, leave) {
  const open = whyNotOpen(lane.name, leave);
  const decide = whyNotDecide(lane.name, leave);
  /** @type {Command[]} */
  const commands = [
    {name: 'open', label: t('Open for this car'), whyNot: open},
    {name: 'plate', label: t('Correct plate'), whyNot: decide},
    {name: 'stay', label: t('Pick stay'), whyNot: decide},
    {name: 'send-back', label: t('Send back'), whyNot: decide},
  ];
  return commands.filter((command) => command.name !== 'stay' || lane.direction === 'exit');
}

/**
 * @param {string} lane
 * @param {Leave} leave
 */
function whyNotAtAll(lane, {live, mayCommand}) {
  if (!mayCommand) return t('Your role may only look');
  if (!live) return t('The link to the plant is lost');
  const mode = number(`${lane}.mode.now`);
  if (mode === null) return t('The PLC does not answer');
  if (mode !== AUTO) return t('The lane is in {mode}', {mode: modeWord(mode)});
  if (!isGood(`${lane}.passage`) || !text(`${lane}.passage`)) return t('No car stands in the lane');
  return '';
}

/**
 * @param {string} lane
 * @param {Leave} leave
 */
function whyNotOpen(lane, leave) {
  const why = whyNotAtAll(lane, leave);
  if (why) return why;
  return GOING.includes(text(`${lane}.lane.state`)) ? t('The gate opens for this car already') : '';
}

/**
 * @param {string} lane
 * @param {Leave} leave
 */
function whyNotDecide(lane, leave) {
  const why = whyNotAtAll(lane, leave);
  if (why) return why;
  return UNDECIDED.includes(text(`${lane}.lane.state`)) ? '' : t('The lane does not wait for a decision');
}
