/**
 * A passage, replayed: the drawing of the lane stands as it did at the moment that the person has chosen, beside the
 * picture of then; the signals and all that happened lie below on one time line.
 */

import {LitElement, html, nothing, svg} from '../../vendor/lit.js';
import {clockTime, date} from '../format.js';
import {mimic} from '../lane-mimic.js';
import {element, startShell} from '../shell.js';
import {takeChanges} from '../tags.js';
import {language, said, t} from '../texts.js';
import {messageWord, modeWord, stateWord} from '../words.js';
import {held, lastOf, nextMoment, pieces} from './line.js';
import {entryWords, kindWord} from './words.js';

/** The lane of the drawing: its tags are those of then, whatever the live ones are. */
const LANE = 'replay';
const NOT_CONNECTED = 0x808a0000;
const STEP_MS = 100;
const FRAME_MS = 50;
const WAIT_MS = 15_000;
const WIDTH = 1000;
const ROW = 22;

/** @type {{point: string, label: () => string}[]} */
const ROWS = [
  {point: 'loop.approach', label: () => t('Approach loop')},
  {point: 'loop.safety', label: () => t('Safety loop')},
  {point: 'loop.closing', label: () => t('Closing loop')},
  {point: 'beam', label: () => t('Beam')},
  {point: 'gate.up', label: () => t('Upper limit')},
  {point: 'gate.down', label: () => t('Lower limit')},
  {point: 'light.red', label: () => t('Red light')},
  {point: 'light.green', label: () => t('Green light')},
  {point: 'hand.button', label: () => t('Push-button')},
  {point: 'fire.contact', label: () => t('Fire panel')},
];

class PassageReplay extends LitElement {
  static properties = {told: {state: true}, why: {state: true}, ms: {state: true}, plays: {state: true}, speed: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.page = null;
    /** @type {any} */
    this.told = null;
    this.why = '';
    this.purpose = '';
    this.ms = 0;
    this.plays = false;
    this.speed = 1;
    this.frame_ms = 0;
  }

  createRenderRoot() {
    return this;
  }

  /** Ask for the recording, saying what for where that was said. */
  async ask() {
    const query = this.purpose ? `?${new URLSearchParams({purpose: this.purpose})}` : '';
    try {
      const answer = await fetch(`/api/v1/passages/${encodeURIComponent(this.page.passage)}/replay${query}`, {signal: AbortSignal.timeout(WAIT_MS)});
      const told = await answer.json();
      this.why = answer.ok ? '' : String(told.why ?? answer.status);
      if (answer.ok) this.told = told;
      if (answer.ok) this.ms = Math.max(this.ms, 0);
    } catch (error) {
      this.why = 'no answer from the server';
    }
    this.feed();
  }

  /** Let the drawing's own tags be those of the chosen moment; a new snapshot of the live ones takes them away. */
  feed() {
    if (!this.told) return;
    const at = this.#at(this.ms).toISOString();
    const changes = Object.entries(this.told.tracks).map(([point, track]) => {
      const value = held(/** @type {any} */ (track), this.ms);
      return [`${LANE}.${point}`, value ?? null, value === null || value === undefined ? NOT_CONNECTED : 0, at];
    });
    takeChanges(/** @type {any} */ (changes));
    this.requestUpdate();
  }

