/** How numbers and times are written: whole fen as yuan, the site's zone, a 24 h clock. */

import {t} from './texts.js';

let zone = 'UTC';

/** @param {string} name */
export function useZone(name) {
  zone = name;
}

/** @param {number} fen */
export function yuan(fen) {
  const sign = fen < 0 ? '-' : '';
  const whole = Math.abs(fen);
  return `${sign}¥${Math.trunc(whole / 100)}.${String(whole % 100).padStart(2, '0')}`;
}

/**
 * @param {Date} at
 * @param {Intl.DateTimeFormatOptions} parts
 */
function written(at, parts) {
  return new Intl.DateTimeFormat('sv-SE', {timeZone: zone, hourCycle: 'h23', ...parts}).format(at);
}

/** @param {Date} at */
export const clockTime = (at) => written(at, {hour: '2-digit', minute: '2-digit', second: '2-digit'});
/** @param {Date} at */
export const date = (at) => written(at, {year: 'numeric', month: '2-digit', day: '2-digit'});
/** @param {Date} at */
export const dayAndTime = (at) => `${date(at).slice(5)} ${written(at, {hour: '2-digit', minute: '2-digit'})}`;

/** @param {number} minutes */
export function duration(minutes) {
  const hours = Math.trunc(minutes / 60);
  if (hours && minutes % 60 === 0) return t('{count} h', {count: hours});
  return hours ? t('{hours} h {minutes} min', {hours, minutes: minutes % 60}) : t('{minutes} min', {minutes});
}

/**
 * Write a time that is left, in minutes and seconds; nothing less than none.
 * @param {number} ms
 */
export function countdown(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  const parts = [Math.trunc(s / 3600), Math.trunc(s / 60) % 60, s % 60].map((part) => String(part).padStart(2, '0'));
  return s < 3600 ? parts.slice(1).join(':') : parts.join(':');
}
