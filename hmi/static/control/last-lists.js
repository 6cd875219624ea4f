/** The last stays, and what people did: read again when the plant says that something changed. */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {list} from './api.js';
import {clockTime, dayAndTime, duration, yuan} from './format.js';
import {language, said, t} from './texts.js';
import {endingWord, reasonWord} from './words.js';

/**
 * A time that leads to the replay of its passage, where one is on record.
 * @param {string | null | undefined} passage
 * @param {string} words
 */
function replayed(passage, words) {
  return passage ? html`<a href="/passages/${encodeURIComponent(passage)}" title=${t('Replay of a passage')}>${words}</a>` : words;
}

class LastList extends LitElement {
  static properties = {rows: {state: true}};
  path = '';

  constructor() {
    super();
    /** @type {any[] | null} */
    this.rows = null;
  }

  createRenderRoot() {
    return this;
  }

  /** Read the list again; an answer that does not come leaves what is there. */
  async refresh() {
    this.rows = (await list(this.path)) ?? this.rows;
  }
}

export class StayTable extends LastList {
  path = '/api/v1/stays?limit=20';

  render() {
    return html`<section class="card list" aria-label=${t('Last stays')}><h2>${t('Last stays')}</h2>
      <div class="scroll" tabindex="0"><table>
        <thead><tr><th>${t('Plate')}</th><th>${t('In')}</th><th>${t('Out')}</th><th class="right">${t('Stayed')}</th>
          <th class="right">${t('Fee')}</th><th class="right">${t('Paid')}</th><th>${t('How it ended')}</th></tr></thead>
        <tbody>${this.rows?.map((stay) => this.#row(stay))}</tbody>
      </table>${this.rows?.length === 0 ? html`<p class="none">${t('No stay yet')}</p>` : nothing}</div></section>`;
  }

  /** @param {any} stay */
  #row(stay) {
    const entered = new Date(stay.entered_at);
    const left = stay.exited_at ? new Date(stay.exited_at) : null;
    return html`<tr data-stay=${stay.stay}><td class="plain-plate">${stay.plate}</td><td>${replayed(stay.entry_passage, dayAndTime(entered))}</td>
      <td>${left ? replayed(stay.exit_passage, dayAndTime(left)) : '—'}</td>
      <td class="right">${left ? duration(Math.floor((left.getTime() - entered.getTime()) / 60_000)) : '—'}</td>
      <td class="right value">${left ? yuan(stay.fee_fen) : '—'}</td><td class="right value">${stay.paid_fen || left ? yuan(stay.paid_fen) : '—'}</td>
      <td>${this.#ended(stay)}</td></tr>`;
  }

  /** @param {any} stay */
  #ended(stay) {
    if (!stay.ending) return html`<span class="inside">${t('inside')}</span>`;
    const reason = stay.exit_reason ? ` · ${reasonWord(stay.exit_reason)}` : '';
    if (!stay.arrears_fen) return `${endingWord(stay.ending)}${reason}`;
    const owing = t('owes {amount}', {amount: yuan(stay.arrears_fen)});
    return html`${endingWord(stay.ending)}${reason} <span class="owing">${owing}</span>`;
  }
}

export class JournalList extends LastList {
  static properties = {...LastList.properties, lanes: {attribute: false}};
  path = '/api/v1/journal?kind=person&limit=30';

  constructor() {
    super();
    /** @type {any[]} */
    this.lanes = [];
  }

  render() {
    return html`<section class="card list" aria-label=${t('What people did')}><h2>${t('What people did')}</h2>
      <div class="scroll" tabindex="0"><ol class="journal">${this.rows?.map((row) => this.#row(row))}</ol>
      ${this.rows?.length === 0 ? html`<p class="none">${t('Nobody had to do anything')}</p>` : nothing}</div></section>`;
  }

  /** @param {any} row */
  #row(row) {
    const body = row.body ?? {};
    const what = String(row.what).replaceAll('_', ' ');
    const minutes = body.minutes && t('{minutes} min', {minutes: body.minutes});
    const second = body.second && t('with {name}', {name: body.second});
    const waived = body.waived_fen && t('waives {amount}', {amount: yuan(body.waived_fen)});
    const note = body.note && said(String(body.note));
    const details = [body.reason && reasonWord(body.reason), body.plate, minutes, waived, second, note].filter(Boolean).join(' · ');
    const why = body.why ? said(String(body.why)) : '';
    return html`<li data-n=${row.n}><time datetime=${row.at}>${clockTime(new Date(row.at))}</time>
      <b>${said(row.actor)}</b> <span>${replayed(row.passage, said(what))}${row.lane ? html` · ${this.#laneTitle(row.lane)}` : nothing}</span>
      ${details ? html`<span class="details">${details}</span>` : nothing}${why ? html` <span class="details">${why}</span>` : nothing}</li>`;
  }

  /** @param {string} name */
  #laneTitle(name) {
    const lane = this.lanes.find((known) => known.name === name);
    if (!lane) return name;
    return language() === 'zh' ? lane.title : lane.title_en;
  }
}

customElements.define('stay-table', StayTable);
customElements.define('journal-list', JournalList);
