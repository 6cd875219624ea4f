/**
 * The drawing of a lane, seen from above: loops, boom, beam, lights and the car. It shows what was measured; the
 * commanded end of a moving boom is a thin ghost. What may not be believed is hatched and marked "?".
 */

import {html, nothing, svg} from '../vendor/lit.js';
import {contact, exists, isForced, number} from './tags.js';
import {t} from './texts.js';

const MIDDLE_Y = 82;
const APPROACH = {x: 132, width: 128, middle: 196};
const SAFETY = {x: 298, width: 96, middle: 346};
const CLOSING = {x: 402, width: 60, middle: 432};
const PIVOT = {x: 346, y: 146};
const BOOM_LENGTH = 116;
/** Steps of the PLC in which the boom is to be up: opening, open, passing, clearing. */
const TO_BE_UP = [2, 3, 4, 5];
/** `passage.side`: the live car came from inside. */
const INNER = 2;

/** @typedef {'up' | 'down' | 'moving' | 'fault' | 'unknown'} BoomPlace */

/**
 * @param {string} lane
 * @returns {BoomPlace}
 */
export function boomPlace(lane) {
  const up = contact(`${lane}.gate.up`);
  const down = contact(`${lane}.gate.down`);
  if (up === 'unknown' || down === 'unknown') return 'unknown';
  if (up === 'on' && down === 'on') return 'fault';
  if (up === 'on') return 'up';
  return down === 'on' ? 'down' : 'moving';
}

/** @param {BoomPlace} place */
function boomWord(place) {
  const words = {
    up: t('Boom up'),
    down: t('Boom down'),
    moving: t('Boom moving'),
    fault: t('Limit switches disagree'),
    unknown: t('Boom unknown'),
  };
  return words[place];
}

/** @param {'on' | 'off' | 'unknown'} state */
function occupied(state) {
  return {on: t('occupied'), off: t('free'), unknown: t('unknown')}[state];
}

/**
 * Draw a lane as it is now.
 * @param {{name: string, direction: string}} lane
 */
export function mimic({name: lane, direction}) {
  const approach = contact(`${lane}.loop.approach`);
  const safety = contact(`${lane}.loop.safety`);
  const closing = exists(`${lane}.loop.closing`) ? contact(`${lane}.loop.closing`) : null;
  const place = boomPlace(lane);
  const about = [
    `${t('Approach loop')}: ${occupied(approach)}`,
    `${t('Safety loop')}: ${occupied(safety)}`,
    boomWord(place),
  ].join(', ');
  return html`<svg class="mimic" viewBox="0 0 600 176" role="img" aria-label=${about}>
    ${hatch(lane)} ${road(direction)} ${loop(lane, APPROACH, 'approach', approach)}
    ${loop(lane, SAFETY, 'safety', safety)} ${closing ? loop(lane, CLOSING, 'closing', closing) : nothing}
    ${cars(lane, approach, safety, closing)} ${beam(lane)} ${boom(lane, place)}
    ${lights(lane)}
  </svg>`;
}

/** @param {string} lane */
function hatch(lane) {
  return svg`<defs><pattern id="hatch-${lane}" class="hatch" width="8" height="8" patternUnits="userSpaceOnUse"
    patternTransform="rotate(45)"><rect width="8" height="8"></rect><line x1="0" y1="0" x2="0" y2="8"></line></pattern></defs>`;
}

/** The street is on the left of whatever leads in. @param {string} direction */
function road(direction) {
  const entry = direction !== 'exit';
  return svg`<rect class="road" x="0" y="34" width="600" height="96"></rect>
    <line class="kerb" x1="0" y1="34" x2="600" y2="34"></line><line class="kerb" x1="0" y1="130" x2="600" y2="130"></line>
    <text class="end" x="14" y="87">${entry ? t('Street') : t('Car park')}</text>
    <text class="end" x="586" y="87" text-anchor="end">${entry ? t('Car park') : t('Street')}</text>
    <path class="arrow" d="M 94 72 l 10 10 l -10 10 M 104 72 l 10 10 l -10 10"></path>
    <path class="arrow" d=${direction === 'both' ? 'M 496 72 l -10 10 l 10 10 M 486 72 l -10 10 l 10 10' : 'M 474 72 l 10 10 l -10 10 M 484 72 l 10 10 l -10 10'}></path>
    <text class="name" x=${APPROACH.middle} y="22" text-anchor="middle">${t('Approach loop')}</text>
    <text class="name" x=${SAFETY.middle} y="22" text-anchor="middle">${t('Safety loop')}</text>`;
}

/**
 * @param {string} lane
 * @param {{x: number, width: number, middle: number}} at
 * @param {string} name
 * @param {'on' | 'off' | 'unknown'} state
 */
function loop(lane, at, name, state) {
  const fill = state === 'unknown' ? `url(#hatch-${lane})` : nothing;
  return svg`<g class="loop ${state}" data-loop=${name}>
    <rect x=${at.x} y="50" width=${at.width} height="64" fill=${fill}></rect>
    <rect class="turn" x=${at.x + 7} y="57" width=${at.width - 14} height="50"></rect>
    ${state === 'unknown' ? svg`<text class="unknown" x=${at.middle} y="89" text-anchor="middle">?</text>` : nothing}
    ${mark(at.x + 12, 68, `${lane}.loop.${name}`)}</g>`;
}

/** Mark what is forced by hand. @param {number} x @param {number} y @param {...string} tags */
function mark(x, y, ...tags) {
  return tags.some(isForced) ? svg`<text class="forced" x=${x} y=${y}>${t('forced')}</text>` : nothing;
}

