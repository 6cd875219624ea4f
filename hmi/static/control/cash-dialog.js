/**
 * Cash: the dialog in which it is taken, taken back, counted and handed over. It shows what the plant answered, and
 * never says "done" before the plant does.
 */

import {html, nothing} from '../vendor/lit.js';
import {AskingElement} from './asking-element.js';
import {send} from './api.js';
import {yuan} from './format.js';
import {asksForSecond, forgetPassword, secondPerson} from './second-person.js';
import {text} from './tags.js';
import {language, said, t} from './texts.js';

const NOTES = [500, 1000, 2000, 5000, 10000];
const WAIT_MS = 12_000;

/**
 * Read an amount in yuan as whole fen; null if it is none.
 * @param {string} written
 */
export function fen(written) {
  const parts = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(written.trim());
  return parts ? Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0')) : null;
}

export class CashDialog extends AskingElement {
  static properties = {
    work: {state: true},
    price: {state: true},
    given: {state: true},
    busy: {state: true},
    answer: {state: true},
    live: {type: Boolean},
  };

  constructor() {
    super();
    /** @type {any} */
    this.work = null;
    /** @type {{due_fen: number, why: string} | null} */
    this.price = null;
    this.given = '';
    this.busy = false;
    this.live = false;
    /** @type {import('./api.js').Answer | null} */
    this.answer = null;
  }

  /**
   * Open the dialog for a piece of work: `{kind: 'take', lane}`, `{kind: 'arrears', stay, due_fen}`, `{kind: 'void',
   * receipt}`, `{kind: 'open'}`, `{kind: 'close', expected_fen}`, `{kind: 'safe'}` or `{kind: 'refund', order, amount_fen}`.
   * @param {any} work
   */
  async ask(work) {
    const lane = work.lane?.name;
    this.work = lane ? {...work, passage: text(`${lane}.passage`), stay: text(`${lane}.stay`)} : work;
    this.price = work.kind === 'arrears' ? {due_fen: work.due_fen, why: ''} : null;
    this.given = '';
    this.answer = null;
    await this.show();
    this.dialog?.querySelector('form')?.reset();
    if (work.kind === 'take') this.price = await priceOf(lane, this.work);
  }

