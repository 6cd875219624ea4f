/** What stands beside the drawing of a lane: its step, the last command, cameras, measured values, contacts, counters. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {clockTime, countdown} from '../format.js';
import {reading} from '../reading.js';
import {contact, exists, isForced, isGood, all, number, text} from '../tags.js';
import {t} from '../texts.js';
import {modeWord, stateWord} from '../words.js';
import {CONTACTS, COUNTERS, MEASURED, phaseWord, resultWord, verdictWord} from './contacts.js';
import {spark} from './spark.js';

/** @param {number} side */
const sideWord = (side) => [t('none'), t('outside'), t('from inside')][side] ?? String(side);

class LanePanels extends LitElement {
  constructor() {
    super();
    /** @type {any} */
    this.lane = {name: ''};
    /** @type {{name: string, tag: string}[]} */
    this.cameras = [];
    /** @type {Map<string, any>} */
    this.seen = new Map();
    /** @type {Map<string, (number | null)[]>} */
    this.trends = new Map();
    /** @type {() => Date | null} */
    this.now = () => null;
    this.live = false;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    return html`${this.#step()}${this.#command()}${this.#measured()}${this.#contacts()}${this.#counters()}${this.#pictures()}`;
  }

  /** @param {string} point */
  #tag(point) {
    return `${this.lane.name}.${point}`;
  }

  /** @param {string} point @param {(value: any) => unknown} write */
  #shown(point, write) {
    return reading(this.#tag(point), write, this.live ? this.now() : null);
  }

  #step() {
    return html`<section class="card panel step" aria-labelledby="step-title"><h2 id="step-title">${t('Step')}</h2><dl>
      <dt>${t('Lane')}</dt><dd>${this.#shown('lane.state', stateWord)} <small class="in-step">${this.#since('lane.state')}</small></dd>
      <dt>PLC</dt><dd>${this.#shown('passage.phase', phaseWord)} <small>${this.#since('passage.phase')}</small></dd>
      <dt>${t('Mode')}</dt><dd>${this.#shown('mode.now', modeWord)} <small>${this.#since('mode.now')}</small></dd>
      ${exists(this.#tag('passage.side')) ? html`<dt>${t('Came from')}</dt><dd>${this.#shown('passage.side', sideWord)}</dd>` : nothing}
      <dt>${t('Passage')}</dt><dd>${this.#passage()}</dd></dl></section>`;
  }

  /** Say how long a tag has stood so. @param {string} point */
  #since(point) {
    const [tag, now] = [all().get(this.#tag(point)), this.now()];
    if (!tag?.at || !now || !this.live || !isGood(this.#tag(point))) return nothing;
    return t('for {time}', {time: countdown(now.getTime() - Date.parse(tag.at))});
  }

  #passage() {
    const id = text(this.#tag('passage'));
    return id ? html`<a href="/passages/${encodeURIComponent(id)}">${id}</a>` : this.#shown('passage', () => '—');
  }

  #command() {
    const answered = number(this.#tag('ack.seq'));
    return html`<section class="card panel command" aria-labelledby="command-title"><h2 id="command-title">${t('Last command')}</h2><dl>
      <dt>${t('Outcome')}</dt><dd>${this.#shown('gate.verdict', verdictWord)} <small>${this.#at('gate.verdict')}</small></dd>
      <dt>${t('Answer of the PLC')}</dt><dd>${this.#shown('ack.result', resultWord)}${answered === null ? nothing : html` <small>#${answered}</small>`}</dd>
      <dt>${t('Claim')}</dt><dd>${this.#shown('claim.now', (claim) => (claim ? String(claim) : t('none')))}</dd></dl></section>`;
  }

  /** @param {string} point */
  #at(point) {
    const at = all().get(this.#tag(point))?.at;
    return at ? clockTime(new Date(at)) : nothing;
  }

  #measured() {
    const there = MEASURED.filter(({point}) => exists(this.#tag(point)));
    return html`<section class="card panel measured" aria-labelledby="measured-title"><h2 id="measured-title">${t('Measured')} <small>${t('last 24 hours')}</small></h2><table><tbody>
      ${there.map((one) => html`<tr><th scope="row">${one.label()}</th><td class="right value">${this.#shown(one.point, (value) => (value * one.scale).toFixed(one.digits))} <small>${one.unit}</small></td>
        <td>${this.#trend(one)}</td></tr>`)}</tbody></table></section>`;
  }

  /** @param {{point: string, label: () => string, unit: string, digits: number, scale: number}} one */
  #trend({point, label, unit, digits, scale}) {
    const values = this.trends.get(this.#tag(point)) ?? [];
    const known = values.filter((value) => value !== null);
    if (!known.length) return html`<small class="none">${t('no history')}</small>`;
    const [low, high] = [Math.min(...known), Math.max(...known)].map((value) => (value * scale).toFixed(digits));
    return html`<a href="/trends?tag=${encodeURIComponent(this.#tag(point))}">${spark(values, t('{what}: {low} to {high} {unit}', {what: label(), low, high, unit}))}</a>`;
  }

  #contacts() {
    const there = CONTACTS.filter(({point}) => exists(this.#tag(point)));
    return html`<section class="card panel contacts" aria-labelledby="contacts-title"><h2 id="contacts-title">${t('Inputs')}</h2><ul>
      ${there.map(({point, label, normal}) => this.#contact(point, label(), normal))}</ul></section>`;
  }

  /** @param {string} point @param {string} label @param {boolean} [normal] */
  #contact(point, label, normal) {
    const state = contact(this.#tag(point));
    const odd = normal !== undefined && state !== 'unknown' && (state === 'on') !== normal;
    const word = {on: t('on'), off: t('off'), unknown: '?'}[state];
    const forced = isForced(this.#tag(point)) ? html` <b class="mark">${t('forced')}</b>` : nothing;
    return html`<li class="contact ${state} ${odd ? 'odd' : ''}" data-point=${point}><span class="lamp" aria-hidden="true"></span>${label} <b class="reading" data-tag=${this.#tag(point)}
      data-quality=${state === 'unknown' ? 'bad' : 'good'}>${word}</b>${forced}</li>`;
  }

  #counters() {
    const there = COUNTERS.filter(({point}) => exists(this.#tag(point)));
    return html`<section class="card panel counters" aria-labelledby="counters-title"><h2 id="counters-title">${t('Counters of the PLC')}</h2><dl>
      ${there.map(({point, label}) => html`<dt>${label()}</dt><dd class="value">${this.#shown(point, String)}</dd>`)}</dl></section>`;
  }

  #pictures() {
    return html`<section class="card panel pictures" aria-labelledby="pictures-title"><h2 id="pictures-title">${t('Cameras')}</h2>
      ${this.cameras.length ? this.cameras.map((camera) => this.#camera(camera)) : html`<p class="none">${t('No camera stands at this lane')}</p>`}</section>`;
  }

  /** @param {{name: string, tag: string}} camera */
  #camera({name, tag}) {
    const {picture, at} = this.seen.get(name) ?? {};
    const now = this.live ? this.now() : null;
    const about = t('Last picture of {camera}', {camera: name});
    const age = picture && now ? t('picture of {time}, {age} old', {time: clockTime(new Date(at)), age: countdown(now.getTime() - Date.parse(at))}) : t('no picture');
    const shows = picture ? html`<img src="/pictures/${encodeURIComponent(picture)}" alt=${about}>` : html`<div class="picture empty">${t('no picture')}</div>`;
    return html`<figure data-camera=${name}>${shows}<figcaption><b>${name}</b> ${age}<br>
      ${t('last frame')} ${reading(`${tag}.age_s`, (value) => `${value.toFixed(1)} s`, now)}${text(`${tag}.trouble`) ? html` <b class="chip bad">${t('camera trouble')}</b>` : nothing}</figcaption></figure>`;
  }
}

customElements.define('lane-panels', LanePanels);
