/**
 * The desk's own questions: say by which uncertain entry a car came in, send the fee anew, end a stay by hand, where a plate was before, settle a case, give money
 * back. What nobody confirms lapses as cancel. It never says "done" before the plant does.
 */

import {html, nothing} from '../../vendor/lit.js';
import {AskingElement} from '../asking-element.js';
import {send} from '../api.js';
import {dayAndTime, yuan} from '../format.js';
import {asksForSecond, forgetPassword, secondPerson} from '../second-person.js';
import {language, said, t} from '../texts.js';
import {endingWord} from '../words.js';
import {get} from './desk-get.js';

const LAPSE_MS = 60_000;

export class DeskDialog extends AskingElement {
  static properties = {work: {state: true}, busy: {state: true}, answer: {state: true}, found: {state: true}, payments: {state: true}, live: {type: Boolean}};

  constructor() {
    super();
    /** @type {any} */
    this.work = null;
    this.busy = false;
    /** @type {import('../api.js').Answer | null} */
    this.answer = null;
    /** @type {any[] | null} */
    this.found = null;
    /** @type {any[]} */
    this.payments = [];
    this.live = false;
    this.until = 0;
  }

  /**
   * @param {string} name
   * @param {any} of
   */
  async ask(name, of) {
    this.work = {name, ...of};
    this.answer = null;
    this.found = null;
    this.payments = [];
    this.until = performance.now() + LAPSE_MS;
    await this.show();
    this.querySelector('form')?.reset();
    if (name !== 'refund') return;
    const {work} = this;
    const paid = await get(`/api/v1/desk/payments?${new URLSearchParams({stay: of.told.stay.id})}`);
    if (this.work === work) this.payments = paid ?? [];
  }

  /** What nobody confirms is cancelled. */
  tick() {
    if (this.work && !this.busy && this.answer === null && performance.now() > this.until) this.dialog?.close();
  }

