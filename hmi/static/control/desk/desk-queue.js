/** The queue of cases: what waits for a person, since when, why, where, and who has it. One click chooses. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {language, said, t} from '../texts.js';
import {age, ageClass, endsHere, kindWord} from './desk-words.js';

export class DeskQueue extends LitElement {
  static properties = {told: {attribute: false}, chosen: {type: String}, refused: {state: true}, shift: {attribute: false}, live: {type: Boolean}, page: {attribute: false}};

  constructor() {
    super();
    /** @type {any} */
    this.told = null;
    this.chosen = '';
    this.refused = '';
    /** @type {any} */
    this.shift = null;
    this.live = false;
    /** @type {any} */
    this.page = {lanes: [], me: '', maySit: false};
    /** @type {() => Date | null} */
    this.now = () => null;
    this.second = 0;
  }

  createRenderRoot() {
    return this;
  }

  /** Ages are counted once a second. */
  tick() {
    const second = Math.floor((this.now()?.getTime() ?? 0) / 1000);
    if (second !== this.second) this.requestUpdate();
    this.second = second;
  }

  get cases() {
    return this.told?.cases ?? [];
  }

  render() {
    return html`<section class="card queue" aria-label=${t('What waits for a person')}>
      <h2>${t('What waits for a person')} <span class="count">${this.told ? this.cases.length : '?'}</span> <a class="small" href="/stocktake">${t('Stocktake')}</a></h2>
      ${this.refused ? html`<p class="bad" role="status">${said(this.refused)}</p>` : nothing}
      <ol tabindex="-1">${this.cases.map((/** @type {any} */ one) => this.#case(one))}</ol>
      ${this.told && !this.cases.length ? html`<p class="none" role="status">${t('Nobody waits')}</p>` : nothing}
      ${this.#figures()}${this.#shift()}
    </section>`;
  }

  /** @param {any} one */
  #case(one) {
    const since = Date.parse(one.since);
    const now = this.now()?.getTime() ?? since;
    const waits = (now - since) / 1000;
    return html`<li class="case ${ageClass(one, waits)} ${one.ref === this.chosen ? 'chosen' : ''}" data-case=${one.ref} data-kind=${one.kind}>
      <button type="button" class="pick" aria-current=${one.ref === this.chosen ? 'true' : 'false'} @click=${() => this.#choose(one)}>
        <span class="age value">${age(waits)}</span>
        <span class="what"><b>${kindWord(one.kind)}</b>${one.lane ? html` · ${this.#lane(one.lane)}` : nothing}<br><span class="small">${said(one.why)}</span></span>
      </button>
      <span class="deeds">${this.#who(one)}${this.#deeds(one)}</span></li>`;
  }

  /** @param {any} one */
  #who(one) {
    if (one.owner) return html`<span class="owner">${one.owner === this.page.me ? t('mine') : one.owner}</span>`;
    if (one.on_call) return html`<span class="chip attention">${t('on call')} ${one.offered}</span>`;
    if (!one.offered) return nothing;
    return html`<span class="chip ${one.offered === this.page.me ? 'attention' : ''}">${one.offered === this.page.me ? t('your turn') : one.offered}</span>`;
  }

  /** @param {any} one */
  #deeds(one) {
    if (!this.page.maySit) return nothing;
    const busy = !this.live;
    if (one.owner === this.page.me) {
      return html`${endsHere(one, this.page) ? this.#deed('settle', one, t('Settle'), busy) : nothing}${this.#deed('give-back', one, t('Give back'), busy)}`;
    }
    return one.owner ? nothing : this.#deed('take', one, t('Take'), busy);
  }

  /**
   * @param {string} deed
   * @param {any} one
   * @param {string} word
   * @param {boolean} busy
   */
  #deed(deed, one, word, busy) {
    return html`<button type="button" data-deed=${deed} ?disabled=${busy} @click=${() => this.dispatchEvent(new CustomEvent('deal', {detail: {deed, case: one}, bubbles: true}))}>${word}</button>`;
  }

  #figures() {
    const told = this.told?.figures;
    if (!told?.cases) return nothing;
    const answered = t('{count} of {all} in 10 s', {count: told.answered_in_time, all: told.answered});
    const resolved = t('{count} of {all} in 45 s', {count: told.resolved_in_time, all: told.cases});
    return html`<dl class="figures small"><div><dt>${t('Answered, median')}</dt><dd>${seconds(told.answer_median_s)} · ${answered}</dd></div>
      <div><dt>${t('Resolved, median')}</dt><dd>${seconds(told.resolve_median_s)} · ${resolved}</dd></div></dl>`;
  }

  #shift() {
    if (!this.shift) return nothing;
    const words = t('{answered} answered, {resolved} resolved', this.shift.totals);
    const ask = () => this.dispatchEvent(new CustomEvent('deal', {detail: {deed: 'hand-over'}, bubbles: true}));
    return html`<p class="shift small"><b>${t('My shift')}</b> <span>${words}</span> <button type="button" data-deed="hand-over" ?disabled=${!this.live} @click=${ask}>${t('Hand over')} <kbd>X</kbd></button></p>`;
  }

  /** @param {string} name */
  #lane(name) {
    const lane = this.page.lanes.find((/** @type {any} */ one) => one.name === name);
    return lane ? (language() === 'zh' ? lane.title : lane.title_en) : name;
  }

  /** @param {any} one */
  #choose(one) {
    this.dispatchEvent(new CustomEvent('choose', {detail: {case: one}, bubbles: true}));
  }
}

/** @param {number | null} value */
const seconds = (value) => (value === null ? '?' : t('{count} s', {count: value}));

customElements.define('desk-queue', DeskQueue);
