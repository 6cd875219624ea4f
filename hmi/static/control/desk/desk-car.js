/**
 * The chosen car: entry and exit pictures side by side with what the lane's camera sees now, every read, the likeliest
 * stays, the fee explained and what was paid. The live picture says how old it is; an old one is never shown as live.
 */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {clockTime, dayAndTime, duration, yuan} from '../format.js';
import {plateClass} from '../lane-card.js';
import {language, said, t} from '../texts.js';
import {stateWord} from '../words.js';
import {get} from './desk-get.js';
import {timeline} from './desk-money.js';

const LIVE_MS = 1000;
const OLD_S = 3;

export class DeskCar extends LitElement {
  static properties = {told: {attribute: false}, chosen: {attribute: false}, live: {type: Boolean}, page: {attribute: false}, fee: {state: true}, money: {state: true}, shot: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.told = null;
    /** @type {any} */
    this.chosen = null;
    this.live = false;
    /** @type {any} */
    this.page = {lanes: []};
    /** @type {any} */
    this.fee = null;
    /** @type {any} */
    this.money = null;
    /** @type {{lane: string, n: number, at: number, isLoading: boolean, asked: number}} */
    this.shot = {lane: '', n: 0, at: 0, isLoading: false, asked: 0};
    /** @type {() => Date | null} */
    this.now = () => null;
    this.stay = '';
  }

  createRenderRoot() {
    return this;
  }

