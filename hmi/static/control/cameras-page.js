/**
 * The cameras page: one row a camera with what it measures of itself and how well it reads, and the reads that were
 * rejected with why. Figures come over the socket; pictures and rejected reads are asked for now and then.
 */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {send} from './api.js';
import {clockTime, date} from './format.js';
import {element, startShell} from './shell.js';
import {all, number, text} from './tags.js';
import {language, said, t} from './texts.js';

const AGAIN_MS = 10_000;
const WAIT_MS = 8000;

/** What may be wrong with a camera, by the alarm's code.
 * @type {Record<string, () => string>} */
const TROUBLES = {
  camera_gone: () => t('no fresh picture'),
  camera_blocked: () => t('covered or blocked'),
  camera_moved: () => t('moved'),
  camera_focus: () => t('out of focus or dirty'),
  camera_dark: () => t('too dark'),
  camera_glare: () => t('dazzled'),
  camera_read_rate: () => t('reads too few plates'),
  camera_misreads: () => t('reads too many wrongly'),
  camera_unkept: () => t('pictures are not kept'),
};

/** @typedef {{name: string, lane: string, tag: string}} Camera */

class CameraTable extends LitElement {
  constructor() {
    super();
    this.mayRepair = false;
    /** @type {Map<string, string>} */
    this.said = new Map();
    /** @type {Camera[]} */
    this.cameras = [];
    /** @type {any[]} */
    this.lanes = [];
    /** @type {Map<string, any>} */
    this.seen = new Map();
  }

  createRenderRoot() {
    return this;
  }

  render() {
    return html`<section class="card camera-list" aria-label=${t('Cameras')}><table>
      <thead><tr><th>${t('Camera')}</th><th>${t('State')}</th><th>${t('Plates read')}</th><th>${t('Confidence')}</th><th>${t('Corrected')}</th>
        <th>${t('Focus')}</th><th>${t('Light')}</th><th>${t('View')}</th><th>${t('Frames')}</th><th>${t('Without a plate in the last hour')}</th>
        <th>${t('Last picture')}</th></tr></thead>
      <tbody>${this.cameras.map((camera) => this.#row(camera))}</tbody></table></section>`;
  }

  /** @param {Camera} camera */
  #row(camera) {
    const {tag, lane} = camera;
    const passages = t('of {count}', {count: number(`${tag}.passages`) ?? 0});
    const [plates, loops] = ['plates_hour', 'loops_hour'].map((point) => number(`${lane}.camera.${point}`) ?? '?');
    const reader = text(`${tag}.reader`).split(':')[0];
    const read = t('{plates} of {loops} read', {plates, loops});
    const state = all().get(`${tag}.trouble`)?.at ? (text(`${tag}.trouble`) ? 'trouble' : 'ok') : 'unknown';
    return html`<tr data-camera=${camera.name} data-state=${state}>
      <th scope="row"><span translate="no" title=${readerWords(text(`${tag}.reader`))}>${camera.name}</span><br><small>${laneTitle(this.lanes, lane)}${reader ? html`, ${t('back end {reader}', {reader})}` : nothing}</small></th>
      <td><span class="state">${stateWords(state, text(`${tag}.trouble`))}</span>${this.#relearning(camera)}</td>
      <td><b>${percent(`${tag}.read_rate`)}</b><br><small>${passages}</small></td>
      <td><b>${figure(`${tag}.confidence_p50`)}</b><br><small>p10 ${figure(`${tag}.confidence_p10`)}, ${t('too faint')} ${percent(`${tag}.under_gate`)}</small></td>
      <td><b>${percent(`${tag}.corrected`)}</b></td>
      <td><b>${percent(`${tag}.focus`)}</b></td>
      <td><b>${figure(`${tag}.brightness`, 0)}</b><br><small>${t('black')} ${percent(`${tag}.dark`)}, ${t('white')} ${percent(`${tag}.glare`)}</small></td>
      <td><b>${percent(`${tag}.view`)}</b><br><small>${t('moved by')} ${percent(`${tag}.shift`, 1)}</small></td>
      <td><b>${figure(`${tag}.fps`, 1)}/s</b><br><small>${figure(`${tag}.age_s`, 1)} s, <span class="whole">${t('opened anew')} ${figure(`${tag}.reopens`, 0)}</span></small></td>
      <td><b>${percent(`${lane}.camera.unread_hour`)}</b><br><small>${read}</small></td>
      <td>${this.#picture(camera.name)}</td></tr>`;
  }

  /** Where the view has moved, a person may say that it is right so. @param {Camera} camera */
  #relearning({name, tag}) {
    const told = this.said.get(name);
    const moved = text(`${tag}.trouble`).includes('camera_moved');
    const button = html`<button type="button" data-relearn=${name} @click=${() => this.#relearn(name)}>${t('This view is right')}</button>`;
    return html`${moved && this.mayRepair ? html`<br>${button}` : nothing}${told ? html`<br><small role="status">${told}</small>` : nothing}`;
  }

  /** @param {string} name */
  async #relearn(name) {
    const {outcome, why} = await send(`/api/v1/cameras/${encodeURIComponent(name)}/relearn`);
    const words = {done: t('learnt anew from now on'), refused: said(why), unknown: t('Nobody knows whether it was done')};
    this.said.set(name, words[outcome]);
    this.requestUpdate();
  }

  /** @param {string} name */
  #picture(name) {
    const {picture, at} = this.seen.get(name) ?? {};
    if (!picture) return html`<span class="none">${t('no picture')}</span>`;
    const when = new Date(at);
    const about = t('{camera} at {time}', {camera: name, time: clockTime(when)});
    return html`<img src="/pictures/${encodeURIComponent(picture)}" alt=${about} title="${date(when)} ${clockTime(when)}">`;
  }
}