  get #title() {
    const lane = language() === 'zh' ? this.work.lane?.title : this.work.lane?.title_en;
    /** @type {Record<string, () => string>} */
    const titles = {
      take: () => t('Cash for the car in {lane}', {lane}),
      arrears: () => t('Cash for what a stay owes'),
      void: () => t('Take receipt {number} back', {number: this.work.receipt}),
      open: () => t('Open the till'),
      close: () => t('Count the till and hand it over'),
      safe: () => t('Move cash between safe and bank'),
      refund: () => t('Give the payment back'),
    };
    return titles[this.work.kind]();
  }

  render() {
    if (!this.work) return nothing;
    const done = this.answer?.outcome === 'done';
    return html`<dialog aria-labelledby="cash-title" @close=${() => this.#closed()}>
      <form method="dialog" class="cash-form" @submit=${this.#submit}>
        <h2 id="cash-title">${this.#title}</h2>
        ${done ? this.#receipt() : this.#question()}${this.#outcome()}
        <menu>
          <button type="button" data-command="close" @click=${() => this.dialog?.close()}>${done ? t('Close') : t('Cancel')}</button>
          ${done ? nothing : html`<button type="submit" class="primary" data-command="confirm" ?disabled=${this.#whyNot !== ''}>${this.#label}</button>`}
        </menu>
      </form>
    </dialog>`;
  }

  get #label() {
    /** @type {Record<string, () => string>} */
    const labels = {
      take: () => t('Take the cash'),
      arrears: () => t('Take the cash'),
      void: () => t('Take it back'),
      open: () => t('Open the till'),
      close: () => t('Hand it over'),
      safe: () => t('Enter it'),
      refund: () => t('Give it back'),
    };
    return labels[this.work.kind]();
  }

  get #takes() {
    return ['take', 'arrears'].includes(this.work.kind);
  }

  get #whyNot() {
    if (this.busy) return t('Sent, waiting for the plant');
    if (!this.live) return t('The link to the plant is lost');
    if (this.work.kind === 'take' && text(`${this.work.lane.name}.passage`) !== this.work.passage) return t('This car has gone');
    if (!this.#takes) return '';
    if (this.price === null) return t('The price is asked for');
    if (this.price.why) return said(this.price.why);
    const given = fen(this.given);
    if (given === null) return t('Enter what the driver gives');
    return given < this.price.due_fen ? t('That is less than what is due') : '';
  }

  #question() {
    const {kind} = this.work;
    if (this.#takes) return this.#amounts();
    if (kind === 'void') return html`<label class="field">${t('Reason')} <input name="why" required maxlength="200" autocomplete="off"></label>${secondPerson(t('Second person: nobody takes cash back alone'))}`;
    if (kind === 'open') return amountField('float_fen', t('Change in the till, yuan'));
    if (kind === 'close') {
      const held = t('By the books there are {amount} in it', {amount: yuan(this.work.expected_fen)});
      return html`<p>${held}</p>${amountField('counted_fen', t('Counted, yuan'))}${places()}
        <label class="field">${t('Note')} <input name="note" maxlength="200" autocomplete="off"></label>${secondPerson(t('Who takes it over and counts it, too'))}`;
    }
    if (kind === 'refund') return refundAsked(this.work, asksForSecond(this.answer));
    return html`${amountField('amount_fen', t('Amount, yuan'))}${places()}<label class="field">${t('Note')} <input name="note" maxlength="200" autocomplete="off"></label>`;
  }

  #amounts() {
    const due = this.price?.due_fen ?? 0;
    const given = fen(this.given);
    const notes = [due, ...NOTES.filter((note) => note > due)].filter((note) => note > 0);
    return html`<p>${t('Due')} <span class="due value">${this.price && !this.price.why ? yuan(due) : '?'}</span></p>
      <label class="field">${t('Given, yuan')} <input name="given" inputmode="decimal" required maxlength="9" autocomplete="off" .value=${this.given}
        @input=${(/** @type {any} */ event) => { this.given = event.target.value; }}></label>
      <div class="notes" role="group" aria-label=${t('Given, yuan')}>${notes.map((note) => html`<button type="button" data-note=${note}
        @click=${() => { this.given = String(note / 100); }}>${yuan(note)}</button>`)}</div>
      <p class="change">${t('Change due')} <span class="value">${given !== null && given >= due && due ? yuan(given - due) : '–'}</span></p>`;
  }

  /** What came of it: for cash its receipt, to be printed, and the change to be given. */
  #receipt() {
    const made = this.answer?.value;
    if (!made?.receipt || this.work.kind === 'void') return nothing;
    return html`<p>${t('Receipt')} <a href="/money/receipts/${made.receipt}" target="_blank" rel="noopener">${made.receipt}</a></p>
      <p class="change">${t('Change due')} <span class="value">${yuan(made.change_fen)}</span></p>`;
  }

  #outcome() {
    const {answer} = this;
    const words = answer ? answerWords(answer) : this.#whyNot;
    return html`<p class="outcome ${answer?.outcome ?? ''}" role="status" data-outcome=${answer?.outcome ?? ''}>${words}</p>`;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#whyNot !== '' || this.answer?.outcome === 'done') return;
    const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    const body = bodyOf(fields);
    if (body === null) return;
    this.busy = true;
    this.answer = await send(this.#path, this.#takes ? this.#taken() : {...body, ...named(this.work)});
    this.busy = false;
    forgetPassword(this);
    if (this.answer.value?.why?.startsWith?.('idle')) location.assign('/sign-in');
    this.dispatchEvent(new CustomEvent('answered', {bubbles: true}));
  }

  get #path() {
    const {kind, lane} = this.work;
    /** @type {Record<string, string>} */
    const paths = {arrears: 'arrears-cash', void: 'void', open: 'open-till', close: 'close-till', safe: 'safe', refund: 'refund'};
    return kind === 'take' ? `/api/v1/lanes/${encodeURIComponent(lane.name)}/cash` : `/api/v1/money/${paths[kind]}`;
  }

  #taken() {
    const {passage, stay} = this.work;
    return {passage, stay, due_fen: this.price?.due_fen, given_fen: fen(this.given)};
  }

  #closed() {
    if (this.isOver) this.work = null;
  }
}

/**
 * What a piece of work is about, for the plant.
 * @param {any} work
 */
function named({kind, receipt, order}) {
  if (kind === 'void') return {receipt};
  return kind === 'refund' ? {order} : {};
}

/**
 * @param {any} work
 * @param {boolean} beside the plant wants a second person
 */
function refundAsked(work, beside) {
  const paid = t('Paid: {amount}', {amount: yuan(work.amount_fen)});
  /** @type {[string, string][]} */
  const reasons = [['OVERCHARGED', t('charged too much')], ['PAID_TWICE', t('paid twice')], ['GOODWILL', t('goodwill')], ['SERVICE', t('equipment failed')]];
  return html`<p>${paid}</p>${amountField('amount_fen', t('Amount, yuan'))}
    <fieldset><legend>${t('Reason')}</legend>${reasons.map(([value, word]) => html`<label class="choice"><input type="radio" name="reason" value=${value} required> <span>${word}</span></label>`)}</fieldset>
    <label class="field">${t('Note')} <input name="note" maxlength="200" autocomplete="off"></label>
    ${beside ? secondPerson(t('Second person')) : nothing}`;
}

/** Where cash goes. */
function places() {
  return html`<fieldset><legend>${t('To')}</legend>
    <label class="choice"><input type="radio" name="to" value="SAFE" required> <span>${t('the safe')}</span></label>
    <label class="choice"><input type="radio" name="to" value="BANK" required> <span>${t('the bank')}</span></label></fieldset>`;
}

/**
 * @param {string} name
 * @param {string} label
 */
function amountField(name, label) {
  return html`<label class="field">${label} <input name=${name} inputmode="decimal" required pattern="[0-9]{1,6}([.,][0-9]{1,2})?" maxlength="9" autocomplete="off"></label>`;
}

/**
 * Amounts are written in yuan and sent as whole fen; null if one of them is none.
 * @param {Record<string, any>} fields
 */
function bodyOf(fields) {
  const amounts = Object.keys(fields).filter((name) => name.endsWith('_fen')).map((name) => [name, fen(fields[name])]);
  if (amounts.some(([, amount]) => amount === null)) return null;
  return {...fields, ...Object.fromEntries(amounts)};
}

/** @param {import('./api.js').Answer} answer */
function answerWords({outcome, why}) {
  if (outcome === 'done') return t('The plant has taken it.');
  if (outcome === 'refused') return t('Refused: {why}', {why: said(why)});
  return t('Nobody knows whether it was entered. Look at the till. ({why})', {why: said(why)});
}

/**
 * @param {string} lane
 * @param {{passage: string, stay: string}} car
 */
async function priceOf(lane, {passage, stay}) {
  try {
    const asked = new URLSearchParams({passage, stay});
    const answer = await fetch(`/api/v1/lanes/${encodeURIComponent(lane)}/cash-price?${asked}`, {signal: AbortSignal.timeout(WAIT_MS)});
    const value = await answer.json();
    return answer.ok ? value : {due_fen: 0, why: String(value?.why ?? answer.status)};
  } catch (error) {
    return {due_fen: 0, why: t('no answer from the server')};
  }
}

customElements.define('cash-dialog', CashDialog);