  /** About once a second the lane is looked at again, as long as it is chosen. */
  tick() {
    const lane = this.chosen?.lane ?? '';
    if (!lane || !this.page.mayCommand) return;
    const now = performance.now();
    if (lane !== this.shot.lane) this.shot = {lane, n: 0, at: 0, isLoading: false, asked: 0};
    if (!this.live || now - this.shot.asked < LIVE_MS || (this.shot.isLoading && now - this.shot.asked < 5 * LIVE_MS)) return;
    this.shot = {...this.shot, n: this.shot.n + 1, isLoading: true, asked: now};
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('told')) return;
    const stay = this.told?.stay?.id ?? '';
    if (stay !== this.stay) {
      this.fee = null;
      this.money = null;
    }
    this.stay = stay;
    if (stay && this.page.maySeeMoney) this.#read(stay, this.told.stay.ending === null);
  }

  /**
   * @param {string} stay
   * @param {boolean} isOpen
   */
  async #read(stay, isOpen) {
    const of = new URLSearchParams({stay});
    const [fee, money] = await Promise.all([isOpen ? get(`/api/v1/desk/fee?${of}`) : null, get(`/api/v1/desk/money?${of}`)]);
    if (stay !== this.stay) return;
    this.fee = fee;
    this.money = money?.[0] ?? null;
  }

  render() {
    if (!this.chosen) return html`<section class="card car-view"><p class="none">${t('Choose a case or a lane')}</p></section>`;
    if (!this.told) return html`<section class="card car-view"><p class="none">${t('Loading')}</p></section>`;
    return html`<section class="card car-view" aria-label=${t('The chosen car')} data-passage=${this.told.passage}>
      ${this.#head()}
      <div class="pictures">${this.#entry()}${this.#exit()}${this.#livePicture()}</div>
      <div class="known">${this.#reads()}${this.#inDoubt()}${this.#candidates()}${this.#fee()}${this.#paid()}</div></section>`;
  }

  #head() {
    const {told} = this;
    const lane = this.page.lanes.find((/** @type {any} */ one) => one.name === told.lane);
    const title = lane ? (language() === 'zh' ? lane.title : lane.title_en) : t('No lane');
    const over = this.chosen.case?.over;
    return html`<header><h2>${title}</h2> <span class="chip">${told.live ? stateWord(told.state) : told.passage ? t('This car has gone') : t('No car stands in the lane')}</span>
      ${told.why ? html`<span class="notice case">${said(told.why)}</span>` : nothing}
      ${over ? html`<span class="chip attention" data-over>${t('This case has ended')}</span>` : nothing}
      ${told.passage ? html`<a class="small gap" href="/passages/${encodeURIComponent(told.passage)}" target="_blank" rel="noopener" title=${t('Replay of a passage')}>${told.passage}</a>` : nothing}</header>`;
  }

  #entry() {
    const {stay} = this.told;
    return figure(t('Entry picture'), stay?.entry_picture, stay ? html`<span class=${plateClass(stay.plate_colour)}>${stay.plate}</span> ${dayAndTime(new Date(stay.entered_at))} · ${stay.entry_lane}` : t('no stay is known'));
  }

  #exit() {
    const {told} = this;
    const picture = told.reads.find((/** @type {any} */ one) => one.picture)?.picture ?? told.ended?.picture ?? told.stay?.exit_picture;
    const best = told.reads.find((/** @type {any} */ one) => one.plate);
    return figure(told.direction === 'entry' ? t('At the entry') : t('Exit'), picture, best ? html`<b>${best.plate}</b> ${Math.round((best.confidence ?? 0) * 100)} %` : t('no plate'));
  }

  #livePicture() {
    const {lane} = this.told;
    if (!lane || !this.page.mayCommand) return nothing;
    const {shot} = this;
    const age = shot.at ? (performance.now() - shot.at) / 1000 : null;
    const isOld = age === null || age > OLD_S || !this.live;
    const words = age === null ? t('no picture yet') : isOld ? t('no picture for {count} s', {count: Math.floor(age)}) : t('{count} s old', {count: Math.floor(age)});
    return html`<figure class="shot ${isOld ? 'old' : ''}"><figcaption>${t('The lane now')} <span class="age" data-live-age>${words}</span></figcaption>
      ${shot.n && shot.lane === lane ? html`<img class=${shot.at ? '' : 'unseen'} src="/api/v1/lanes/${encodeURIComponent(lane)}/live?n=${shot.n}" alt=${t('What the camera sees now')} @load=${() => this.#shown(true)} @error=${() => this.#shown(false)}>` : html`<div class="picture empty">${t('no picture')}</div>`}</figure>`;
  }

  /** @param {boolean} isGood */
  #shown(isGood) {
    this.shot = {...this.shot, isLoading: false, at: isGood ? performance.now() : this.shot.at};
  }

  #reads() {
    const {reads} = this.told;
    return html`<section class="part" aria-label=${t('Plate reads')}><h3>${t('Plate reads')}</h3>
      ${reads.length ? html`<div class="scroll" tabindex="0"><table><tbody>${reads.map((/** @type {any} */ one) => html`<tr class=${one.why ? 'rejected' : ''}><td>${clockTime(new Date(one.at))}</td><td>${one.camera}</td><td><b>${one.plate ?? '—'}</b></td>
        <td class="amount">${one.confidence === null ? '' : `${Math.round(one.confidence * 100)} %`}</td><td>${one.why ? said(one.why) : t('read accepted')}</td></tr>`)}</tbody></table></div>` : html`<p class="none">${t('None')}</p>`}
      ${this.#fakes()}</section>`;
  }

  #fakes() {
    const {fake_exits: fakes} = this.told;
    if (!fakes.length) return nothing;
    const words = t('Backed away from an open exit, in 30 days: {count}×', {count: fakes.length});
    return html`<p class="notice alarm" data-fakes>${words}: ${fakes.map((/** @type {any} */ one) => dayAndTime(new Date(one.ended_at))).join(', ')}</p>`;
  }

  /** The uncertain entries by which a car without a stay may have come in. */
  #inDoubt() {
    const {in_doubt: entries} = this.told;
    if (!entries.length) return nothing;
    return html`<section class="part" aria-label=${t('Uncertain entries')} data-in-doubt><h3>${t('Uncertain entries')}</h3><ol class="candidates">${entries.slice(0, 4).map((/** @type {any} */ one) => html`<li>
      ${one.picture ? html`<img src="/pictures/${encodeURIComponent(one.picture)}" alt="" loading="lazy">` : html`<span class="picture empty"></span>`}
      <span><b>${one.plate}</b> ${dayAndTime(new Date(one.at))}<br>${said(one.why)}</span></li>`)}</ol></section>`;
  }

  #candidates() {
    const {candidates} = this.told;
    if (!candidates.length) return nothing;
    return html`<section class="part" aria-label=${t('Candidate stays')}><h3>${t('Candidate stays')}</h3><ol class="candidates">${candidates.slice(0, 4).map((/** @type {any} */ one) => html`<li>
      ${one.picture ? html`<img src="/pictures/${encodeURIComponent(one.picture)}" alt="" loading="lazy">` : html`<span class="picture empty"></span>`}
      <span><b>${one.plate}</b> ${dayAndTime(new Date(one.entered_at))}<br>${one.alike === null ? t('no likeness known') : t('looks {share} % alike', {share: one.alike})}</span></li>`)}</ol></section>`;
  }

  #fee() {
    const {stay, due} = this.told;
    if (!stay) return nothing;
    const lines = this.fee ? this.fee[language()] : [];
    const owes = stay.arrears_fen ? t('This stay owes {amount}', {amount: yuan(stay.arrears_fen)}) : '';
    const older = due?.older_fen ? t('earlier stays owe {amount}', {amount: yuan(due.older_fen)}) : '';
    return html`<section class="part" aria-label=${t('Fee')}><h3>${t('Fee')} ${this.#amount(due)}</h3>
      ${lines.length ? html`<ol class="explained">${lines.map((/** @type {string} */ line) => html`<li>${line}</li>`)}</ol>` : nothing}
      <p class="small">${owes} ${older}</p></section>`;
  }

  /** @param {any} due */
  #amount(due) {
    if (due) return html`<span class="value">${yuan(due.due_fen)}</span> <span class="small">${duration(due.minutes)}</span>`;
    return this.fee ? html`<span class="value">${yuan(this.fee.due_fen)}</span>` : nothing;
  }

  #paid() {
    return this.money ? timeline(this.money) : nothing;
  }
}

/**
 * @param {string} title
 * @param {string | null | undefined} picture
 * @param {unknown} words
 */
function figure(title, picture, words) {
  return html`<figure><figcaption>${title}</figcaption>
    ${picture ? html`<img src="/pictures/${encodeURIComponent(picture)}" alt=${title}>` : html`<div class="picture empty">${t('no picture')}</div>`}<p>${words}</p></figure>`;
}

customElements.define('desk-car', DeskCar);
