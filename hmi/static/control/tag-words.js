/** How a tag is written for people: its value, and how far it is to be believed. */

import {t} from './texts.js';

export const FORCED = 0x00960000;

/** Quality words by StatusCode.
 * @type {Record<number, () => string>} */
const QUALITIES = {
  0x00000000: () => t('good'),
  0x00960000: () => t('forced'),
  0x40900000: () => t('stale'),
  0x40930000: () => t('stuck on'),
  0x808c0000: () => t('detector fault'),
  0x808a0000: () => t('not connected'),
  0x80050000: () => t('communication error'),
  0x803c0000: () => t('out of range'),
  0x80890000: () => t('error in the map'),
};

/** @param {number} status */
export const qualityWord = (status) => (QUALITIES[status] ?? (() => t('status')))();
/** @param {number} status */
export const severity = (status) => (status === FORCED ? 'forced' : status >>> 30 === 0 ? 'good' : status >>> 30 === 1 ? 'uncertain' : 'bad');
/** @param {number} status */
export const hex = (status) => `0x${(status >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;

/** The states of a device's link.
 * @type {Record<string, () => string>} */
const LINKS = {
  up: () => t('connected'),
  down: () => t('not connected'),
  still: () => t('heartbeat stands still'),
  foreign: () => t('laid out differently'),
  refused: () => t('refused'),
  simulated: () => t('simulated'),
};

/** @param {unknown} state */
export const linkWord = (state) => (LINKS[String(state)] ?? (() => String(state)))();

/** @param {unknown} value */
export function written(value) {
  if (value === null || value === undefined) return '?';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(7)));
  return String(value) === '' ? '–' : String(value);
}

/** Where a tag's curve is; a link to it can be dragged onto other curves. @param {string} name */
export const trendOf = (name) => `/trends?tag=${encodeURIComponent(name)}`;

/** What a scan class of the tag map is called.
 * @type {Record<string, () => string>} */
const CLASSES = {fast: () => t('fast scan'), normal: () => t('normal scan'), slow: () => t('slow scan')};
/** @param {string} name */
export const classWord = (name) => (CLASSES[name] ?? (() => name))();
