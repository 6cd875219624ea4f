/** Tag maps: bring a file, see what is wrong with it and what it would change, have it signed, put it to use, go back. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {send} from '../api.js';
import {asksForSecond, forgetPassword, secondPerson} from '../second-person.js';
import {said, t} from '../texts.js';
import {got, outcomeWords, startPage, when} from './parts.js';

const MOST_BYTES = 1_000_000;
const MOST_ASKS = 12;

/** @type {Record<string, () => string>} */
const STATES = {
  OPEN: () => t('waits for a second person'),
  SIGNED: () => t('signed'),
  APPLIED: () => t('in use since'),
  WITHDRAWN: () => t('withdrawn'),
  MISTAKEN: () => t('has mistakes: bring a better one'),
};
/** @type {Record<string, () => string>} */
const KINDS = {added: () => t('added'), removed: () => t('removed'), changed: () => t('changed')};

/** What a proposal holds.
 * @type {Record<string, () => string>} */
const FILES = {map: () => t('Map'), devices: () => t('Device table')};

/** @param {number} count */
const countWord = (count) => t('Tags: {count}', {count});

class MapsPage extends LitElement {
  static properties = {map: {state: true}, proposals: {state: true}, chosen: {state: true}, told: {state: true}, outcome: {state: true}, beside: {state: true}, busy: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.page = {may: {}};
    /** @type {any} */
    this.map = null;
    /** @type {any[]} */
    this.proposals = [];
    /** What is looked at: a proposal by number, or a version. @type {{number?: number, version?: number} | null} */
    this.chosen = null;
    /** @type {any} */
    this.told = null;
    this.outcome = '';
    /** To go back to this version the plant wants a second person. */
    this.beside = 0;
    this.busy = false;
  }

  createRenderRoot() {
    return this;
  }

  async read() {
    const [map, proposals] = await Promise.all([got('/api/v1/map'), got('/api/v1/map-proposals')]);
    this.map = map.value ?? this.map;
    this.proposals = proposals.value ?? this.proposals;
    if (map.why) this.outcome = said(map.why);
  }

  render() {
    return html`${this.page.may.propose_map ? this.#bringing() : nothing}<p class="card block" role="status">${this.busy ? t('Sent, waiting for the plant') : this.outcome}</p>
      ${this.#brought()}${this.told ? this.#difference() : nothing}${this.map ? this.#versions() : nothing}`;
  }

