/** The wizard of a lane: drive a car through, see the order and the times of its contacts, and which waits would fit. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {send} from '../api.js';
import {contact} from '../tags.js';
import {said, t} from '../texts.js';
import {outcomeWords, pastBoard, startPage} from './parts.js';

/** The contacts that a drive moves, by the end of their tags.
 * @type {Record<string, () => string>} */
const CONTACTS = {
  'loop.approach': () => t('Approach loop'),
  'loop.safety': () => t('Safety loop'),
  beam: () => t('Beam'),
  'gate.up': () => t('Upper limit'),
  'gate.down': () => t('Lower limit'),
};
/** @param {string} point */
const contactWord = (point) => (CONTACTS[point] ?? (() => point))();
const BEFORE_S = 1;
/** What is told last is in the history a moment later. */
const SETTLE_MS = 1500;
const LONGEST_S = 540;

/** @type {[string, () => string][]} */
const TIMES = [
  ['transit_s', () => t('From the approach loop to the safety loop')],
  ['gap_s', () => t('Between the loops (below zero: on both)')],
  ['open_s', () => t('Boom rises')],
  ['close_s', () => t('Boom falls')],
  ['pass_s', () => t('Drive under the open boom')],
  ['under_s', () => t('On the safety loop')],
];

/** @param {number} count */
const drivesWord = (count) => t('Drives: {count}', {count});
/** @param {number} number */
const driveWord = (number) => t('Drive {number}', {number});

class WizardPage extends LitElement {
  static properties = {since: {state: true}, drives: {state: true}, told: {state: true}, outcome: {state: true}, busy: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.page = {lanes: []};
    /** @type {any} */
    this.link = null;
    /** @type {any} */
    this.times = null;
    /** @type {number | null} */
    this.since = null;
    /** @type {{since: string, until: string}[]} */
    this.drives = [];
    /** @type {any} */
    this.told = null;
    this.outcome = '';
    this.busy = false;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const {lane, lanes} = this.page;
    return html`<nav class="row" aria-label=${t('Lanes')}>${lanes.map((/** @type {any} */ one) => html`<a class="button" href=${`/wizard/${one.name}`} aria-current=${one.name === lane ? 'page' : nothing}>${document.documentElement.lang.startsWith('zh') ? one.title : one.title_en}</a>`)}</nav>
      <section class="card block"><ol class="steps"><li>${t('Nobody else is in the lane. Press Start, and drive the car through at the usual speed.')}</li><li>${t('When the boom is down again press Done. Three drives or more tell more than one.')}</li></ol>
      <p class="contacts">${Object.keys(CONTACTS).map((point) => html`<span class="chip" data-contact=${point} data-on=${contact(`${lane}.${point}`)} title=${`${lane}.${point}`}>${contactWord(point)} ${{on: '●', off: '○', unknown: '?'}[contact(`${lane}.${point}`)]}</span> `)}</p>
      <div class="row"><button type="button" class="primary" data-do="start" ?disabled=${this.since !== null || this.busy} @click=${() => this.#start()}>${t('Start')}</button>
        <button type="button" data-do="done" ?disabled=${this.since === null} @click=${() => this.#done()}>${t('Done')}</button>
        <button type="button" data-do="again" ?disabled=${!this.drives.length} @click=${() => this.#again()}>${t('Begin anew')}</button>
        <span class="none">${drivesWord(this.drives.length)}</span></div>
      <p role="status">${this.busy ? t('Asking the history') : this.since !== null ? t('Drive now') : this.outcome}</p></section>
      ${this.told ? html`${this.told.drives.map((/** @type {any} */ drive, /** @type {number} */ n) => this.#drive(drive, n))}${this.#proposals()}` : nothing}<div id="curves"></div>`;
  }

  #start() {
    const now = this.link.now();
    if (now) this.since = now.getTime() / 1000 - BEFORE_S;
  }

  async #done() {
    const until = this.link.now()?.getTime() / 1000;
    const since = Math.max(this.since ?? until - 1, until - LONGEST_S);
    this.since = null;
    this.busy = true;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    this.drives = [...this.drives, {since: stamp(since), until: stamp(until)}];
    const answer = await send(`/api/v1/lanes/${this.page.lane}/learn`, {drives: this.drives});
    this.busy = false;
    this.outcome = answer.outcome === 'done' ? '' : outcomeWords(answer);
    if (answer.outcome === 'done') this.told = answer.value;
    this.#draw(since, until);
  }

