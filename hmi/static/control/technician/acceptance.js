/** The sheet by which a lane is accepted: what was looked at, what the system saw, two names; printed, and kept. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {send} from '../api.js';
import {forgetPassword, secondPerson} from '../second-person.js';
import {said, t} from '../texts.js';
import {got, outcomeWords, startPage, when} from './parts.js';

/** @type {[string, () => string][]} */
const ANSWERS = [['passed', () => t('passed')], ['failed', () => t('failed')], ['none', () => t('not there')]];

class AcceptancePage extends LitElement {
  static properties = {told: {state: true}, shown: {state: true}, outcome: {state: true}, busy: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.page = {lanes: []};
    /** @type {any} */
    this.told = null;
    /** A sheet that was signed, if one is looked at. @type {any} */
    this.shown = null;
    this.outcome = '';
    this.busy = false;
  }

  createRenderRoot() {
    return this;
  }

  async read() {
    const {value, why} = await got(`/api/v1/lanes/${this.page.lane}/acceptance`);
    this.told = value ?? this.told;
    if (why) this.outcome = said(why);
  }

  render() {
    const {lane, lanes} = this.page;
    return html`<nav class="row no-print" aria-label=${t('Lanes')}>${lanes.map((/** @type {any} */ one) => html`<a class="button" href=${`/acceptance/${one.name}`} aria-current=${one.name === lane ? 'page' : nothing}>${title(one)}</a>`)}</nav>
      <p role="status" class="no-print">${this.busy ? t('Sent, waiting for the plant') : this.outcome}</p>${this.told ? html`${this.shown ? this.#kept() : this.#sheet()}${this.#sheets()}` : nothing}`;
  }

  get #heading() {
    return t('Acceptance of {lane}', {lane: title(this.#lane)});
  }

  get #lane() {
    return this.page.lanes.find((/** @type {any} */ one) => one.name === this.page.lane) ?? {};
  }

  #sheet() {
    return html`<form class="card block sheet" @submit=${(/** @type {SubmitEvent} */ event) => this.#sign(event)}><h3>${this.#heading}</h3>
      <table><thead><tr><th>${t('Item')}</th><th>${t('Seen by the system in the last 7 days')}</th><th>${t('Found')}</th><th>${t('Note')}</th></tr></thead>
      <tbody>${this.told.items.map((/** @type {any} */ item) => html`<tr data-item=${item.key}><th scope="row">${said(item.title)}<br><small>${said(item.how)}</small></th><td>${measured(this.told.facts[item.key])}</td>
        <td><fieldset class="answers"><legend class="unseen">${said(item.title)}</legend>${ANSWERS.map(([value, word]) => html`<label class="choice"><input type="radio" name=${item.key} value=${value} required><span>${word()}</span></label>`)}</fieldset></td>
        <td><input name=${`note-${item.key}`} maxlength="200" aria-label=${`${t('Note')}: ${said(item.title)}`} autocomplete="off"></td></tr>`)}</tbody></table>
      <p class="lines only-print">${t('First person')} ______________________ ${t('Second person')} ______________________ ${t('Day')} ______________</p>
      ${this.page.maySign ? html`<div class="no-print"><label class="field">${t('Note')} <input name="note" maxlength="200" autocomplete="off"></label>${secondPerson(t('Second person'))}
        <div class="row"><button class="primary" ?disabled=${this.busy}>${t('Sign, both of us')}</button><button type="button" @click=${() => window.print()}>${t('Print')}</button></div></div>` : nothing}</form>`;
  }

  /** @param {SubmitEvent} event */
  async #sign(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const answers = this.told.items.map((/** @type {any} */ {key}) => ({key, answer: fields[key], note: fields[`note-${key}`] ?? ''}));
    this.busy = true;
    const answer = await send(`/api/v1/lanes/${this.page.lane}/acceptance`, {answers, note: fields.note ?? '', second_name: fields.second_name, second_password: fields.second_password});
    this.busy = false;
    forgetPassword(form);
    this.outcome = answer.outcome === 'done' ? t('Sheet {number} is kept', {number: answer.value.sheet}) : outcomeWords(answer);
    await this.read();
    if (answer.outcome === 'done') this.shown = this.told.sheets.find((/** @type {any} */ sheet) => sheet.id === answer.value.sheet) ?? null;
  }

  #kept() {
    const {id, at, first, second, content} = this.shown;
    const found = new Map(content.answers.map((/** @type {any} */ one) => [one.key, one]));
    return html`<section class="card block sheet" data-sheet=${id}><h3>${this.#heading} · ${id}</h3>
      <p>${when(at)} · ${t('First person')}: <b>${first}</b> · ${t('Second person')}: <b>${second}</b>${content.note ? html`<br>${content.note}` : nothing}</p>
      <table><thead><tr><th>${t('Item')}</th><th>${t('Seen by the system')}</th><th>${t('Found')}</th><th>${t('Note')}</th></tr></thead>
      <tbody>${this.told.items.map((/** @type {any} */ item) => html`<tr><th scope="row">${said(item.title)}<br><small>${said(item.how)}</small></th><td>${measured(content.facts[item.key])}</td>
        <td>${ANSWERS.find(([value]) => value === found.get(item.key)?.answer)?.[1]()}</td><td>${found.get(item.key)?.note}</td></tr>`)}</tbody></table>
      <div class="row no-print"><button type="button" @click=${() => window.print()}>${t('Print')}</button><button type="button" @click=${() => (this.shown = null)}>${t('A new sheet')}</button></div></section>`;
  }

  #sheets() {
    return html`<section class="card block no-print"><h3>${t('Signed sheets')}</h3>${this.told.sheets.length ? html`<ul class="plain">${this.told.sheets.map((/** @type {any} */ sheet) => html`<li><button type="button" class="small-button" data-look=${sheet.id} @click=${() => (this.shown = sheet)}>${sheet.id}</button> ${when(sheet.at)} ${sheet.first}, ${sheet.second}</li>`)}</ul>` : html`<p class="none">${t('None')}</p>`}</section>`;
  }
}

/** @param {Record<string, number> | undefined} facts */
function measured(facts) {
  const told = Object.entries(facts ?? {});
  if (!told.length) return html`<span class="none">–</span>`;
  return told.map(([what, count]) => html`<span class="fact">${said(what)}: <b>${count}</b></span><br>`);
}

/** @param {any} lane */
const title = (lane) => (document.documentElement.lang.startsWith('zh') ? lane.title : lane.title_en);

customElements.define('acceptance-page', AcceptancePage);

async function start() {
  const {shown} = await startPage('acceptance-page');
  await shown.read();
}

start();
