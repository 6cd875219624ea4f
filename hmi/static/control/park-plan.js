/**
 * The plan of the car park: zones with how full they are and how far that may be wrong, lanes where they stand, and the
 * cars of today. What is normal is grey; a lane that wants somebody has colour, shape and a word.
 */

import {LitElement, html, nothing, svg} from '../vendor/lit.js';
import {contact, number, text} from './tags.js';
import {language, t} from './texts.js';
import {modeWord, stateWord} from './words.js';

/** A per cent of the plan in units of its drawing. */
const X = 3.6;
const Y = 2.3;
const AUTO = 1;
const WAIT_MS = 8000;

/** @typedef {{cars: number, drift: number, spaces: number | null}} Count */

/**
 * Say between which numbers the count of a zone lies, and where on a bar that is.
 * @param {Count} count
 */
export function occupancy({cars, drift, spaces}) {
  const [least, most] = [Math.max(cars - drift, 0), cars + drift];
  const share = (/** @type {number} */ value) => (spaces ? Math.min(value / spaces, 1) : 0);
  const free = spaces === null ? null : [Math.max(spaces - most, 0), Math.max(spaces - least, 0)];
  return {least, most, free, from: share(least), at: share(cars), to: share(most)};
}

/**
 * What of a lane is abnormal: its mark, by the rank of alarms; none where all is normal.
 * @param {string} lane
 * @returns {{kind: 'fault' | 'mode' | 'person' | 'unknown', word: string} | null}
 */
export function abnormal(lane) {
  const [state, mode] = [text(`${lane}.lane.state`), number(`${lane}.mode.now`)];
  if (mode === null || !state || contact(`${lane}.loop.safety`) === 'unknown') return {kind: 'unknown', word: t('unknown')};
  if (state === 'faulted' || text(`${lane}.alarm`)) return {kind: 'fault', word: state === 'faulted' ? stateWord(state) : t('Alarm')};
  if (mode !== AUTO) return {kind: 'mode', word: modeWord(mode)};
  return state === 'awaiting_operator' || text(`${lane}.help.state`) === 'calling' ? {kind: 'person', word: t('Help')} : null;
}

class ParkPlan extends LitElement {
  constructor() {
    super();
    /** @type {any} */
    this.plan = null;
    /** @type {any[]} */
    this.lanes = [];
    /** @type {any} */
    this.today = null;
  }

  createRenderRoot() {
    return this;
  }

  /** Count the cars of today again; an answer that does not come leaves nothing that looks like one. */
  async refresh() {
    try {
      const answer = await fetch('/api/v1/today', {signal: AbortSignal.timeout(WAIT_MS)});
      this.today = answer.ok ? await answer.json() : null;
    } catch (error) {
      this.today = null;
    }
    this.requestUpdate();
  }

  render() {
    if (!this.plan) return nothing;
    const {background, zones} = this.plan;
    return html`<section class="card plan" aria-label=${t('Car park')}>${this.#counts()}
      <svg viewBox="0 0 ${100 * X} ${100 * Y}" role="group" aria-label=${t('Plan of the car park')}>
        ${background ? svg`<image href="/plan/background" width=${100 * X} height=${100 * Y} preserveAspectRatio="none"></image>` : nothing}
        ${zones.map((/** @type {any} */ zone) => this.#zone(zone))}${this.lanes.map((lane) => this.#lane(lane))}</svg></section>`;
  }

