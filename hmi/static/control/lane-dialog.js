/**
 * Acting on a lane: the dialog is bound to the passage for which it was opened, asks for the reason, and shows what
 * the plant answered. It never says "done" before the plant does.
 */

import {html, nothing} from '../vendor/lit.js';
import {AskingElement} from './asking-element.js';
import {list, send} from './api.js';
import {dayAndTime, yuan} from './format.js';
import {plateClass} from './lane-card.js';
import {asksForSecond, forgetPassword, secondPerson} from './second-person.js';
import {number, text} from './tags.js';
import {language, said, t} from './texts.js';
import {reasonWord} from './words.js';

/** @typedef {import('./commands.js').CommandName} CommandName */

const LAPSE_MS = 60_000;
const PROVINCES = '京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼';

export class LaneDialog extends AskingElement {
  static properties = {
    lane: {state: true},
    command: {state: true},
    stays: {state: true},
    chosen: {state: true},
    busy: {state: true},
    answer: {state: true},
    live: {type: Boolean},
    reasons: {attribute: false},
    goodwillFen: {attribute: false},
  };

  constructor() {
    super();
    /** @type {any} */
    this.lane = null;
    /** @type {CommandName} */
    this.command = 'open';
    /** @type {string[]} */
    this.reasons = [];
    this.goodwillFen = 0;
    /** @type {any[] | null} */
    this.stays = null;
    this.chosen = '';
    this.busy = false;
    this.live = false;
    /** @type {import('./api.js').Answer | null} */
    this.answer = null;
    this.passage = '';
    /** On the desk an opening that nobody confirms lapses: it is cancelled, never opened. */
    this.lapses = false;
    this.until = 0;
  }

  /**
   * Open the dialog for the car now standing in the lane.
   * @param {any} lane
   * @param {CommandName} command
   */
  async ask(lane, command) {
    this.lane = lane;
    this.command = command;
    this.passage = text(`${lane.name}.passage`);
    this.chosen = '';
    this.answer = null;
    this.stays = null;
    this.until = performance.now() + LAPSE_MS;
    await this.show();
    this.dialog?.querySelector('form')?.reset();
    if (command === 'stay') this.stays = (await list(`/api/v1/open-stays?lane=${encodeURIComponent(lane.name)}`)) ?? [];
  }

  /** Cancel what nobody has confirmed; who writes or chooses is at it. */
  tick() {
    if (this.lapses && this.lane && !this.busy && this.answer === null && performance.now() > this.until) this.dialog?.close();
  }