  #bringing() {
    return html`<form class="card block row" id="bring" @submit=${(/** @type {SubmitEvent} */ event) => this.#bring(event)}>
      <label class="field">${t('Map, CSV or xlsx')} <input type="file" name="map" accept=".csv,.xlsx,.txt"></label>
      <label class="field">${t('Device table, CSV or xlsx')} <input type="file" name="devices" accept=".csv,.xlsx,.txt"></label>
      <label class="field">${t('Reason')} <input name="why" required maxlength="200" autocomplete="off"></label>
      <button class="primary" ?disabled=${this.busy}>${t('Bring it')}</button>
      <p class="small">${t('Nothing changes until a second person has signed it and somebody has put it to use.')}</p></form>`;
  }

  /** @param {SubmitEvent} event */
  async #bring(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const fields = new FormData(form);
    /** @type {Record<string, string>} */
    const body = {why: String(fields.get('why'))};
    for (const name of ['map', 'devices']) {
      const file = fields.get(name);
      if (!(file instanceof File) || !file.name) continue;
      if (!file.size || file.size > MOST_BYTES) {
        this.outcome = file.size ? t('{file} is larger than 1 MB: choose a file that holds the table alone', {file: file.name}) : t('{file} is empty: choose a file that holds the table', {file: file.name});
        return;
      }
      body[name] = await base64(file);
    }
    if (!body.map && !body.devices) {
      this.outcome = t('Choose a file first');
      return;
    }
    const answer = await this.#sent('/api/v1/map-proposals', body);
    if (answer.outcome !== 'done') return;
    form.reset();
    this.chosen = {number: answer.value.number};
    this.told = answer.value;
    if (!answer.value.differences) this.outcome = t('Brought, but the map has mistakes: correct them in the file and bring it again');
  }

  /** @param {string} path @param {object} [body] */
  async #sent(path, body = {}) {
    this.busy = true;
    const answer = await send(path, body);
    this.busy = false;
    this.outcome = outcomeWords(answer);
    await this.read();
    return answer;
  }

  #brought() {
    const heading = t('Brought');
    return html`<section class="card block"><h3>${heading}</h3>${this.proposals.length ? html`<div class="wide short" tabindex="0" role="region" aria-label=${heading}><table><thead><tr><th>${t('No.')}</th><th>${t('Time')}</th><th>${t('By')}</th><th>${t('Reason')}</th><th>${t('State')}</th><th><span class="unseen">${t('Do')}</span></th></tr></thead>
      <tbody>${this.proposals.map((one) => html`<tr data-proposal=${one.number}><th scope="row">${one.number}</th><td>${when(one.at)}</td><td>${said(one.by)}</td><td class="long">${said(one.why)}</td>
        <td>${STATES[one.state]?.() ?? one.state} ${one.version || ''} ${one.signed_by ? html`<small>${t('signed by {name}', {name: one.signed_by})}</small>` : nothing}</td><td class="deeds">${this.#deeds(one)}</td></tr>`)}</tbody></table></div>` : html`<p class="none">${t('None')}</p>`}</section>`;
  }

  /** @param {any} one */
  #deeds(one) {
    const {may, me} = this.page;
    const path = `/api/v1/map-proposals/${one.number}`;
    return html`<button type="button" data-do="look" @click=${() => this.#look({number: one.number})}>${t('Look')}</button>
      ${one.state === 'OPEN' && may.sign_map ? html`<button type="button" data-do="sign" ?disabled=${one.by === me} title=${one.by === me ? t('A second person signs') : ''} @click=${() => this.#sent(`${path}/sign`)}>${t('Sign')}</button>` : nothing}
      ${one.state === 'SIGNED' && may.apply_map ? html`<button type="button" class="primary" data-do="apply" @click=${() => this.#apply(`${path}/apply`)}>${t('Put to use')}</button>` : nothing}
      ${['OPEN', 'SIGNED'].includes(one.state) && may.apply_map ? html`<button type="button" data-do="withdraw" @click=${() => this.#sent(`${path}/withdraw`, {why: t('withdrawn on the page')})}>${t('Withdraw')}</button>` : nothing}`;
  }

  /** Apply, and ask again as long as lanes are not idle. @param {string} path @param {object} [body] */
  async #apply(path, body = {}) {
    for (let asks = 1; ; asks += 1) {
      const answer = await this.#sent(path, body);
      const {outcome, value} = answer;
      if (outcome !== 'done') return answer;
      if (!value.ok) {
        this.told = value;
        this.outcome = t('The map has mistakes: nothing changes');
        return answer;
      }
      const waiting = Object.entries(value.waiting).map(([device, why]) => `${device} (${said(String(why))})`);
      this.outcome = waiting.length ? t('Not yet changed: {devices}', {devices: waiting.join(', ')}) : t('Version {number} is in use', {number: value.version});
      if (!waiting.length || asks === MOST_ASKS) return answer;
    }
  }

  /** @param {{number?: number, version?: number}} which */
  async #look(which) {
    this.busy = true;
    const told = await got(`/api/v1/map-difference?${new URLSearchParams(Object.entries(which).map(([key, value]) => [key, String(value)]))}`);
    this.busy = false;
    this.chosen = which;
    this.told = told.value;
    this.outcome = told.why ? said(told.why) : '';
  }

  #difference() {
    const {findings, differences} = this.told;
    const name = this.chosen?.version ? t('Version {number}', {number: this.chosen.version}) : t('Proposal {number}', {number: this.chosen?.number ?? ''});
    const files = new URLSearchParams(Object.entries(this.chosen ?? {}).map(([key, value]) => [key, String(value)]));
    return html`<section class="card block" id="difference"><h3>${name}</h3>
      ${this.page.may.propose_map ? html`<p>${['map', 'devices'].map((file) => html`<a class="button" href=${`/api/v1/map-file?${files}&name=${file}`} download>${FILES[file]()}</a> `)}</p>` : nothing}
      ${findings.length ? this.#findings(findings) : html`<p class="none">${t('No mistake and no doubt was found')}</p>`}${differences ? this.#changes(differences) : html`<p><b class="look">${t('The map has mistakes: nothing changes')}</b></p>`}</section>`;
  }

  /** @param {any[]} findings */
  #findings(findings) {
    const heading = t('Found in it');
    return html`<h4>${heading}</h4><div class="wide short" tabindex="0" role="region" aria-label=${heading}><table><thead><tr><th></th><th>${t('File')}</th><th class="right">${t('Row')}</th><th>${t('Column')}</th><th>${t('Code')}</th><th>${t('What')}</th><th>${t('Remedy')}</th></tr></thead>
      <tbody>${findings.map((one) => html`<tr data-finding=${one.code} data-severity=${one.severity}><td>${one.severity === 'error' ? html`<b class="look">${t('mistake')}</b>` : t('doubt')}</td><td>${FILES[one.file]?.() ?? one.file} ${one.sheet}</td><td class="right">${one.row}</td><td><code>${one.column}</code></td><td>${one.code}</td><td class="long">${one.lane ? `${one.lane}: ` : ''}${said(one.text)}</td><td class="long">${said(one.remedy)}</td></tr>`)}</tbody></table></div>`;
  }

  /** @param {any} differences */
  #changes({same, devices, tags, count}) {
    const heading = t('What it would change now');
    if (same) return html`<h4>${heading}</h4><p class="none">${t('nothing differs')}</p>`;
    return html`<h4>${heading}</h4><ul>${devices.map((/** @type {any} */ one) => html`<li>${KINDS[one.kind]?.()} <b>${one.device}</b>: ${one.restarts ? t('the link is made anew') : t('the link stays')}${one.lanes.length ? html` (${one.lanes.join(', ')})` : nothing}</li>`)}</ul>
      <p class="small">${countWord(count)}</p><div class="wide short" tabindex="0" role="region" aria-label=${heading}><table><thead><tr><th>${t('Tag')}</th><th></th><th>${t('Column')}</th><th>${t('Before')}</th><th>${t('After')}</th></tr></thead>
      <tbody>${tags.flatMap((/** @type {any} */ tag) => Object.entries(/** @type {Record<string, string[]>} */ (tag.columns)).map(([column, [old, fresh]], n) => html`<tr data-change=${tag.tag}><th scope="row">${n ? '' : tag.tag}</th><td>${n ? '' : KINDS[tag.kind]?.()}</td><td><code>${column}</code></td><td><code>${old || '–'}</code></td><td><code>${fresh || '–'}</code></td></tr>`))}</tbody></table></div>`;
  }

  #versions() {
    const {version, versions, no_auto: noAuto} = this.map;
    const heading = t('Versions');
    return html`<section class="card block"><h3>${heading}</h3>${Object.entries(noAuto).map(([lane, why]) => html`<p><b class="look">${t('{lane} has no AUTO', {lane})}</b> ${said(String(why))}</p>`)}
      <div class="wide short" tabindex="0" role="region" aria-label=${heading}><table><thead><tr><th>${t('No.')}</th><th>${t('Time')}</th><th>${t('By')}</th><th>${t('Reason')}</th><th><span class="unseen">${t('Do')}</span></th></tr></thead>
      <tbody>${[...versions].reverse().map((/** @type {any} */ one) => html`<tr data-version=${one.number}><th scope="row">${one.number}${one.number === version ? html` <b class="chip">${t('in use')}</b>` : nothing}</th><td>${when(one.at)}</td><td>${said(one.by)}</td><td class="long">${said(one.why)}</td>
        <td class="deeds"><button type="button" data-do="look" @click=${() => this.#look({version: one.number})}>${t('Look')}</button>${one.number !== version && this.page.may.rollback_tags ? this.#backForm(one.number) : nothing}</td></tr>`)}</tbody></table></div></section>`;
  }

  /** @param {number} version */
  #backForm(version) {
    const label = t('Why go back to {version}', {version});
    return html`<form class="row" @submit=${(/** @type {SubmitEvent} */ event) => this.#back(event, version)}><input name="why" required maxlength="200" aria-label=${label} placeholder=${t('Reason')} autocomplete="off">
      ${this.beside === version ? secondPerson(t('Second person: nobody goes back to a former map alone')) : nothing}<button>${t('Go back to it')}</button></form>`;
  }

  /** @param {SubmitEvent} event @param {number} version */
  async #back(event, version) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const fields = Object.fromEntries(new FormData(form));
    forgetPassword(form);
    const answer = await this.#apply('/api/v1/map/roll-back', {...fields, version});
    if (answer.outcome === 'done') this.beside = 0;
    else if (asksForSecond(answer)) this.beside = version;
  }
}

/** @param {File} file @returns {Promise<string>} */
async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

customElements.define('maps-page', MapsPage);

async function start() {
  const {shown} = await startPage('maps-page');
  await shown.read();
}

start();
