/**
 * The alarms page: one row an alarm, unacknowledged first, then by priority, then the newest. While the pointer or the
 * keyboard is in the list rows keep their places; what is new waits at its end until one leaves.
 */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {clockTime, countdown, date, dayAndTime} from '../format.js';
import {element, startShell} from '../shell.js';
import {said, t} from '../texts.js';
import {badge, words} from './alarm-band.js';
import {figuresOf} from './figures.js';
import './alarm-facts.js';

/** @typedef {import('./alarm-band.js').Row} Row */

const WAIT_MS = 8000;
/** @type {[string, () => string][]} */
const TABS = [
  ['active', () => t('Active')],
  ['shelved', () => t('Shelved')],
  ['suppressed', () => t('Suppressed by design')],
  ['out', () => t('Out of service')],
  ['journal', () => t('Journal')],
  ['figures', () => t('Figures')],
];
/** @type {Record<string, () => string>} */
const STATES = {
  UNACK: () => t('unacknowledged'),
  ACKED: () => t('acknowledged'),
  RTNUN: () => t('over, unacknowledged'),
  LTCH: () => t('over, latched'),
  NORM: () => t('normal'),
};

class AlarmTable extends LitElement {
  static properties = {rows: {state: true}, tab: {state: true}, chosen: {state: true}, events: {state: true}, figures: {state: true}};
  /** @type {string[]} */
  #order = [];

  constructor() {
    super();
    /** @type {Row[]} */
    this.rows = [];
    this.tab = 'active';
    this.chosen = '';
    /** @type {any[]} */
    this.events = [];
    /** @type {any} */
    this.figures = null;
    this.mayAct = false;
    this.place = (/** @type {string} */ name) => name;
    /** @type {() => Date | null} */
    this.now = () => null;
  }

  createRenderRoot() {
    return this;
  }

