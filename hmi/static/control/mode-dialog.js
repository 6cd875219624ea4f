/**
 * The modes of one lane: what it is in and why, what may be asked for now and why the rest may not, and the last
 * periods. A second person signs in here, beside the first, where nobody may decide alone.
 */

import {html, nothing} from '../vendor/lit.js';
import {AskingElement} from './asking-element.js';
import {list, send} from './api.js';
import {dayAndTime, duration} from './format.js';
import {modeCommandsOf} from './modes.js';
import {periodOf, periodWords} from './period.js';
import {asksForSecond, forgetPassword, secondPerson} from './second-person.js';
import {number} from './tags.js';
import {language, said, t} from './texts.js';
import {modeNameWord, modeWord, reasonWord} from './words.js';

/** @typedef {import('./modes.js').ModeName} ModeName */

const USUAL_MIN = [5, 10, 30, 60];
const LONGEST_MIN = 720;
const PERIODS = 6;
/** What the lane itself is told, and not its PLC. */
const TO_LANE = ['confirm-fault', 'turn-tide'];

const WAYS = [
  {way: 'entry', label: () => t('in')},
  {way: 'exit', label: () => t('out')},
  {way: 'both', label: () => t('both ways')},
];

export class ModeDialog extends AskingElement {
  static properties = {
    lane: {state: true},
    chosen: {state: true},
    minutes: {state: true},
    busy: {state: true},
    answer: {state: true},
    periods: {state: true},
    live: {type: Boolean},
  };

  constructor() {
    super();
    /** @type {any} */
    this.lane = null;
    /** @type {ModeName | ''} */
    this.chosen = '';
    this.minutes = 10;
    this.busy = false;
    this.live = false;
    /** @type {import('./api.js').Answer | null} */
    this.answer = null;
    /** @type {any[]} */
    this.periods = [];
    /** @type {any} */
    this.page = {lanes: [], modeReasons: {}, aloneMin: 0, mayCommand: false, mayRepair: false};
    /** @type {() => Date | null} */
    this.now = () => null;
  }

  /**
   * Open for a lane; `mode` is chosen already, where somebody asked for it by name.
   * @param {any} lane
   * @param {ModeName | ''} [mode]
   */
  async ask(lane, mode = '') {
    this.lane = lane;
    this.answer = null;
    this.periods = [];
    this.#choose(mode);
    await this.show();
    this.#readPeriods();
  }

  /** Count down, when there is something to count. */
  tick() {
    if (this.lane && periodOf(this.lane.name)?.until) this.requestUpdate();
  }

