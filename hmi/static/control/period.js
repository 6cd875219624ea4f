/** The period a lane is in, if it is not AUTO: who asked for it, why, and until when. */

import {clockTime, countdown} from './format.js';
import {good} from './tags.js';
import {said, t} from './texts.js';
import {reasonWord} from './words.js';

/** @typedef {{mode: string, reason: string, note: string, by: string, second: string, began_at: string, until: string | null}} Period */

/**
 * Give the period the lane is in, if it is not AUTO.
 * @param {string} lane
 * @returns {Period | null}
 */
export function periodOf(lane) {
  const said = good(`${lane}.mode.period`);
  if (typeof said !== 'string' || !said) return null;
  try {
    return JSON.parse(said);
  } catch (error) {
    return null;
  }
}

/**
 * Say who, why and until when.
 * @param {Period} period
 * @param {Date | null} now
 */
export function periodWords(period, now) {
  const who = period.by === 'plc' ? t('by the PLC itself') : [said(period.by), period.second].filter(Boolean).join(' + ');
  const why = [period.reason && reasonWord(period.reason), period.note].filter(Boolean).join(', ');
  const until = period.until ? new Date(period.until) : null;
  const ends = until ? t('until {time}', {time: clockTime(until)}) : '';
  const left = until && now ? t('{left} left', {left: countdown(until.getTime() - now.getTime())}) : '';
  return [who, why, ends, left].filter(Boolean).join(' · ');
}