  /** The rows of this tab: as the plant sorts them, but none moves while somebody is among them. */
  #shown() {
    const rows = new Map(this.rows.filter((row) => row.tab === this.tab).map((row) => [row.id, row]));
    const held = this.matches(':hover') || this.contains(document.activeElement);
    const kept = held ? this.#order.filter((id) => rows.has(id)) : [];
    this.#order = [...kept, ...[...rows.keys()].filter((id) => !kept.includes(id))];
    return this.#order.map((id) => /** @type {Row} */ (rows.get(id)));
  }

  /** @param {string} tab */
  async open(tab) {
    this.tab = tab;
    this.#order = [];
    if (tab === 'journal') this.events = (await fetched('/api/v1/alarms/events?limit=100'))?.events ?? this.events;
    if (tab === 'figures') this.figures = await fetched('/api/v1/alarms/figures');
  }

  render() {
    return html`<section class="card" aria-label=${t('Alarms')}><div class="head"><div class="tabs" role="tablist" @keydown=${this.#alongTabs}>
      ${TABS.map(([tab, title]) => this.#tab(tab, title()))}</div>${this.#pageButton()}</div>
      <div role="tabpanel" aria-label=${TABS.find(([tab]) => tab === this.tab)?.[1]() ?? ''}>${this.#panel()}</div></section>`;
  }

  /** @param {KeyboardEvent} event */
  #alongTabs(event) {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    const at = TABS.findIndex(([tab]) => tab === this.tab);
    const [next] = TABS[(at + step + TABS.length) % TABS.length];
    this.open(next);
    this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(`[data-tab="${next}"]`))?.focus());
  }

  /** @param {string} tab @param {string} title */
  #tab(tab, title) {
    const count = this.rows.filter((row) => row.tab === tab).length;
    return html`<button type="button" role="tab" data-tab=${tab} aria-selected=${tab === this.tab} tabindex=${tab === this.tab ? 0 : -1}
      @click=${() => this.open(tab)}>${title}${count ? ` (${count})` : ''}</button>`;
  }

  #pageButton() {
    const waiting = this.rows.filter((row) => row.tab === 'active' && (row.state === 'UNACK' || row.state === 'RTNUN')).slice(0, 100);
    if (!waiting.length || !this.mayAct || this.tab !== 'active') return nothing;
    const all = () => this.dispatchEvent(new CustomEvent('acknowledge', {detail: waiting.map((row) => row.id), bubbles: true}));
    return html`<button type="button" data-page @click=${all}>${t('Acknowledge this page')} (${waiting.length})</button>`;
  }

  #panel() {
    if (this.tab === 'journal') return this.#journal();
    if (this.tab === 'figures') return figuresOf(this.figures);
    const rows = this.#shown();
    if (!rows.length) return html`<p class="none">${t('None')}</p>`;
    return html`<table><thead><tr><th>${t('Priority')}</th><th>${t('State')}</th><th>${t('Since')}</th><th>${t('Place')}</th>
      <th>${t('Alarm')}</th><th>${t('Value')}</th></tr></thead><tbody @keydown=${this.#alongRows}>${rows.map((row, at) => this.#row(row, at))}</tbody></table>`;
  }

  /** @param {KeyboardEvent} event */
  #alongRows(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest('tr');
    const next = event.key === 'ArrowDown' ? row?.nextElementSibling : event.key === 'ArrowUp' ? row?.previousElementSibling : null;
    if (next instanceof HTMLElement) {
      event.preventDefault();
      next.focus();
      this.#choose(next.dataset.alarm ?? '');
    } else if (event.key === 'Enter' && row) {
      this.dispatchEvent(new CustomEvent('inside', {bubbles: true}));
    }
  }

  /** @param {Row} row @param {number} at */
  #row(row, at) {
    const since = row.since ? new Date(row.since) : null;
    const now = this.now();
    const age = since && now ? countdown(Math.max(0, now.getTime() - since.getTime())) : '';
    const isOne = this.chosen ? row.id === this.chosen : at === 0;
    return html`<tr data-alarm=${row.id} data-state=${row.state} tabindex=${isOne ? 0 : -1} aria-selected=${row.id === this.chosen}
      @click=${() => this.#choose(row.id)} @focus=${() => this.#choose(row.id)}><td>${badge(row.priority)}</td>
      <td>${(STATES[row.state] ?? (() => row.state))()} ${this.#marks(row)}</td><td class="whole">${since && now && date(since) !== date(now) ? html`${date(since)} ` : nothing}${since ? clockTime(since) : ''}<br><small>${age}</small></td>
      <td class="whole">${this.place(row.place)}</td><td>${words(row)}</td><td><code>${row.value}</code>${row.limit === null ? nothing : html`<br><small>${t('limit')} ${row.limit}</small>`}</td></tr>`;
  }

  /** @param {Row} row */
  #marks(row) {
    const left = row.shelved_until && this.now() ? countdown(new Date(row.shelved_until).getTime() - /** @type {Date} */ (this.now()).getTime()) : '';
    return html`${row.unknown ? html`<span class="mark">? ${t('condition unknown')}</span>` : nothing}
      ${row.repeats > 1 ? html`<span class="mark">×${row.repeats}</span>` : nothing}${row.is_first ? html`<span class="mark">${t('first')}</span>` : nothing}
      ${row.comment ? html`<span class="mark" title=${row.comment}>✎</span>` : nothing}${left ? html`<span class="mark">${left}</span>` : nothing}`;
  }

  /** @param {string} id */
  #choose(id) {
    if (id === this.chosen) return;
    this.chosen = id;
    this.dispatchEvent(new CustomEvent('chosen', {detail: id, bubbles: true}));
  }

  #journal() {
    return html`<table><thead><tr><th>${t('Time')}</th><th>${t('Alarm')}</th><th>${t('What')}</th><th>${t('By')}</th><th>${t('Comment')}</th></tr></thead>
      <tbody>${this.events.map((one) => html`<tr><td title=${date(new Date(one.at))}>${dayAndTime(new Date(one.at))}</td><td>${one.priority ? badge(one.priority) : nothing} ${one.alarm}</td>
        <td>${said(one.what)}</td><td>${one.by}</td><td>${one.note}${one.value ? html` <small>${one.value}</small>` : nothing}</td></tr>`)}</tbody></table>`;
  }
}

/** @param {string} path */
async function fetched(path) {
  try {
    const answer = await fetch(path, {signal: AbortSignal.timeout(WAIT_MS)});
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    return null;
  }
}

/** @param {any[]} lanes @param {string} name */
function laneTitle(lanes, name) {
  const lane = lanes.find((one) => one.name === name);
  return (document.documentElement.lang.startsWith('zh') ? lane?.title : lane?.title_en) ?? name;
}

async function start() {
  const {page, link} = await startShell();
  const [table, facts, band] = ['table', 'facts', 'alarm-band'].map(element);
  Object.assign(table, {mayAct: page.mayAct, place: (/** @type {string} */ name) => laneTitle(page.lanes, name), now: () => link.now()});
  Object.assign(facts, {mayAct: page.mayAct, mayTakeOut: page.mayTakeOut, now: () => link.now()});
  const show = () => {
    facts.row = table.rows.find((/** @type {Row} */ row) => row.id === table.chosen) ?? null;
  };
  band.addEventListener('alarms', (/** @type {CustomEvent} */ event) => {
    table.rows = event.detail;
    show();
  });
  table.addEventListener('chosen', show);
  table.addEventListener('inside', () => facts.enter());
  table.addEventListener('acknowledge', (/** @type {CustomEvent} */ event) => facts.order('acknowledge', {alarms: event.detail}));
  table.addEventListener('mouseleave', () => table.requestUpdate());
  let ticks = 0;
  link.addEventListener('tick', () => {
    if (++ticks % 5 === 0 && table.rows.length) table.requestUpdate();
  });
  table.requestUpdate();
  facts.requestUpdate();
}

customElements.define('alarm-table', AlarmTable);
start();