  get #title() {
    /** @type {Record<string, () => string>} */
    const titles = {
      'send-fee': () => t('Send the fee to the lane again'),
      'came-in': () => t('Say by which entry this car came in'),
      'end-stay': () => t('End this stay by hand'),
      'plate-history': () => t('Where this plate was before'),
      settle: () => t('Settle what was looked at'),
      'hand-over': () => t('Hand the shift over'),
      refund: () => t('Give a payment back'),
    };
    return titles[this.work.name]();
  }

  render() {
    if (!this.work) return nothing;
    const done = this.answer?.outcome === 'done' && this.work.name !== 'plate-history';
    return html`<dialog aria-labelledby="desk-title" @close=${() => this.#closed()} @input=${() => this.#wait()}><form method="dialog" @submit=${this.#submit}>
      <h2 id="desk-title">${this.#title}</h2>${done ? nothing : this.#question()}${this.#history()}${this.#outcome()}${this.#sheet()}
      <menu><button type="button" data-command="close" @click=${() => this.dialog?.close()}>${done ? t('Close') : t('Cancel')}</button>
        ${done ? nothing : html`<button type="submit" class="primary" data-command="confirm" ?disabled=${this.busy || !this.live}>${this.#label}</button>`}</menu></form></dialog>`;
  }

  get #label() {
    /** @type {Record<string, () => string>} */
    const labels = {'came-in': () => t('It came in by this one'), 'send-fee': () => t('Send it'), 'end-stay': () => t('End it'), 'plate-history': () => t('Look up'), settle: () => t('Settle'), 'hand-over': () => t('Hand it over'), refund: () => t('Give it back')};
    return labels[this.work.name]();
  }

  #question() {
    const {name, told} = this.work;
    if (name === 'send-fee') return html`<p>${t('A new price and a new QR code are shown to the driver.')}</p>`;
    if (name === 'came-in') return this.#cameIn();
    if (name === 'settle') return this.#settled();
    if (name === 'hand-over') return this.#handedOver();
    if (name === 'plate-history') {
      return html`<label class="field">${t('Plate')} <input name="plate" required maxlength="10" autocomplete="off" value=${told.stay?.plate ?? ''}></label>
        <label class="field">${t('What for')} <input name="purpose" required maxlength="200" autocomplete="off"></label>`;
    }
    if (name === 'end-stay') {
      const reasons = [['GHOST', t('no car of it is inside')], ['OPEN_LANE', t('it left by an open lane')], ['TWICE', t('the same car has two stays')], ['DUPLICATE_READ', t('it began by a misread')]];
      return html`<p><b>${told.stay.plate}</b> ${dayAndTime(new Date(told.stay.entered_at))}</p>${choices(t('Reason'), 'reason', reasons, false)}
        <label class="field">${t('Evidence')} <input name="evidence" required maxlength="200" autocomplete="off"></label>`;
    }
    return this.#refund();
  }

  /** The entries that may be this car's: the likeliest is chosen, how it is known stands there to be written on. */
  #cameIn() {
    const {told, lane} = this.work;
    const stands = t('It stands at {lane} now', {lane: language() === 'zh' ? lane.title : lane.title_en});
    return html`<p>${t('Its stay begins when it came in; then its fee is asked for.')}</p>
      <div class="stays" role="radiogroup" aria-label=${t('Uncertain entries')}>${told.in_doubt.map((/** @type {any} */ one, /** @type {number} */ n) => html`<label class="stay"><input type="radio" name="id" value=${one.id} required ?checked=${n === 0}>
        ${one.picture ? html`<img src="/pictures/${encodeURIComponent(one.picture)}" alt="" loading="lazy">` : html`<div class="picture empty">${t('no picture')}</div>`}
        <span><b>${one.plate}</b> ${dayAndTime(new Date(one.at))}<br>${said(one.why)}</span></label>`)}</div>
      <label class="field">${t('Evidence')} <input name="evidence" required maxlength="200" autocomplete="off" value=${stands}></label>`;
  }

  #settled() {
    const {case: of} = this.work;
    const evidence = html`<label class="field">${t('Evidence')} <input name="evidence" required maxlength="200" autocomplete="off"></label>`;
    if (of.kind === 'money') return html`<p>${said(of.why)}</p><label class="field">${t('What came of it')} <input name="outcome" required maxlength="200" autocomplete="off"></label>`;
    if (of.kind === 'uncertain') return html`<p>${said(of.why)}</p>${choices(t('Found'), 'found', [['inside', t('it is inside')], ['gone', t('it has left')], ['no-car', t('there was no car')]], false)}${evidence}`;
    return choices(t('Outcome'), 'outcome', of.outcomes.map((/** @type {string} */ one) => [one, said(one)]), true);
  }

  #handedOver() {
    const {shift, cases} = this.work;
    const {totals} = shift;
    const open = t('Open cases: {count}', {count: cases.length});
    return html`<dl class="figures"><div><dt>${t('On duty since')}</dt><dd>${dayAndTime(new Date(shift.began_at))}</dd></div>
      <div><dt>${t('Cases answered, resolved')}</dt><dd>${totals.answered} · ${totals.resolved}</dd></div>
      <div><dt>${t('Openings by hand')}</dt><dd>${totals.deeds['open gate'] ?? 0}</dd></div>
      <div><dt>${t('Cash')}</dt><dd>${yuan(totals.cash_fen)} · ${totals.receipts}</dd></div></dl><p>${open}</p>
      <label class="field">${t('Note for the next one')} <input name="note" maxlength="500" autocomplete="off"></label>${secondPerson(t('Who takes the shift over signs for it'))}`;
  }

  #refund() {
    const reasons = [['OVERCHARGED', t('charged too much')], ['PAID_TWICE', t('paid twice')], ['GOODWILL', t('goodwill')], ['SERVICE', t('equipment failed')]];
    const payment = t('Payment');
    return html`${choices(payment, 'order', this.payments.map((one) => [one.order, `${yuan(one.amount_fen)} ${one.order}`]), false)}
      <label class="field">${t('Amount, yuan')} <input name="amount" inputmode="decimal" required pattern="[0-9]{1,6}([.,][0-9]{1,2})?" maxlength="9" autocomplete="off"></label>
      ${choices(t('Reason'), 'reason', reasons, true)}${asksForSecond(this.answer) ? secondPerson(t('Second person')) : nothing}`;
  }

  #history() {
    if (this.found === null) return nothing;
    if (!this.found.length) return html`<p class="none" role="status">${t('None')}</p>`;
    return html`<div class="scroll" tabindex="0"><table data-table="history"><tbody>${this.found.map((one) => html`<tr><td>${dayAndTime(new Date(one.entered_at))}</td><td>${one.exited_at ? dayAndTime(new Date(one.exited_at)) : t('inside')}</td>
      <td>${one.ending ? endingWord(one.ending) : ''}</td><td class="amount">${yuan(one.fee_fen)}</td><td class="amount">${one.arrears_fen ? yuan(one.arrears_fen) : ''}</td></tr>`)}</tbody></table></div>`;
  }

  #outcome() {
    const {answer} = this;
    const words = this.busy ? t('Sent, waiting for the plant') : answer === null ? '' : answer.outcome === 'done' ? t('The plant has taken it.') : answer.outcome === 'refused' ? t('Refused: {why}', {why: said(answer.why)}) : t('Nobody knows whether it happened. Look at the lane. ({why})', {why: said(answer.why)});
    return html`<p class="outcome ${answer?.outcome ?? ''}" role="status" data-outcome=${answer?.outcome ?? ''}>${words}</p>`;
  }

  /** What was handed over, to be printed. */
  #sheet() {
    const shift = this.work.name === 'hand-over' && this.answer?.outcome === 'done' ? this.answer.value?.shift : '';
    return shift ? html`<p><a class="button" href="/desk/shifts/${shift}" target="_blank" rel="noopener">${t('Print the sheet')}</a></p>` : nothing;
  }

  #wait() {
    this.until = performance.now() + LAPSE_MS;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.busy || !this.live) return;
    const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    const {path, body} = this.#order(fields);
    this.busy = true;
    this.answer = await send(path, body);
    if (this.work?.name === 'came-in' && this.answer.outcome === 'done') this.answer = await this.#pick(this.answer.value?.stay ?? '');
    this.busy = false;
    forgetPassword(this);
    if (this.work?.name === 'plate-history' && this.answer.outcome === 'done') this.found = this.answer.value;
    if (this.answer.value?.why?.startsWith?.('idle')) location.assign('/sign-in');
    this.dispatchEvent(new CustomEvent('answered', {bubbles: true}));
  }

  /** The car in the lane is that of the stay which has just begun. @param {string} stay */
  async #pick(stay) {
    const {lane, told} = this.work;
    return stay ? send(`/api/v1/lanes/${encodeURIComponent(lane.name)}/stay`, {passage: told.passage, stay}) : {outcome: /** @type {const} */ ('refused'), why: t('this car has come in again since: pick its stay'), value: null};
  }

  /** @param {any} fields */
  #order(fields) {
    const {name, told, lane, case: of} = this.work;
    if (name === 'send-fee') return {path: `/api/v1/lanes/${encodeURIComponent(lane.name)}/send-fee`, body: {passage: told.passage}};
    if (name === 'came-in') return {path: '/api/v1/stocktake/doubts', body: {...fields, id: Number(fields.id), found: 'inside'}};
    if (name === 'hand-over') return {path: '/api/v1/desk/shift/hand-over', body: fields};
    if (name === 'settle' && of.kind === 'money') return {path: '/api/v1/money/cases/close', body: {case: of.ref.slice('money:'.length), ...fields}};
    if (name === 'settle' && of.kind === 'uncertain') return {path: '/api/v1/stocktake/doubts', body: {id: Number(of.ref.slice('uncertain:'.length)), ...fields}};
    if (name === 'settle') return {path: '/api/v1/desk/cases/settle', body: {case: of.ref, ...fields}};
    if (name === 'plate-history') return {path: '/api/v1/desk/plate-history', body: {case: of?.ref ?? '', ...fields}};
    if (name === 'end-stay') return {path: '/api/v1/stocktake/end-stay', body: {stay: told.stay.id, ...fields}};
    const {amount, ...rest} = fields;
    return {path: '/api/v1/money/refund', body: {...rest, amount_fen: Math.round(Number(String(amount).replace(',', '.')) * 100)}};
  }

  #closed() {
    if (this.isOver) this.work = null;
  }
}

/**
 * @param {string} legend
 * @param {string} name
 * @param {string[][]} options
 * @param {boolean} note
 */
function choices(legend, name, options, note) {
  return html`<fieldset><legend>${legend}</legend>${options.map(([value, word]) => html`<label class="choice"><input type="radio" name=${name} value=${value} required> <span>${word}</span></label>`)}</fieldset>
    ${note ? html`<label class="field">${t('Note')} <input name="note" maxlength="200" autocomplete="off"></label>` : nothing}`;
}

customElements.define('desk-dialog', DeskDialog);
