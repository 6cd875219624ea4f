/** Diagnosis: every link, instrument, input, output and queue of the plant, and what happened last; for technicians. */

import {LitElement, html, nothing, svg} from '../../vendor/lit.js';
import {list} from '../api.js';
import {clockTime} from '../format.js';
import {reading} from '../reading.js';
import {element, startShell} from '../shell.js';
import {linkWord, written} from '../tag-words.js';
import {all, exists, number, text} from '../tags.js';
import {language, said, t} from '../texts.js';
import {happened} from '../happened.js';
import {Processes} from './processes.js';
import {boomHealth, cameraHealth, loopHealth} from './ne107.js';

const EVENTS_MS = 5000;
const TICK_MS = 1000;
const MOST_EVENTS = 100;
const LOOPS = ['approach', 'safety', 'closing'];

/** Figures of a link, and whether anything but none of them is abnormal.
 * @type {{point: string, label: () => string, odd?: boolean, unit?: string, left?: boolean}[]} */
const FIGURES = [
  {point: 'address', label: () => t('Address'), left: true},
  {point: 'scan_ms', label: () => t('Scan'), unit: 'ms'},
  {point: 'round_trip_ms', label: () => t('Round trip'), unit: 'ms'},
  {point: 'late_scans', label: () => t('Overruns'), odd: true},
  {point: 'errors', label: () => t('Errors'), odd: true},
  {point: 'refusals', label: () => t('Exceptions'), odd: true},
  {point: 'holes', label: () => t('Holes'), odd: true},
  {point: 'connects', label: () => t('Connections')},
  {point: 'waiting', label: () => t('Writes waiting')},
  {point: 'why', label: () => t('Last trouble'), left: true},
];

class PlantDiagnosis extends LitElement {
  static properties = {lane: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.page = null;
    this.lane = '';
    this.live = false;
    /** @type {any[] | null} */
    this.events = null;
    this.processes = new Processes();
    /** @type {() => Date | null} */
    this.now = () => null;
  }

  createRenderRoot() {
    return this;
  }

  /** Read what happened last; an answer that does not come leaves what is there. */
  async look() {
    const [events] = await Promise.all([list(`/api/v1/journal?limit=${MOST_EVENTS}`), this.processes.look()]);
    this.events = events ?? this.events;
    this.requestUpdate();
  }

