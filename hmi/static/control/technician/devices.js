/** The devices: how each link does, how long its scans take, and the health of its lanes' loops and booms. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {classWord, linkWord, qualityWord, severity, trendOf, written} from '../tag-words.js';
import {all} from '../tags.js';
import {said, t} from '../texts.js';
import {got, startPage} from './parts.js';

const READ_MS = 5000;
const COUNTS = ['round_trip_ms', 'late_scans', 'reads', 'writes', 'errors', 'refusals', 'connects', 'waiting', 'holes', 'publishing_ms', 'certificate_days'];

/** @type {Record<string, () => string>} */
const WORDS = {
  state: () => t('Link'),
  address: () => t('Answers at'),
  round_trip_ms: () => t('Last request, ms'),
  late_scans: () => t('Scans too late'),
  reads: () => t('Reads'),
  writes: () => t('Writes'),
  errors: () => t('Errors'),
  refusals: () => t('Refused by the device'),
  connects: () => t('Connections'),
  waiting: () => t('Writes waiting'),
  holes: () => t('Holes'),
  publishing_ms: () => t('Publishing, ms'),
  certificate_days: () => t('Certificate, days'),
  why: () => t('Last trouble'),
};

class DevicePage extends LitElement {
  constructor() {
    super();
    /** @type {any} */
    this.page = {};
    /** @type {any} */
    this.link = null;
    /** @type {any[]} */
    this.devices = [];
    /** @type {Map<string, any>} */
    this.health = new Map();
    this.why = '';
    this.days = 7;
  }

  createRenderRoot() {
    return this;
  }

  async read() {
    const told = await got('/api/v1/devices');
    this.why = told.why;
    this.devices = told.value ?? this.devices;
    this.requestUpdate();
  }

  async readHealth() {
    for (const lane of this.#one?.lanes ?? []) {
      this.health.set(lane, await got(`/api/v1/lanes/${lane}/health?days=${this.days}`));
      this.requestUpdate();
    }
  }

