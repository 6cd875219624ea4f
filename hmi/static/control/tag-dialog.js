/** A technician's hand on one tag: force it for a while, stop that, or write it; always with a reason. */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {send} from './api.js';
import {all} from './tags.js';
import {qualityWord, severity, written} from './tag-words.js';
import {said, t} from './texts.js';

/** @typedef {'force' | 'unforce' | 'write'} HandName */

const USUAL_MIN = [5, 15, 60];
const LONGEST_MIN = 480;
const NUMBERS = ['whole', 'number'];

export class TagDialog extends LitElement {
  static properties = {
    name: {state: true},
    chosen: {state: true},
    minutes: {state: true},
    busy: {state: true},
    answer: {state: true},
    live: {type: Boolean},
  };

  constructor() {
    super();
    this.name = '';
    /** @type {any} */
    this.facts = {};
    /** @type {HandName | ''} */
    this.chosen = '';
    this.minutes = 15;
    this.busy = false;
    this.live = false;
    /** @type {import('./api.js').Answer | null} */
    this.answer = null;
    /** @type {(name: string) => boolean} */
    this.forced = () => false;
  }

  createRenderRoot() {
    return this;
  }

  /**
   * @param {string} name
   * @param {any} facts
   */
  async ask(name, facts) {
    this.name = name;
    this.facts = facts;
    this.#choose(this.#isForced ? 'unforce' : '');
    await this.updateComplete;
    this.#dialog?.showModal();
  }

  get #dialog() {
    return this.querySelector('dialog');
  }

  get #isForced() {
    return this.forced(this.name);
  }

  render() {
    if (!this.name) return nothing;
    const done = this.answer?.outcome === 'done';
    return html`<dialog aria-labelledby="tag-title" @close=${() => (this.name = '')}>
      <form method="dialog" autocomplete="off" @submit=${this.#submit}>
        <h2 id="tag-title">${this.name}</h2>
        ${this.#now()}${this.#choices()}${done ? nothing : this.#question()}${this.#outcome()}
        <menu>
          <button type="button" data-command="close" @click=${() => this.#dialog?.close()}>${t('Close')}</button>
          ${this.chosen && !done
            ? html`<button type="submit" class="primary" data-command="confirm" ?disabled=${this.busy || !this.live}>${this.#label(this.chosen)}</button>`
            : nothing}
        </menu>
      </form></dialog>`;
  }

  #now() {
    const tag = all().get(this.name);
    if (!tag) return nothing;
    const about = [this.facts.formula && `= ${this.facts.formula}`, this.facts.wrong && said(this.facts.wrong)].filter(Boolean);
    return html`<p data-quality=${severity(tag.status)}><b class="value">${written(tag.value)} ${this.facts.unit ?? ''}</b>
      <span class="quality">${qualityWord(tag.status)}</span></p>
      ${about.map((words) => html`<p class="small">${words}</p>`)}`;
  }

  /** @returns {{name: HandName, whyNot: string}[]} */
  get #hands() {
    return [
      {name: 'force', whyNot: this.facts.not_forced},
      {name: 'unforce', whyNot: this.#isForced ? '' : t('It is not forced')},
      {name: 'write', whyNot: this.facts.not_written},
    ];
  }

  /** @param {HandName} name */
  #label(name) {
    return {force: t('Force'), unforce: t('Stop forcing'), write: t('Write')}[name];
  }

  #choices() {
    return html`<div class="mode-choices" role="group" aria-label=${t('What to do with the tag')}>
      ${this.#hands.map(({name, whyNot}) => html`<div><button type="button" data-hand=${name} aria-pressed=${this.chosen === name}
        ?disabled=${Boolean(whyNot) || this.busy} @click=${() => this.#choose(name)}>${this.#label(name)}</button>
        <span class="why">${said(whyNot ?? '')}</span></div>`)}</div>`;
  }

  /** @param {HandName | ''} name */
  #choose(name) {
    this.querySelector('form')?.reset();
    this.chosen = name;
    this.minutes = 15;
    this.answer = null;
  }

  #question() {
    if (!this.chosen) return nothing;
    return html`${this.chosen === 'unforce' ? nothing : this.#valueAsked()}${this.chosen === 'force' ? this.#timeAsked() : nothing}
      <label class="field">${t('Reason')} <input name="why" required maxlength="200" autocomplete="off"></label>`;
  }

  #valueAsked() {
    if (this.facts.shape === 'bool') {
      return html`<fieldset><legend>${t('Value')}</legend>${[1, 0].map((value) => html`<label class="choice">
        <input type="radio" name="value" value=${value} required><span>${value}</span></label>`)}</fieldset>`;
    }
    const {lo, hi, unit, shape} = this.facts;
    const range = lo === null && hi === null ? '' : ` (${lo ?? '…'} – ${hi ?? '…'})`;
    const is_number = NUMBERS.includes(shape);
    return html`<label class="field">${t('Value')} ${unit}${range} <input name="value" required autocomplete="off"
      type=${is_number ? 'number' : 'text'} step=${shape === 'whole' ? '1' : 'any'} maxlength="1000"></label>`;
  }

  #timeAsked() {
    return html`<div class="minutes"><label class="field">${t('Minutes')}
        <input name="minutes" type="number" min="1" max=${LONGEST_MIN} step="1" required .value=${String(this.minutes)}
          @input=${(/** @type {any} */ event) => (this.minutes = Number(event.target.value))}></label>
      ${USUAL_MIN.map((minutes) => html`<button type="button" aria-pressed=${this.minutes === minutes}
        @click=${() => (this.minutes = minutes)}>${minutes}</button>`)}</div>`;
  }

  #outcome() {
    const {answer} = this;
    const words = this.busy ? t('Sent, waiting for the plant') : answer ? this.#answerWords(answer) : '';
    return html`<p class="outcome ${answer?.outcome ?? ''}" role="status" data-outcome=${answer?.outcome ?? ''}>${words}</p>`;
  }

  /** @param {import('./api.js').Answer} answer */
  #answerWords({outcome, why}) {
    if (outcome === 'done') return this.chosen === 'write' ? t('Written, and confirmed.') : t('The plant has taken it.');
    if (outcome === 'refused') return t('Refused: {why}', {why: said(why)});
    return t('Nobody knows whether it was written. Look at the device. ({why})', {why: said(why)});
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.busy || !this.chosen || !this.live) return;
    const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    const body = {why: fields.why, value: this.#value(String(fields.value ?? '')), minutes: Number(fields.minutes ?? 0)};
    this.busy = true;
    this.answer = await send(`/api/v1/tags/${encodeURIComponent(this.name)}/${this.chosen}`, body);
    this.busy = false;
    if (this.answer.value?.why?.startsWith?.('idle')) location.assign('/sign-in');
    this.dispatchEvent(new CustomEvent('answered', {bubbles: true}));
  }

  /** @param {string} text */
  #value(text) {
    if (this.facts.shape === 'bool') return text === '1';
    return NUMBERS.includes(this.facts.shape) ? Number(text) : text;
  }
}

customElements.define('tag-dialog', TagDialog);