  #again() {
    this.drives = [];
    this.told = null;
    this.querySelector('#curves')?.replaceChildren();
  }

  /** @param {number} from @param {number} to */
  #draw(from, to) {
    const edges = this.told?.drives.at(-1)?.edges ?? [];
    /** @type {Record<string, any[]>} */
    const points = {};
    for (const {at_s, contact: point, on} of edges) (points[`${this.page.lane}.${point}`] ??= [{x: from, value: !on, status: 0}]).push({x: at_s, value: on, status: 0});
    const {board} = pastBoard(points, {from, to, times: this.times, zone: this.page.site.zone});
    this.querySelector('#curves')?.replaceChildren(board);
  }

  /** @param {any} drive @param {number} n */
  #drive(drive, n) {
    const first = drive.edges[0]?.at_s ?? 0;
    return html`<section class="card block" data-drive=${n + 1}><h3>${driveWord(n + 1)}</h3>
      <p class="order">${drive.edges.map((/** @type {any} */ edge) => html`<span class="chip">+${(edge.at_s - first).toFixed(2)} s ${contactWord(edge.contact)} ${edge.on ? '●' : '○'}</span> `)}</p>
      <dl class="pairs">${TIMES.map(([key, word]) => html`<dt>${word()}</dt><dd data-time=${key}>${drive[key] === null ? '–' : `${drive[key].toFixed(2)} s`}</dd>`)}
        ${Object.entries(drive.on_s).map(([point, s]) => html`<dt>${point}</dt><dd>${Number(s).toFixed(2)} s</dd>`)}</dl>
      ${drive.doubts.map((/** @type {string} */ doubt) => html`<p><b class="look">${said(doubt)}</b></p>`)}</section>`;
  }

  #proposals() {
    const {proposals} = this.told;
    if (!proposals.length) return html`<section class="card block"><p class="none">${t('The drives speak for no other wait')}</p></section>`;
    return html`<section class="card block" id="proposals"><h3>${t('Waits that would fit')}</h3><table><thead><tr><th>${t('Wait')}</th><th class="right">${t('Seen, s')}</th><th class="right">${t('Set, s')}</th><th class="right">${t('Proposed, s')}</th><th>${t('Why')}</th></tr></thead>
      <tbody>${proposals.map((/** @type {any} */ one) => html`<tr data-wait=${one.key}><th scope="row">${one.key}</th><td class="right">${one.seen_s.toFixed(2)}</td><td class="right">${one.configured_s}</td><td class="right">${one.differs ? html`<b class="look">${one.proposed_s}</b>` : one.proposed_s}</td><td>${said(one.reason)}</td></tr>`)}</tbody></table>
      <p class="small">${t('Nothing is changed here. Whoever agrees writes the lines into config.toml.')}</p>
      <div class="row no-print"><button type="button" data-do="file" @click=${() => this.#file()}>${t('Proposal as a file')}</button><button type="button" @click=${() => window.print()}>${t('Print')}</button></div></section>`;
  }

  #file() {
    const {lane} = this.page;
    const lines = this.told.proposals.map((/** @type {any} */ one) => `${one.key} = ${one.proposed_s.toFixed(1)}  # ${one.configured_s} now; seen ${one.seen_s}: ${one.reason}`);
    const text = [`# Waits proposed for lane ${lane} after ${this.drives.length} drives, ${new Date().toISOString()}.`, '# They belong to this lane in config.toml; nothing has been changed.', '[lanes.timing]', ...lines, ''].join('\n');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type: 'text/plain'}));
    link.download = `timing-${lane}.toml`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

/** @param {number} x */
const stamp = (x) => new Date(x * 1000).toISOString();

customElements.define('wizard-page', WizardPage);

async function start() {
  const {shown, link} = await startPage('wizard-page');
  link.addEventListener('tags', () => shown.requestUpdate());
}

start();