  get #title() {
    const lane = language() === 'zh' ? this.lane.title : this.lane.title_en;
    const titles = {
      open: t('Open {lane} for this car', {lane}),
      plate: t('Correct the plate in {lane}', {lane}),
      stay: t('Pick the stay of the car in {lane}', {lane}),
      'send-back': t('Send the car in {lane} back', {lane}),
    };
    return titles[this.command];
  }

  get #hasGone() {
    return text(`${this.lane.name}.passage`) !== this.passage;
  }

  render() {
    if (!this.lane) return nothing;
    return html`<dialog aria-labelledby="dialog-title" @close=${() => this.#closed()} @input=${() => { this.until = performance.now() + LAPSE_MS; }}>
      <form method="dialog" @submit=${this.#submit}>
        <h2 id="dialog-title">${this.#title}</h2>
        ${this.#car()}${this.#question()}${this.#outcome()}
        <menu>
          <button type="button" data-command="close" @click=${() => this.dialog?.close()}>
            ${this.answer?.outcome === 'done' ? t('Close') : t('Cancel')}
          </button>
          <button type="submit" class="primary" data-command="confirm" ?disabled=${this.#whyNot() !== ''}>${this.#label}</button>
        </menu>
      </form>
    </dialog>`;
  }

  get #label() {
    const labels = {
      open: t('Open the gate'),
      plate: t('Take this plate'),
      stay: t('Take this stay'),
      'send-back': t('Ask to back out'),
    };
    return labels[this.command];
  }

  #whyNot() {
    if (this.busy || this.answer?.outcome === 'done') return ' ';
    if (!this.live) return t('The link to the plant is lost');
    return this.#hasGone ? t('This car has gone') : '';
  }

  #car() {
    const lane = this.lane.name;
    const picture = text(`${lane}.picture`);
    const plate = text(`${lane}.plate.text`);
    return html`<div class="car">
      ${picture && !this.#hasGone ? html`<img src="/pictures/${encodeURIComponent(picture)}" alt="">` : html`<div class="picture empty">${t('no picture')}</div>`}
      <div>
        ${plate && !this.#hasGone ? html`<span class=${plateClass(text(`${lane}.plate.colour`))}>${plate}</span>` : html`<span class="none">${t('no plate')}</span>`}
        <p class="small">${this.passage}</p>
      </div>
    </div>`;
  }

  #question() {
    if (this.command === 'open') return this.#reasonsAsked();
    if (this.command === 'plate') return this.#plateAsked();
    if (this.command === 'stay') return this.#stayAsked();
    return html`<label class="field">${t('Reason')} <input name="reason" required maxlength="100" autocomplete="off"></label>`;
  }

  #reasonsAsked() {
    return html`<fieldset><legend>${t('Reason')}</legend>
        ${this.reasons.map((reason) => html`<label class="choice"><input type="radio" name="reason" value=${reason} required
          @change=${() => this.#choose(reason)}> <span>${reasonWord(reason)}</span></label>`)}
      </fieldset>${this.#secondAsked()}
      <label class="field">${t('Note')} <input name="note" maxlength="200" autocomplete="off"></label>`;
  }

  /** @param {string} reason */
  #choose(reason) {
    this.chosen = reason;
  }

  /** Much goodwill, or nobody knows how much: nobody decides that alone. */
  #secondAsked() {
    if (this.chosen !== 'GOODWILL') return nothing;
    const due = number(`${this.lane.name}.quote.due_fen`) ?? 0;
    const isUnknown = due === 0 && this.lane.direction === 'exit';
    if (!isUnknown && due <= this.goodwillFen && !asksForSecond(this.answer)) return nothing;
    const limit = {amount: yuan(this.goodwillFen)};
    return secondPerson(due === 0 ? t('Second person: nobody knows yet how much is waived') : t('Second person: above {amount} nobody waives alone', limit));
  }

  #plateAsked() {
    return html`<label class="field">${t('Plate')}
        <input name="plate" required maxlength="10" autocomplete="off" autocapitalize="characters" class="plate-input"></label>
      <div class="provinces" role="group" aria-label=${t('Province')}>
        ${[...PROVINCES].map((sign) => html`<button type="button" @click=${() => this.#province(sign)}>${sign}</button>`)}
      </div>`;
  }

  /** @param {string} sign */
  #province(sign) {
    const input = /** @type {HTMLInputElement} */ (this.querySelector('[name=plate]'));
    input.value = sign + input.value.replace(/^[\u4e00-\u9fff]/, '');
    input.focus();
  }

  #stayAsked() {
    if (this.stays === null) return html`<p>${t('Loading')}</p>`;
    if (!this.stays.length) return html`<p>${t('No stay is open')}</p>`;
    return html`<div class="stays" role="radiogroup" aria-label=${t('Open stays')}>
      ${this.stays.map((stay) => html`<label class="stay"><input type="radio" name="stay" value=${stay.stay} required>
        ${stay.picture ? html`<img src="/pictures/${encodeURIComponent(stay.picture)}" alt="" loading="lazy">` : html`<div class="picture empty">${t('no picture')}</div>`}
        <span><b>${stay.plate}</b><br>${dayAndTime(new Date(stay.entered_at))}${this.#alike(stay.alike)}</span></label>`)}
    </div>`;
  }

  /** @param {number | null} share how much the car of a stay looks like this one */
  #alike(share) {
    if (share === null) return nothing;
    const words = t('looks {share} % alike', {share});
    return html`<br>${words}`;
  }

  #outcome() {
    const {answer} = this;
    const gone = this.#hasGone && answer === null ? t('This car has gone') : '';
    const words = this.busy ? t('Sent, waiting for the plant') : answer ? this.#answerWords(answer) : gone;
    return html`<p class="outcome ${answer?.outcome ?? ''}" role="status" data-outcome=${answer?.outcome ?? ''}>${words}</p>`;
  }

  /** @param {import('./api.js').Answer} answer */
  #answerWords({outcome, why}) {
    if (outcome === 'done') return t('The plant has taken it.');
    if (outcome === 'refused') return t('Refused: {why}', {why: said(why)});
    return t('Nobody knows whether it happened. Look at the lane. ({why})', {why: said(why)});
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#whyNot() !== '') return;
    const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    this.busy = true;
    this.answer = await send(`/api/v1/lanes/${encodeURIComponent(this.lane.name)}/${this.command}`, {passage: this.passage, ...fields});
    this.busy = false;
    forgetPassword(this);
    if (this.answer.value?.why?.startsWith?.('idle')) location.assign('/sign-in');
    this.dispatchEvent(new CustomEvent('answered', {bubbles: true}));
  }

  #closed() {
    if (this.isOver) this.lane = null;
  }
}

customElements.define('lane-dialog', LaneDialog);