class RejectedList extends LitElement {
  static properties = {rows: {state: true}};

  constructor() {
    super();
    /** @type {any[]} */
    this.rows = [];
  }

  createRenderRoot() {
    return this;
  }

  render() {
    return html`<section class="card rejected" aria-label=${t('Rejected reads')}><h2>${t('Rejected reads')}</h2>
      ${this.rows.length ? html`<table><thead><tr><th>${t('Time')}</th><th>${t('Camera')}</th><th>${t('Why')}</th><th>${t('Best guess')}</th>
        <th>${t('Confidence')}</th><th>${t('Frames')}</th><th>${t('Picture')}</th></tr></thead>
        <tbody>${this.rows.map((row) => this.#row(row))}</tbody></table>` : html`<p class="none">${t('None')}</p>`}</section>`;
  }

  /** @param {any} row */
  #row(row) {
    const at = new Date(row.at);
    return html`<tr data-passage=${row.passage}><td>${date(at)} <b>${clockTime(at)}</b></td><td>${row.camera}</td><td>${said(row.why)}</td>
      <td>${row.plate ?? '–'}</td><td>${row.confidence === null ? '–' : row.confidence.toFixed(2)}</td><td>${row.frames}</td>
      <td>${row.picture ? html`<img src="/pictures/${encodeURIComponent(row.picture)}" alt=${said(row.why)} loading="lazy">` : html`<span class="none">${t('no picture')}</span>`}</td></tr>`;
  }
}

/**
 * @param {string} state
 * @param {string} standing
 */
function stateWords(state, standing) {
  if (state === 'unknown') return t('nothing known yet');
  if (state === 'ok') return t('in order');
  return standing.split(', ').map((code) => (TROUBLES[code] ?? (() => code))()).join(', ');
}

/** Which back end reads, with which files, and why no better one. @param {string} line */
const readerWords = (line) => line.split('; ').map((part) => part.split(', ').map(said).join(', ')).join('; ');

/**
 * @param {any[]} lanes
 * @param {string} name
 */
function laneTitle(lanes, name) {
  const lane = lanes.find((one) => one.name === name);
  return (language() === 'zh' ? lane?.title : lane?.title_en) ?? name;
}

/** A figure, marked where it is only what was known last. @param {string} name @param {number} [digits] */
function figure(name, digits = 2) {
  return shown(name, (value) => value.toFixed(digits));
}

/** @param {string} name @param {number} [digits] */
function percent(name, digits = 0) {
  return shown(name, (value) => `${(value * 100).toFixed(digits)}\u00a0%`);
}

/** @param {string} name @param {(value: number) => string} write */
function shown(name, write) {
  const tag = all().get(name);
  if (typeof tag?.value !== 'number') return html`<span class="none">–</span>`;
  return tag.status === 0 ? write(tag.value) : html`<span class="doubtful" title=${t('as it was last known')}>(${write(tag.value)})</span>`;
}

async function asked() {
  try {
    const answer = await fetch('/api/v1/cameras', {signal: AbortSignal.timeout(WAIT_MS)});
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    return null;
  }
}

async function start() {
  const {page, link} = await startShell();
  const [table, rejected] = ['table', 'rejected'].map(element);
  table.cameras = page.cameras;
  table.lanes = page.lanes;
  table.mayRepair = page.mayRepair;
  const look = async () => {
    const told = await asked();
    if (told === null) return;
    table.seen = new Map(told.cameras.map((/** @type {any} */ camera) => [camera.name, camera]));
    rejected.rows = told.rejected;
    table.requestUpdate();
  };
  link.addEventListener('tags', () => table.requestUpdate());
  link.addEventListener('link', () => table.requestUpdate());
  setInterval(look, AGAIN_MS);
  table.requestUpdate();
  await look();
}

customElements.define('camera-table', CameraTable);
customElements.define('rejected-list', RejectedList);
start();
