/**
 * The state of an instrument by NAMUR NE 107: failure before function check before out of specification before
 * maintenance required; good is none of them. What cannot be known of it is a failure.
 */

import {contact, exists, isForced, isGood, isStale, number, text} from '../tags.js';
import {t} from '../texts.js';

/** @typedef {'F' | 'C' | 'S' | 'M' | ''} Mark */
/** @typedef {{mark: Mark, why: string}} Health */

const MAINTENANCE = 5;
/** GB/T 24973: what a barrier is built for at least. */
const CYCLES = 1_500_000;
/** Mains and limits apart, an opening this long is too slow (GB/T 24973: class S ends at 5 s). */
const SLOW_MS = 5000;

/** @type {Health} */
const GOOD = {mark: '', why: ''};

/**
 * A loop: its detector's fault relay, the quality of its contact, and whether somebody has a hand on it.
 * @param {string} lane
 * @param {string} loop
 * @returns {Health}
 */
export function loopHealth(lane, loop) {
  const tag = `${lane}.loop.${loop}`;
  if (contact(`${tag}_fault`) === 'on') return {mark: 'F', why: t('its detector tells a fault')};
  if (isStale(tag)) return {mark: 'F', why: t('stale')};
  if (!isGood(tag)) return {mark: 'F', why: t('not to be believed')};
  if (isForced(tag)) return {mark: 'C', why: t('forced')};
  if (number(`${lane}.mode.now`) === MAINTENANCE) return {mark: 'C', why: t('lane in maintenance')};
  return GOOD;
}

/**
 * @param {string} lane
 * @returns {Health}
 */
export function boomHealth(lane) {
  const [up, down] = ['up', 'down'].map((limit) => contact(`${lane}.gate.${limit}`));
  if (up === 'unknown' || down === 'unknown') return {mark: 'F', why: t('its limits are not to be believed')};
  if (up === 'on' && down === 'on') return {mark: 'F', why: t('Limit switches disagree')};
  if (contact(`${lane}.gate.drive_fault`) === 'on') return {mark: 'F', why: t('Barrier at fault')};
  if (contact(`${lane}.gate.attached`) === 'off') return {mark: 'F', why: t('The boom is not on its mount')};
  if (number(`${lane}.mode.now`) === MAINTENANCE) return {mark: 'C', why: t('lane in maintenance')};
  if (isForced(`${lane}.gate.up`) || isForced(`${lane}.gate.down`)) return {mark: 'C', why: t('forced')};
  if ((number(`${lane}.time.open_ms`) ?? 0) > SLOW_MS) return {mark: 'S', why: t('opens too slowly')};
  if ((number(`${lane}.rise.count`) ?? 0) >= CYCLES) return {mark: 'M', why: t('its cycles are used up')};
  return GOOD;
}

/**
 * @param {string} tag the camera's tags begin so
 * @returns {Health}
 */
export function cameraHealth(tag) {
  if (!exists(`${tag}.trouble`) || !isGood(`${tag}.trouble`)) return {mark: 'F', why: t('nothing known yet')};
  const trouble = text(`${tag}.trouble`);
  if (trouble.includes('camera_gone') || trouble.includes('camera_blocked')) return {mark: 'F', why: t('no usable picture')};
  if (trouble.includes('camera_unkept')) return {mark: 'M', why: t('its pictures are not kept')};
  return trouble ? {mark: 'S', why: t('its view or its reading is poor')} : GOOD;
}