/**
 * @param {string} lane
 * @param {'on' | 'off' | 'unknown'} approach
 * @param {'on' | 'off' | 'unknown'} safety
 * @param {'on' | 'off' | 'unknown' | null} closing
 */
function cars(lane, approach, safety, closing) {
  if (number(`${lane}.passage.side`) === INNER && closing === 'on' && safety !== 'on') return car(CLOSING.middle + 24, 'first');
  const follower = (number(`${lane}.passage.next`) ?? 0) > 0 && approach === 'on';
  if (safety === 'on') {
    const first = approach === 'on' && !follower ? (APPROACH.middle + SAFETY.middle) / 2 : SAFETY.middle + 12;
    return svg`${car(first, 'first')}${follower ? car(APPROACH.middle, 'next') : nothing}`;
  }
  return approach === 'on' ? car(APPROACH.middle, 'first') : nothing;
}

/**
 * @param {number} middle
 * @param {'first' | 'next'} which
 */
function car(middle, which) {
  return svg`<g class="car ${which}" transform="translate(${middle} ${MIDDLE_Y})">
    <rect class="wheel" x="-42" y="-28" width="20" height="56" rx="3"></rect>
    <rect class="wheel" x="22" y="-28" width="20" height="56" rx="3"></rect>
    <rect class="body" x="-60" y="-24" width="120" height="48" rx="13"></rect>
    <path class="glass" d="M 14 -19 L 28 -16 Q 33 0 28 16 L 14 19 Z"></path>
    <path class="glass" d="M -30 -17 L -42 -15 Q -46 0 -42 15 L -30 17 Z"></path>
    <rect class="roof" x="-30" y="-19" width="44" height="38" rx="5"></rect>
    ${which === 'next' ? svg`<text x="-8" y="5" text-anchor="middle">2</text>` : nothing}</g>`;
}

/** @param {string} lane */
function beam(lane) {
  if (!exists(`${lane}.beam`)) return nothing;
  const state = contact(`${lane}.beam`);
  return svg`<g class="beam ${state}"><line x1="372" y1="38" x2="372" y2="126"></line>${mark(380, 46, `${lane}.beam`)}
    <rect x="367" y="30" width="10" height="8"></rect><rect x="367" y="126" width="10" height="8"></rect></g>`;
}

/**
 * Where a boom that tells its position (0 down, 100 up) is on its way; its limits say more of its ends.
 * @param {string} lane
 * @param {BoomPlace} place
 */
function measured(lane, place) {
  const share = number(`${lane}.gate.position`);
  return place === 'moving' && share !== null ? Math.round(Math.min(Math.max(share, 0), 100) / 10) * 9 : null;
}

/**
 * @param {string} lane
 * @param {BoomPlace} place
 */
function boom(lane, place) {
  const angle = measured(lane, place) ?? {up: 90, down: 0, moving: 48, fault: 48, unknown: 48}[place];
  const ghost = TO_BE_UP.includes(number(`${lane}.passage.phase`) ?? 0) ? 90 : 0;
  return svg`${place === 'moving' ? bar(lane, ghost, 'ghost') : nothing}${bar(lane, angle, `bar ${place}`)}
    <rect class="cabinet" x="328" y="138" width="36" height="30" rx="3"></rect>
    <circle class="pivot" cx=${PIVOT.x} cy=${PIVOT.y} r="5"></circle>
    <text class="place ${place}" x="318" y="160" text-anchor="end">${boomWord(place)}</text>
    ${mark(372, 160, `${lane}.gate.up`, `${lane}.gate.down`)}
    ${place === 'unknown' || place === 'fault' ? svg`<text class="unknown" x="452" y="66">?</text>` : nothing}`;
}

/**
 * @param {string} lane
 * @param {number} angle
 * @param {string} kind
 */
function bar(lane, angle, kind) {
  const top = PIVOT.y - BOOM_LENGTH;
  const stripes = kind.startsWith('bar')
    ? [0, 1, 2, 3].map((n) => svg`<rect class="stripe" x="-4" y=${top - PIVOT.y + 8 + n * 27} width="8" height="12"></rect>`)
    : nothing;
  return svg`<g class="boom ${kind}" transform="translate(${PIVOT.x} ${PIVOT.y})"><g class="turned turn-${angle}" transform="rotate(${angle})">
    <rect class="beamwood" x="-4" y=${-BOOM_LENGTH} width="8" height=${BOOM_LENGTH}
      fill=${kind.includes('unknown') ? `url(#hatch-${lane})` : nothing}></rect>${stripes}</g></g>`;
}

/** @param {string} lane */
function lights(lane) {
  if (!exists(`${lane}.light.red`) && !exists(`${lane}.light.green`)) return nothing;
  const lamp = (/** @type {string} */ colour, /** @type {number} */ x, /** @type {string} */ letter) => {
    const state = contact(`${lane}.light.${colour}`);
    const fill = state === 'unknown' ? `url(#hatch-${lane})` : nothing;
    return svg`<g class="lamp ${colour} ${state}"><circle cx=${x} cy="153" r="12" fill=${fill}></circle>
      <text x=${x} y="158" text-anchor="middle">${state === 'unknown' ? '?' : letter}</text></g>`;
  };
  return svg`<rect class="housing" x="496" y="137" width="72" height="32" rx="6"></rect>
    ${mark(442, 158, `${lane}.light.red`, `${lane}.light.green`)}
    ${lamp('red', 515, t('R'))}${lamp('green', 549, t('G'))}`;
}
