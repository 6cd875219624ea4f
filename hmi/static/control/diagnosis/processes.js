/** The site's processes: which run, since when, how often they began again, and what they take of the machine. */

import {html, nothing} from '../../vendor/lit.js';
import {get} from '../desk/desk-get.js';
import {duration} from '../format.js';
import {said, t} from '../texts.js';

const MEGA = 1_048_576;

/**
 * @typedef {object} Process
 * @property {string} name
 * @property {number | null} pid
 * @property {number | null} up_s
 * @property {number | null} restarts
 * @property {string} ended
 * @property {number | null} memory_bytes
 * @property {number | null} cpu_s
 */

/** Asks again and again, and reckons from two answers how much of one core each process takes. */
export class Processes {
  constructor() {
    /** @type {{watched: boolean, processes: Process[]} | null} */
    this.told = null;
    /** @type {Map<string, number>} */
    this.load = new Map();
    /** @type {Map<string, number>} */
    this.before = new Map();
    this.asked_ms = 0;
  }

  async look() {
    const told = await get('/api/v1/processes');
    if (!told) return;
    const now_ms = performance.now();
    const seconds = (now_ms - this.asked_ms) / 1000;
    for (const one of told.processes) {
      const key = `${one.name} ${one.pid}`;
      const before = this.before.get(key);
      if (before !== undefined && one.cpu_s !== null) this.load.set(key, Math.max(0, ((one.cpu_s - before) / seconds) * 100));
      if (one.cpu_s !== null) this.before.set(key, one.cpu_s);
    }
    this.asked_ms = now_ms;
    this.told = told;
  }

  render() {
    if (!this.told) return nothing;
    const {watched, processes} = this.told;
    const heads = [t('Process'), t('PID'), t('Runs for'), t('Restarts'), t('Memory'), t('Processor'), t('Ended last')];
    const others = t('Other processes are watched by the service manager of this machine.');
    return html`<section class="card panel processes" aria-labelledby="processes-title"><h2 id="processes-title">${t('Processes')}</h2><div class="wide" tabindex="0" role="region" aria-labelledby="processes-title"><table>
      <thead><tr>${heads.map((head, n) => html`<th class=${n > 0 && n < 6 ? 'right' : ''}>${head}</th>`)}</tr></thead>
      <tbody>${processes.map((one) => this.#row(one))}</tbody></table></div>${watched ? nothing : html`<p class="small">${others}</p>`}</section>`;
  }

  /** @param {Process} one */
  #row(one) {
    const [kind, camera] = one.name.split(' ');
    const load = this.load.get(`${one.name} ${one.pid}`);
    const gone = t('does not run');
    return html`<tr data-process=${one.name} class=${one.pid === null ? 'odd' : ''}><th scope="row">${nameOf(kind)}${camera ? html` ${camera}` : nothing}</th>
      <td class="right">${one.pid === null ? html`<b class="state">${gone}</b>` : one.pid}</td><td class="right">${one.up_s === null ? '–' : lasted(one.up_s)}</td>
      <td class="right ${one.restarts ? 'doubt' : ''}">${one.restarts ?? '–'}</td><td class="right">${one.memory_bytes === null ? '–' : html`${Math.round(one.memory_bytes / MEGA)} <small>MB</small>`}</td>
      <td class="right">${load === undefined ? '–' : html`${load.toFixed(1)} <small>%</small>`}</td><td>${said(one.ended) || '–'}</td></tr>`;
  }
}

/** @param {string} kind */
function nameOf(kind) {
  const names = {
    daozha: t('Supervisor'), sim: t('Virtual car park'), plant: t('Plant'), control: t('Control room'), public: t('Drivers’ pages'),
    devices: t('Displays and units'), serve: t('Tags for other systems'), camera: t('Camera'),
  };
  return names[/** @type {keyof typeof names} */ (kind)] ?? kind;
}

/** @param {number} seconds */
function lasted(seconds) {
  if (seconds < 60) return t('{count} s', {count: Math.floor(seconds)});
  const minutes = Math.floor(seconds / 60);
  return minutes < 2880 ? duration(minutes) : t('{count} d', {count: Math.floor(minutes / 1440)});
}