  get #title() {
    return t('Mode of {lane}', {lane: language() === 'zh' ? this.lane.title : this.lane.title_en});
  }

  async #readPeriods() {
    const path = `/api/v1/mode-periods?limit=${PERIODS}&lane=${encodeURIComponent(this.lane.name)}`;
    this.periods = (await list(path)) ?? this.periods;
  }

  render() {
    if (!this.lane) return nothing;
    return html`<dialog aria-labelledby="modes-title" @close=${() => this.#closed()}>
      <form method="dialog" autocomplete="off" @submit=${this.#submit}>
        <h2 id="modes-title">${this.#title}</h2>
        ${this.#current()}${this.#choices()}${this.#question()}${this.#outcome()}${this.#history()}
        <menu>
          <button type="button" data-command="close" @click=${() => this.dialog?.close()}>${t('Close')}</button>
          ${this.chosen && this.answer?.outcome !== 'done'
            ? html`<button type="submit" class="primary" data-command="confirm" ?disabled=${this.busy || this.#whyNot(this.chosen) !== ''}>${this.#label}</button>`
            : nothing}
        </menu>
      </form>
    </dialog>`;
  }

  #current() {
    const mode = number(`${this.lane.name}.mode.now`);
    const period = periodOf(this.lane.name);
    return html`<p class="mode-now"><span class="chip ${mode === 1 ? '' : 'attention'}">${mode === null ? '?' : modeWord(mode)}</span>
      ${period ? periodWords(period, this.now()) : nothing}</p>`;
  }

  get #commands() {
    const {live} = this;
    return modeCommandsOf(this.lane, this.page.lanes, {live, mayCommand: this.page.mayCommand, mayRepair: this.page.mayRepair});
  }

  /** @param {string} name */
  #whyNot(name) {
    return this.#commands.find((command) => command.name === name)?.whyNot ?? '';
  }

  get #label() {
    return this.#commands.find((command) => command.name === this.chosen)?.label ?? '';
  }

  #choices() {
    return html`<div class="mode-choices" role="group" aria-label=${t('What the lane may be asked for')}>
      ${this.#commands.map((command) => html`<div>
        <button type="button" data-mode=${command.name} aria-pressed=${this.chosen === command.name} title=${command.whyNot}
          ?disabled=${command.whyNot !== '' || this.busy} @click=${() => this.#choose(command.name)}>${command.label}</button>
        <span class="why">${command.whyNot}</span></div>`)}
    </div>`;
  }

  /** @param {ModeName | ''} name */
  #choose(name) {
    this.querySelector('form')?.reset();
    this.chosen = name;
    this.minutes = 10;
    this.answer = null;
  }

  #question() {
    if (!this.chosen || this.answer?.outcome === 'done') return nothing;
    if (this.chosen === 'leave-resync') return this.#lookAsked();
    return html`${this.#reasonsAsked()}${this.chosen === 'turn-tide' ? this.#wayAsked() : nothing}
      ${this.chosen === 'confirm-fault' ? html`<p>${t('Somebody has looked at the barrier: it is whole and moves freely.')}</p>` : nothing}
      ${this.chosen === 'test-opening' ? html`<p class="small">${t('The boom goes up for one minute, and for nobody.')}</p>` : nothing}
      ${this.chosen === 'hold-open' ? this.#timeAsked() : nothing}
      <label class="field">${t('Note')} <input name="note" maxlength="200" autocomplete="off"></label>`;
  }

  #reasonsAsked() {
    const reasons = this.page.modeReasons[this.chosen];
    if (!reasons) return nothing;
    return html`<fieldset><legend>${t('Reason')}</legend>
      ${reasons.map((/** @type {string} */ reason) => html`<label class="choice"><input type="radio" name="reason" value=${reason} required>
        <span>${reasonWord(reason)}</span></label>`)}</fieldset>`;
  }

  #timeAsked() {
    return html`<div class="minutes"><label class="field">${t('Minutes')}
        <input name="minutes" type="number" min="1" max=${LONGEST_MIN} step="1" required .value=${String(this.minutes)}
          @input=${(/** @type {any} */ event) => this.#takeMinutes(event.target.value)}></label>
      ${USUAL_MIN.map((minutes) => html`<button type="button" aria-pressed=${this.minutes === minutes}
        @click=${() => this.#takeMinutes(minutes)}>${minutes}</button>`)}</div>
      ${this.minutes > this.page.aloneMin || this.#wantsSecond ? this.#secondAsked() : nothing}`;
  }

  /** The plant adds up what one person has held open within an hour. */
  get #wantsSecond() {
    return asksForSecond(this.answer);
  }

  /** @param {string | number} minutes */
  #takeMinutes(minutes) {
    this.minutes = Number(minutes);
  }

  #secondAsked() {
    return secondPerson(t('Second person: above {minutes} minutes nobody decides alone', {minutes: this.page.aloneMin}));
  }

  #wayAsked() {
    return html`<fieldset><legend>${t('The lane leads from now on')}</legend>
      ${WAYS.map(({way, label}) => html`<label class="choice"><input type="radio" name="way" value=${way} required><span>${label()}</span></label>`)}
    </fieldset>`;
  }

  #lookAsked() {
    const stands = {'the lane is empty': t('The lane is empty'), 'a car stands before the boom, nobody under it': t('A car stands before the boom, nobody under it')};
    return html`<p>${t('The PLC has restarted. Look at the lane before you let the boom move again.')}</p>
      <fieldset><legend>${t('What I see there now')}</legend>
      ${Object.entries(stands).map(([value, label]) => html`<label class="choice"><input type="radio" name="stands" value=${value} required>
        <span>${label}</span></label>`)}</fieldset>`;
  }

  #outcome() {
    const {answer} = this;
    const words = this.busy ? t('Sent, waiting for the plant') : answer ? this.#answerWords(answer) : '';
    return html`<p class="outcome ${answer?.outcome ?? ''}" role="status" data-outcome=${answer?.outcome ?? ''}>${words}</p>`;
  }

  /** @param {import('./api.js').Answer} answer */
  #answerWords({outcome, why}) {
    if (outcome === 'done') return TO_LANE.includes(this.chosen) ? t('The plant has taken it.') : t('The PLC shows it.');
    if (outcome === 'refused') return t('Refused: {why}', {why: said(why)});
    return t('Nobody knows whether it happened. Look at the lane. ({why})', {why: said(why)});
  }

  #history() {
    if (!this.periods.length || (this.chosen && !this.answer)) return nothing;
    return html`<details open class="periods"><summary>${t('Last periods')}</summary><table>
      <tbody>${this.periods.map((period) => html`<tr data-period=${period.id}><td>${modeNameWord(period.mode)}</td>
        <td>${dayAndTime(new Date(period.began_at))}</td><td>${this.#lasted(period)}</td>
        <td>${periodWords({...period, until: null}, null)}</td><td>${period.ended_by ? this.#ender(period.ended_by) : t('goes on')}</td></tr>`)}
      </tbody></table></details>`;
  }

  /** @param {any} period */
  #lasted(period) {
    if (!period.ended_at) return '';
    const ms = new Date(period.ended_at).getTime() - new Date(period.began_at).getTime();
    return duration(Math.round(ms / 60_000));
  }

  /** @param {string} by */
  #ender(by) {
    if (by === 'expiry') return t('its time was over');
    return by === 'plc' ? t('ended by the PLC itself') : t('ended by {name}', {name: said(by)});
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.busy || !this.chosen || this.#whyNot(this.chosen) !== '') return;
    const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    this.busy = true;
    this.answer = await send(`/api/v1/lanes/${encodeURIComponent(this.lane.name)}/${this.chosen}`, fields);
    this.busy = false;
    forgetPassword(this);
    if (this.answer.value?.why?.startsWith?.('idle')) location.assign('/sign-in');
    if (this.lane) this.#readPeriods();
    this.dispatchEvent(new CustomEvent('answered', {bubbles: true}));
  }

  #closed() {
    if (this.isOver) this.lane = null;
  }
}

customElements.define('mode-dialog', ModeDialog);