  #counts() {
    const sum = (/** @type {string} */ way) => (this.today ? Object.values(this.today[way]).reduce((all, one) => all + Number(one), 0) : '?');
    return html`<p class="today">${t('Today')} <span>${t('in')} <b class="value" data-today="in">${sum('entries')}</b></span> <span>${t('out')} <b class="value" data-today="out">${sum('exits')}</b></span></p>`;
  }

  /** @param {any} zone */
  #zone({name, title, title_en, spaces, reserved, outline}) {
    const [left, top] = [Math.min(...outline.map(([x]) => x)) * X, Math.min(...outline.map(([, y]) => y)) * Y];
    const width = Math.max(...outline.map(([x]) => x)) * X - left;
    const [cars, drift] = ['cars', 'drift'].map((point) => number(`zone.${name}.${point}`));
    const label = language() === 'zh' ? title : title_en;
    const points = outline.map(([x, y]) => `${x * X},${y * Y}`).join(' ');
    const filled = cars === null || drift === null ? t('unknown') : t('{cars} ± {drift} cars', {cars, drift});
    const about = `${label}: ${filled}`;
    return svg`<g class="zone" data-zone=${name} role="img" aria-label=${about}><polygon points=${points}></polygon>
      <text class="title" x=${left + 12} y=${top + 22}>${label}</text>
      ${cars === null || drift === null ? svg`<text class="unknown" x=${left + 12} y=${top + 48}>? ${t('unknown')}</text>` : this.#count(left + 12, top + 30, width - 24, {cars, drift, spaces}, reserved)}</g>`;
  }

  /** @param {number} x @param {number} y @param {number} width @param {Count} count @param {number} reserved */
  #count(x, y, width, count, reserved) {
    const {free, from, at, to} = occupancy(count);
    const {cars, drift, spaces} = count;
    const words = drift ? `${cars} ± ${drift}` : `${cars}`;
    if (!spaces || !free) return svg`<text class="count" x=${x} y=${y + 18}>${words}</text>`;
    const left = free[0] === free[1] ? `${free[0]}` : `${free[0]}–${free[1]}`;
    return svg`<rect class="bar" x=${x} y=${y} width=${width} height="14"></rect><rect class="full" x=${x} y=${y} width=${width * at} height="14"></rect>
      ${reserved ? svg`<line class="reserved" x1=${x + width * (1 - reserved / spaces)} x2=${x + width * (1 - reserved / spaces)} y1=${y - 3} y2=${y + 17}></line>` : nothing}
      ${drift ? svg`<path class="drift" d="M ${x + width * from} ${y + 2} v 10 m 0 -5 H ${x + width * to} m 0 -5 v 10"></path>` : nothing}
      <text class="count" x=${x} y=${y + 34}>${words}<tspan class="of"> / ${spaces}</tspan></text>
      <text class="free" x=${x} y=${y + 56}>${t('free')} ${left}</text>`;
  }

  /** @param {any} lane */
  #lane({name, title, title_en, direction}) {
    const [x, y] = this.plan.lanes[name];
    const [label, wrong] = [language() === 'zh' ? title : title_en, abnormal(name)];
    const state = text(`${name}.lane.state`);
    const busy = state !== '' && state !== 'idle';
    const about = [label, wrong ? wrong.word : stateWord(state)].join(': ');
    const arrow = {entry: 'M -7 0 H 7 M 2 -5 L 7 0 L 2 5', exit: 'M -7 0 H 7 M 2 -5 L 7 0 L 2 5', both: 'M -8 0 H 8 M 4 -4 L 8 0 L 4 4 M -4 -4 L -8 0 L -4 4'}[/** @type {'both'} */ (direction)];
    const end = x > 50;
    return svg`<a href="/lanes/${name}" aria-label=${about} data-plan-lane=${name} data-wrong=${wrong?.kind ?? ''}><g class="way ${busy ? 'busy' : ''}" transform="translate(${x * X} ${y * Y})">
      <rect class="touch" x=${end ? -70 : -24} y="-24" width="94" height="56"></rect><rect class="boom" x="-14" y="-12" width="28" height="24" rx="4"></rect><path d=${arrow}></path>
      <text x=${end ? 16 : -16} y="28" text-anchor=${end ? 'end' : 'start'}>${label}</text>${wrong ? this.#badge(wrong, end) : nothing}</g></a>`;
  }

  /** @param {{kind: string, word: string}} wrong @param {boolean} end */
  #badge({kind, word}, end) {
    const shape = {fault: 'M 0 -9 L 10 8 H -10 Z', mode: 'M 0 9 L 10 -8 H -10 Z', person: 'M -9 0 a 9 9 0 1 0 18 0 a 9 9 0 1 0 -18 0', unknown: 'M -9 -9 h 18 v 18 h -18 Z'}[kind];
    return svg`<g class="badge ${kind}" transform="translate(${end ? -26 : 26} -3)"><path d=${shape}></path><text y="5" text-anchor="middle">${kind === 'unknown' ? '?' : '!'}</text>
      <text class="word" x=${end ? -14 : 14} y="5" text-anchor=${end ? 'end' : 'start'}>${word}</text></g>`;
  }
}

customElements.define('park-plan', ParkPlan);
