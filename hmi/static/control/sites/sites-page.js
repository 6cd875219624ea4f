/** The wall of all car parks: one card each, always at the same place, old as soon as it is not heard. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {clockTime, yuan} from '../format.js';
import {element, startShell} from '../shell.js';
import {language, said, t} from '../texts.js';

const STALE_S = 2;
const LOOK_MS = 200;

/** @type {Record<string, () => string>} */
const WORDS = {
  idle: () => t('free'),
  busy: () => t('car'),
  person: () => t('calls'),
  fault: () => t('fault'),
  mode: () => t('not AUTO'),
  unknown: () => t('unknown'),
};

/** @type {Record<string, () => string>} */
const LINKS = {
  live: () => t('Live'),
  stale: () => t('STALE'),
  away: () => t('AWAY'),
  never: () => t('Never heard'),
};

/** @param {{title: string, title_en: string}} one */
const named = (one) => (language() === 'zh' ? one.title : one.title_en);
/** @param {number | null | undefined} value */
const shown = (value) => (value === null || value === undefined ? '?' : String(value));

/** @param {number} s */
export function age(s) {
  if (s < 60) return t('{count} s', {count: Math.floor(s)});
  if (s < 3600) return t('{count} min', {count: Math.floor(s / 60)});
  return t('{hours} h {minutes} min', {hours: Math.floor(s / 3600), minutes: Math.floor(s / 60) % 60});
}

class SiteWall extends LitElement {
  static properties = {lots: {attribute: false}};

  /** @type {any[]} what the server wrote: names and addresses, in their order */
  places = [];
  maySeeMoney = false;
  /** @type {Map<string, any>} */
  lots = new Map();
  #told_ms = -Infinity;

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    setInterval(() => this.requestUpdate(), LOOK_MS);
  }

  /** @param {any[]} lots */
  take(lots) {
    this.#told_ms = performance.now();
    this.lots = new Map(lots.map((lot) => [lot.name, lot]));
  }

  /**
   * How a car park is heard now: what the server said, and the time that has passed since.
   * @param {any} lot
   */
  #heard(lot) {
    if (!lot || lot.silent_s === null) return {link: 'never', silent_s: null};
    const silent_s = lot.silent_s + (performance.now() - this.#told_ms) / 1000;
    return {link: lot.link === 'live' && silent_s > STALE_S ? 'stale' : lot.link, silent_s};
  }

  render() {
    return html`<ul class="lots">${this.places.map((place) => this.#card(place, this.lots.get(place.name)))}</ul>`;
  }

  /**
   * @param {any} place
   * @param {any} lot
   */
  #card(place, lot) {
    const {link, silent_s} = this.#heard(lot);
    const old = link !== 'live';
    return html`<li class="card lot" data-lot=${place.name} data-heard=${link}>
      <header><h3><a href=${`${place.url}/`}>${named(place)}</a></h3>
        <span class="heard">${LINKS[link]()}${old && silent_s !== null ? html` · <b>${age(silent_s)}</b>` : nothing}</span></header>
      ${old ? html`<p class="old">${this.#oldWords(link, lot)}</p>` : nothing}
      ${link === 'never' ? nothing : html`<div class="told">${this.#told(place, lot)}</div>`}
      <footer><a href=${`${place.url}/`}>${t('Overview')}</a><a href=${`${place.url}/desk`}>${t('Desk')}</a>
        <a href=${`${place.url}/alarms`}>${t('Alarms')}</a>${place.isHere ? html`<span class="here">${t('here')}</span>` : nothing}</footer>
    </li>`;
  }

  /**
   * @param {string} link
   * @param {any} lot
   */
  #oldWords(link, lot) {
    const why = lot?.why ? said(lot.why) : '';
    if (link === 'never') return why || t('No data from the plant yet');
    const of = lot.at ? t('What stands here is of {time}.', {time: clockTime(new Date(lot.at))}) : '';
    return `${of} ${why}`.trim();
  }

  /**
   * @param {any} place
   * @param {any} lot
   */
  #told(place, lot) {
    const {cases, alarms, zones, money} = lot;
    const calls = (cases.open ?? 0) > 0;
    const oldest = calls && cases.oldest_s !== null ? t('oldest {age}', {age: age(cases.oldest_s)}) : '';
    const title = t('Lanes');
    return html`<ul class="lanes" aria-label=${title}>${lot.lanes.map((/** @type {any} */ lane) => this.#lane(place, lane))}</ul>
      <dl>
        ${this.#row(t('Cases'), shown(cases.open), [oldest], calls)}
        <div><dt>${t('Alarms')}</dt><dd class="alarms">${alarms.map((/** @type {number | null} */ count, /** @type {number} */ at) => this.#alarm(at + 1, count))}</dd></div>
        ${zones.map((/** @type {any} */ zone) => this.#zone(zone, zones.length > 1))}
        ${this.maySeeMoney ? this.#money(money) : nothing}
      </dl>`;
  }

  /**
   * @param {any} place
   * @param {any} lane
   */
  #lane(place, lane) {
    const word = (WORDS[lane.word] ?? WORDS.unknown)();
    return html`<li data-word=${lane.word}><a href=${`${place.url}/lanes/${lane.name}`}><b>${named(lane)}</b> <span>${word}</span></a></li>`;
  }

  /**
   * @param {string} what
   * @param {string} value
   * @param {string[]} more
   * @param {boolean} [calls]
   */
  #row(what, value, more, calls = false) {
    const small = more.filter((text) => text).map((text) => html` <small>${text}</small>`);
    return html`<div data-calls=${calls}><dt>${what}</dt><dd>${value}${small}</dd></div>`;
  }

  /**
   * @param {any} zone
   * @param {boolean} isOneOfMany
   */
  #zone(zone, isOneOfMany) {
    const doubt = zone.drift ? t('± {count}', {count: Math.abs(zone.drift)}) : '';
    const free = zone.free === null ? '' : t('{count} free', {count: zone.free});
    return this.#row(isOneOfMany ? t('Inside {zone}', {zone: zone.name}) : t('Inside'), shown(zone.cars), [doubt, free]);
  }

  /** @param {any} money */
  #money(money) {
    const sum = typeof money?.fen === 'number' ? yuan(money.fen) : '?';
    return this.#row(t('Taken today'), sum, [t('{count} payments', {count: shown(money?.payments)})]);
  }

  /**
   * @param {number} priority
   * @param {number | null} count
   */
  #alarm(priority, count) {
    const about = t('Priority {priority}: {count}', {priority, count: shown(count)});
    return html`<span class="p p${priority}" data-some=${(count ?? 0) > 0} role="img" aria-label=${about} title=${about}>${priority}·${shown(count)}</span>`;
  }
}

customElements.define('site-wall', SiteWall);

async function start() {
  const {page, link} = await startShell();
  const wall = element('wall');
  Object.assign(wall, {places: page.lots, maySeeMoney: page.maySeeMoney});
  wall.requestUpdate();
  link.watchSites((/** @type {any[]} */ lots) => wall.take(lots));
}

start();