  /** @param {number} ms */
  #at(ms) {
    return new Date(Date.parse(this.told.began_at) + ms);
  }

  /** @param {number} ms */
  go(ms) {
    this.ms = Math.min(Math.max(Math.round(ms), this.told.since_ms), this.told.until_ms);
    this.feed();
  }

  /** Go on playing; stands still at the end. */
  frame() {
    const now_ms = performance.now();
    if (this.plays && this.told) {
      this.go(this.ms + (now_ms - this.frame_ms) * this.speed);
      if (this.ms >= this.told.until_ms) this.plays = false;
    }
    this.frame_ms = now_ms;
  }

  render() {
    if (!this.told) return html`<p class="card panel" role="status">${this.why ? said(this.why) : t('Asking for the recording')}</p>`;
    return html`${this.#head()}<section class="card then" aria-label=${t('The lane at that moment')}>${mimic({name: LANE, direction: this.told.direction})}${this.#words()}</section>
      ${this.#picture()}${this.#controls()}${this.#tracks()}${this.#entries()}`;
  }

  #head() {
    const {began_at, boxes, covered, passage, lane} = this.told;
    const known = this.page.lanes.find((/** @type {any} */ one) => one.name === lane);
    const title = (language() === 'zh' ? known?.title : known?.title_en) ?? lane;
    const source = boxes ? t('signals by the black box') : t('signals by the journal');
    return html`<header class="card panel head"><h2>${t('Replay of a passage')}</h2><b><a href="/lanes/${lane}">${title}</a></b> <span>${date(new Date(began_at))} ${clockTime(new Date(began_at))}</span>
      <span class="none">${passage}</span> <span class="chip">${source}</span> <b class="chip attention">${t('Not live')}</b>
      ${covered ? this.#purpose() : nothing}</header>`;
  }

  #purpose() {
    return html`<form class="purpose" @submit=${this.#say}><label>${t('Plates are covered. To see them, say what for')} <input name="purpose" maxlength="200" required autocomplete="off"></label>
      <button>${t('Show plates')}</button></form>`;
  }

  /** @param {SubmitEvent} event */
  #say(event) {
    event.preventDefault();
    this.purpose = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('purpose')).trim();
    if (this.purpose) this.ask();
  }

  #words() {
    const {entries, tracks} = this.told;
    const [state, shown] = ['state', 'display'].map((kind) => lastOf(entries, this.ms, kind));
    const mode = held(tracks['mode.now'] ?? [], this.ms);
    return html`<dl class="now"><dt>${t('Lane')}</dt><dd data-now="state">${state ? stateWord(state.state) : t('unknown')}</dd>
      <dt>${t('Display')}</dt><dd data-now="display">${shown ? html`<span class="display">${messageWord(shown.message)}</span>` : '—'}</dd>
      <dt>${t('Mode')}</dt><dd>${typeof mode === 'number' ? modeWord(mode) : html`<span class="withheld">?</span>`}</dd></dl>`;
  }

  #picture() {
    const seen = this.told.entries.filter((/** @type {any} */ entry) => entry.picture && entry.ms <= this.ms).pop();
    if (!seen) return html`<figure class="card seen"><div class="picture empty">${t('no picture yet')}</div></figure>`;
    const query = this.purpose ? `?${new URLSearchParams({purpose: this.purpose})}` : '';
    const when = clockTime(this.#at(seen.ms));
    return html`<figure class="card seen"><img src="/pictures/${encodeURIComponent(seen.picture)}${query}" alt=${t('Picture of {time}', {time: when})}>
      <figcaption>${when} · ${this.#seconds(this.ms - seen.ms)} ${t('earlier')}</figcaption></figure>`;
  }

  /** @param {number} ms */
  #seconds(ms) {
    return `${(ms / 1000).toFixed(1)} s`;
  }

  #controls() {
    const {since_ms, until_ms, entries} = this.told;
    const jump = (/** @type {1 | -1} */ way) => () => this.go(nextMoment(entries, this.ms, way));
    return html`<section class="card controls" aria-label=${t('Time')}>
      <button type="button" data-go="back" @click=${jump(-1)} title="[">« ${t('Previous')}</button>
      <button type="button" class="primary" data-go="play" aria-pressed=${this.plays} @click=${() => this.#play()} title=${t('space')}>${this.plays ? t('Pause') : t('Play')}</button>
      <button type="button" data-go="next" @click=${jump(1)} title="]">${t('Next')} »</button>
      <label>${t('Speed')} <select @change=${(/** @type {any} */ event) => (this.speed = Number(event.target.value))}>${[0.25, 1, 4, 16].map((speed) => html`<option value=${speed} ?selected=${speed === this.speed}>×${speed}</option>`)}</select></label>
      <input type="range" name="at" aria-label=${t('Time in the passage')} aria-valuetext="${this.#seconds(this.ms)}" min=${since_ms} max=${until_ms} step=${STEP_MS} .value=${String(this.ms)}
        @input=${(/** @type {any} */ event) => this.go(Number(event.target.value))}>
      <output data-now="time">${clockTime(this.#at(this.ms))}<small> ${this.ms < 0 ? '−' : '+'}${this.#seconds(Math.abs(this.ms))}</small></output></section>`;
  }

  #play() {
    if (!this.plays && this.ms > this.told.until_ms - STEP_MS) this.go(this.told.since_ms);
    this.plays = !this.plays;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const inField = event.target instanceof Element && event.target.closest('input:not([type=range]), select, button, a, summary');
    if (!this.told || inField || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === '[') this.go(nextMoment(this.told.entries, this.ms, -1));
    else if (event.key === ']') this.go(nextMoment(this.told.entries, this.ms, 1));
    else if (event.key === ' ') this.#play();
    else return;
    event.preventDefault();
  }

  /** @param {number} ms */
  #x(ms) {
    const {since_ms, until_ms} = this.told;
    return ((ms - since_ms) * WIDTH) / Math.max(until_ms - since_ms, 1);
  }

  #tracks() {
    const {tracks, entries, until_ms} = this.told;
    const there = ROWS.filter(({point}) => tracks[point]);
    const height = (there.length + 1) * ROW;
    return html`<section class="card tracks" aria-labelledby="tracks-title"><h2 id="tracks-title">${t('Signals')}</h2><div class="lines">
      <ul>${there.map(({point, label}) => html`<li>${label()} <b>${this.#word(held(tracks[point], this.ms))}</b></li>`)}<li>${t('Events')}</li></ul>
      <svg viewBox="0 0 ${WIDTH} ${height}" height=${height} preserveAspectRatio="none" role="img" aria-label=${t('Signals over time')} @click=${this.#clicked}>
        ${there.map(({point}, n) => svg`<line class="base" x1="0" x2=${WIDTH} y1=${n * ROW + ROW - 3} y2=${n * ROW + ROW - 3}></line>
          ${pieces(tracks[point], until_ms).map(({from, to, kind}) => svg`<rect class=${kind} x=${this.#x(from)} y=${n * ROW + 4} width=${Math.max(this.#x(to) - this.#x(from), 1)} height=${ROW - 7}></rect>`)}`)}
        ${entries.map((/** @type {any} */ entry) => svg`<line class="event" x1=${this.#x(entry.ms)} x2=${this.#x(entry.ms)} y1=${height - ROW + 3} y2=${height - 2}></line>`)}
        <line class="cursor" x1=${this.#x(this.ms)} x2=${this.#x(this.ms)} y1="0" y2=${height}></line></svg></div></section>`;
  }

  /** @param {unknown} value */
  #word(value) {
    return value === null || value === undefined ? '?' : value ? t('on') : t('off');
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    const {since_ms, until_ms} = this.told;
    this.go(since_ms + ((event.clientX - box.left) / box.width) * (until_ms - since_ms));
  }

  #entries() {
    return html`<section class="card entries" aria-labelledby="entries-title"><h2 id="entries-title">${t('What happened')}</h2><ol tabindex="0">
      ${this.told.entries.map((/** @type {any} */ entry) => html`<li class=${entry.ms > this.ms ? 'to-come' : ''} data-kind=${entry.kind}><button type="button" @click=${() => this.go(entry.ms)}>
        <time>${entry.ms < 0 ? '−' : '+'}${this.#seconds(Math.abs(entry.ms))}</time> <b>${kindWord(entry.kind)}</b> <span>${entryWords(entry)}</span></button></li>`)}</ol></section>`;
  }
}

customElements.define('passage-replay', PassageReplay);

async function start() {
  const {page, link} = await startShell();
  const replay = element('replay');
  replay.page = page;
  link.addEventListener('tags', () => replay.feed());
  document.addEventListener('keydown', (event) => replay.key(event));
  setInterval(() => replay.frame(), FRAME_MS);
  await replay.ask();
}

start();