  get #clock() {
    return this.live ? this.now() : null;
  }

  render() {
    if (!this.page) return nothing;
    return html`${this.#links()}${this.processes.render()}${this.#instruments()}${this.#queues()}${this.#points()}${this.#happened()}`;
  }

  #links() {
    const devices = [...all().keys()].map((name) => /^dev\.([^.]+)\.state$/.exec(name)?.[1]).filter((name) => name !== undefined).sort();
    return html`<section class="card panel links" aria-labelledby="links-title"><h2 id="links-title">${t('Links')}</h2><div class="wide" tabindex="0"><table>
      <thead><tr><th>${t('Device')}</th><th>${t('State')}</th>${FIGURES.map(({label, left}) => html`<th class=${left ? '' : 'right'}>${label()}</th>`)}</tr></thead>
      <tbody>${devices.map((device) => this.#link(String(device)))}</tbody></table></div></section>`;
  }

  /** @param {string} device */
  #link(device) {
    const state = text(`dev.${device}.state`);
    const well = state === 'up' || state === 'simulated';
    return html`<tr data-device=${device} class=${well ? '' : 'odd'}><th scope="row">${device}</th><td><b class="state">${reading(`dev.${device}.state`, linkWord, this.#clock)}</b></td>
      ${FIGURES.map(({point, odd, unit, left}) => html`<td class="${left ? '' : 'right'} ${odd && number(`dev.${device}.${point}`) ? 'doubt' : ''}">${exists(`dev.${device}.${point}`) ? reading(`dev.${device}.${point}`, written, this.#clock) : '—'}${unit ? html` <small>${unit}</small>` : nothing}</td>`)}</tr>`;
  }

  #instruments() {
    const rows = this.page.lanes.flatMap((/** @type {any} */ lane) => [
      ...LOOPS.filter((loop) => exists(`${lane.name}.loop.${loop}`)).map((loop) => ({name: `${lane.name}.loop.${loop}`, health: loopHealth(lane.name, loop)})),
      {name: `${lane.name}.gate`, health: boomHealth(lane.name)},
    ]);
    const cameras = this.page.cameras.map((/** @type {any} */ camera) => ({name: camera.name, health: cameraHealth(camera.tag)}));
    return html`<section class="card panel instruments" aria-labelledby="instruments-title"><h2 id="instruments-title">${t('Instruments')} <small>NE 107</small></h2><ul>
      ${[...rows, ...cameras].map(({name, health}) => html`<li data-instrument=${name} data-mark=${health.mark}>${this.#mark(health.mark)} <b>${name}</b> <span>${health.why || t('in order')}</span></li>`)}</ul></section>`;
  }

  /** @param {import('./ne107.js').Mark} mark */
  #mark(mark) {
    const shape = {F: 'M 1 11 a 10 10 0 1 0 20 0 a 10 10 0 1 0 -20 0', C: 'M 11 1 L 21 20 H 1 Z', S: 'M 11 1 L 21 20 H 1 Z', M: 'M 1 1 h 20 v 20 h -20 Z', '': 'M 5 11 h 12'}[mark];
    const word = {F: t('failure'), C: t('function check'), S: t('out of specification'), M: t('maintenance required'), '': t('in order')}[mark];
    return html`<svg class="ne ne-${mark || 'good'}" viewBox="0 0 22 22" width="22" height="22" role="img" aria-label=${word}>${svg`<path d=${shape}></path><text x="11" y="17" text-anchor="middle">${mark}</text>`}</svg>`;
  }

  #queues() {
    const names = [...all().keys()].filter((name) => name.includes('.box.') || name.startsWith('site.box_') || name === 'site.plant_lag_ms' || name.startsWith('site.history_')).sort();
    return html`<section class="card panel queues" aria-labelledby="queues-title"><h2 id="queues-title">${t('Queues and the plant')}</h2><dl tabindex="0" translate="no">
      ${names.map((name) => html`<dt>${name}</dt><dd class="value">${reading(name, written, this.#clock)}</dd>`)}</dl></section>`;
  }

  #points() {
    const names = [...all().keys()].filter((name) => name.startsWith(`${this.lane}.`)).sort();
    const title = (/** @type {any} */ lane) => (language() === 'zh' ? lane.title : lane.title_en);
    return html`<section class="card panel points" aria-labelledby="points-title"><h2 id="points-title">${t('Inputs and outputs')}</h2>
      <div role="group" aria-label=${t('Lanes')}>${this.page.lanes.map((/** @type {any} */ lane) => html`<button type="button" aria-pressed=${lane.name === this.lane} @click=${() => (this.lane = lane.name)}>${title(lane)}</button>`)}</div>
      <dl tabindex="0" translate="no">${names.map((name) => html`<dt>${name}</dt><dd>${reading(name, written, this.#clock)}</dd>`)}</dl></section>`;
  }

  #happened() {
    return html`<section class="card panel happened" aria-labelledby="happened-title"><h2 id="happened-title">${t('Sequence of events')}</h2><ol tabindex="0">
      ${this.events?.map((row) => html`<li data-kind=${row.kind}><time datetime=${row.at}>${clockTime(new Date(row.at))}.${String(row.at).slice(20, 23)}</time> ${row.lane ?? ''} <b>${happened(row)}</b>
        <span>${said(row.actor)}</span>${row.passage ? html` <a href="/passages/${encodeURIComponent(row.passage)}">${row.passage}</a>` : nothing}</li>`)}</ol></section>`;
  }
}

customElements.define('plant-diagnosis', PlantDiagnosis);

async function start() {
  const {page, link} = await startShell();
  const diagnosis = element('diagnosis');
  Object.assign(diagnosis, {page, lane: page.lanes[0].name, now: () => link.now()});
  const draw = () => {
    diagnosis.live = link.state.live;
    diagnosis.requestUpdate();
  };
  link.addEventListener('link', draw);
  // a technician reads: once a second is enough for so much
  setInterval(draw, TICK_MS);
  setInterval(() => diagnosis.look(), EVENTS_MS);
  draw();
  await diagnosis.look();
}

start();