  get #one() {
    return this.devices.find(({name}) => name === this.page.device);
  }

  render() {
    if (this.why) return html`<p class="wrong" role="alert">${said(this.why)}</p>`;
    if (!this.page.device) return html`<section class="card block"><div class="wide" tabindex="0" role="region" aria-label=${t('Devices')}>${this.#table()}</div></section>`;
    const one = this.#one;
    return one ? html`<p><a href="/devices">${t('All devices')}</a></p>${this.#device(one)}` : html`<p class="none">${t('There is no such device')}</p>`;
  }

  #table() {
    return html`<table><thead><tr><th>${t('Device')}</th><th>${t('Link')}</th><th>${t('Answers at')}</th><th>${t('Scans')}</th><th class="right">${t('Errors')}</th>
        <th class="right">${t('Scans too late')}</th><th class="right">${t('Connections')}</th><th class="right">${t('Holes')}</th><th>${t('Last trouble')}</th></tr></thead>
      <tbody>${this.devices.map((one) => html`<tr data-device=${one.name}><th scope="row"><a href=${`/devices/${encodeURIComponent(one.name)}`}>${one.name}</a></th>
        <td>${this.#value(one, 'state')}</td><td>${this.#value(one, 'address')}</td><td>${one.scans.map(scanWords)}</td><td class="right">${this.#value(one, 'errors')}</td>
        <td class="right">${this.#value(one, 'late_scans')}</td><td class="right">${this.#value(one, 'connects')}</td><td class="right">${this.#value(one, 'holes')}</td>
        <td class="long">${this.#value(one, 'why')}</td></tr>`)}</tbody></table>`;
  }

  /** @param {any} one @param {string} point */
  #value(one, point) {
    const name = `${one.tag}.${point}`;
    const tag = all().get(name);
    if (!tag) return html`<span class="none">–</span>`;
    const kind = point === 'state' && tag.status === 0 && !['up', 'simulated'].includes(String(tag.value)) ? 'trouble' : severity(tag.status);
    const words = point === 'state' ? linkWord(tag.value) : typeof tag.value === 'string' ? said(tag.value) : written(tag.value);
    return html`<a class="figure" data-quality=${kind} href=${trendOf(name)} title=${qualityWord(tag.status)}>${words || '–'}</a>`;
  }

  /** @param {any} one */
  #device(one) {
    return html`<section class="card block"><h3>${one.name}</h3><dl class="pairs">
        <dt>${t('Protocol')}</dt><dd>${one.protocol}${one.simulated ? html` <b class="chip">${t('simulated')}</b>` : nothing}</dd>
        <dt>${t('Reached at')}</dt><dd>${one.where.join(', ')}</dd><dt>${t('Tags')}</dt><dd><a href=${`/tags?device=${encodeURIComponent(one.name)}`}>${one.tags}</a></dd>
        ${['state', 'address', ...COUNTS, 'why'].map((point) => html`<dt>${WORDS[point]()}</dt><dd>${this.#value(one, point)}</dd>`)}</dl></section>
      <section class="card block"><h3>${t('Scans')}</h3><table><thead><tr><th>${t('Class')}</th><th class="right">${t('Period, ms')}</th><th class="right">${t('Tags')}</th><th class="right">${t('Scans measured')}</th>
        <th class="right">p50, ms</th><th class="right">p99, ms</th><th class="right">${t('Longest, ms')}</th></tr></thead>
      <tbody>${one.scans.map((/** @type {any} */ scan) => html`<tr data-class=${scan.class}><th scope="row">${classWord(scan.class)}</th><td class="right">${scan.period_ms}</td><td class="right">${scan.tags}</td>
        <td class="right">${scan.times?.count ?? '–'}</td>${['p50', 'p99', 'longest'].map((key) => html`<td class="right ${scan.times?.[key] > scan.period_ms ? 'late' : ''}">${scan.times ? ms(scan.times[key]) : '–'}</td>`)}</tr>`)}</tbody></table></section>
      ${one.lanes.map((/** @type {string} */ lane) => this.#lane(lane))}`;
  }

  /** @param {string} lane */
  #lane(lane) {
    const told = this.health.get(lane);
    const heading = html`<h3>${this.#title(lane)} <small class="none">${t('the last {days} days', {days: this.days})}</small></h3>
      <p><a href=${`/lanes/${lane}`}>${t('Lane')}</a> · <a href=${`/wizard/${lane}`}>${t('Lane wizard')}</a> · <a href=${`/acceptance/${lane}`}>${t('Acceptance')}</a></p>`;
    if (!told?.value) return html`<section class="card block" data-health=${lane}>${heading}<p class="none">${told ? said(told.why) : t('Asking the history')}</p></section>`;
    return html`<section class="card block" data-health=${lane}>${heading}${this.#loops(told.value.loops)}${this.#gate(told.value.gate)}</section>`;
  }

  /** @param {string} lane */
  #title(lane) {
    const known = this.page.lanes.find((/** @type {any} */ one) => one.name === lane);
    return document.documentElement.lang.startsWith('zh') ? known?.title : known?.title_en;
  }

  /** @param {Record<string, any>} loops */
  #loops(loops) {
    return html`<table><thead><tr><th>${t('Loop')}</th><th class="right">${t('Turns')}</th><th class="right">${t('Cars by it')}</th><th class="right">${t('Cars by cameras')}</th>
        <th class="right">${t('Mean time on, s')}</th><th>${t('To look at')}</th></tr></thead>
      <tbody>${Object.entries(loops).map(([tag, one]) => html`<tr><th scope="row"><a href=${trendOf(tag)}>${tag}</a></th><td class="right">${one.edges}</td><td class="right">${one.by_loop}</td>
        <td class="right">${one.by_camera}</td><td class="right">${one.on_s === null ? '–' : one.on_s.toFixed(1)}</td><td>${looks(one.look)}</td></tr>`)}</tbody></table>`;
  }

  /** @param {any} gate */
  #gate(gate) {
    const faults = Object.entries(gate.faults).map(([fault, count]) => `${fault} ${count}`).join(', ');
    return html`<dl class="pairs"><dt>${t('Opening against the first days')}</dt><dd>${percent(gate.open_drift)}</dd><dt>${t('Closing against the first days')}</dt><dd>${percent(gate.close_drift)}</dd>
        <dt>${t('Faults of the boom')}</dt><dd>${faults || t('None')}</dd>
        <dt>${t('From command to answer')}</dt><dd>${gate.answer ? html`p50 ${ms(gate.answer.p50)} ms, p99 ${ms(gate.answer.p99)} ms, ${t('of {count}', {count: gate.answer.count})}` : '–'}</dd>
        <dt>${t('To look at')}</dt><dd>${looks(gate.look)}</dd></dl>
      ${gate.days.length ? html`<table><thead><tr><th>${t('Day')}</th><th class="right">${t('Cycles')}</th><th class="right">${t('Opening, s')}</th><th class="right">${t('Closing, s')}</th></tr></thead>
      <tbody>${gate.days.map((/** @type {any} */ day) => html`<tr><th scope="row">${day.day}</th><td class="right">${day.cycles}</td><td class="right">${(day.open_ms / 1000).toFixed(2)}</td><td class="right">${(day.close_ms / 1000).toFixed(2)}</td></tr>`)}</tbody></table>` : nothing}`;
  }
}

/** @param {any} scan */
function scanWords(scan) {
  const late = scan.times && scan.times.p99 > scan.period_ms;
  return html`<span class="scan ${late ? 'late' : ''}">${classWord(scan.class)} ${scan.times ? `p50 ${ms(scan.times.p50)} / p99 ${ms(scan.times.p99)} ms` : '–'}</span>`;
}

/** @param {number} value */
const ms = (value) => (value < 10 ? value.toFixed(1) : String(Math.round(value)));
/** @param {number | null} share */
const percent = (share) => (share === null ? '–' : `${share >= 0 ? '+' : ''}${Math.round(share * 100)} %`);
/** @param {string[]} words */
const looks = (words) => (words.length ? words.map((one) => html`<b class="look">${said(one)}</b> `) : html`<span class="none">${t('nothing')}</span>`);

customElements.define('device-page', DevicePage);

async function start() {
  const {shown, link} = await startPage('device-page');
  link.addEventListener('tags', () => shown.requestUpdate());
  await shown.read();
  await shown.readHealth();
  setInterval(() => shown.read(), READ_MS);
}

start();
