/** Which of the cars inside a stocktake shows: by what is looked for, by what is the matter with them, page by page. */

import {html} from '../../vendor/lit.js';
import {t} from '../texts.js';

export const A_PAGE = 200;

/** @typedef {'all' | 'proposed' | 'missing' | 'chosen'} Which */

/**
 * @typedef {object} Sifted
 * @property {any[]} rows
 * @property {number} found
 * @property {number} page
 * @property {number} pages
 */

/**
 * Give one page of the rows that are looked for: those proposed for closing first, then those that were not counted.
 * @param {any[]} inside
 * @param {{q: string, which: Which, page: number}} asked
 * @param {{ghosts: Map<string, any>, missing: Set<string>, chosen: Set<string>, place: (one: any) => string}} known
 * @returns {Sifted}
 */
export function sifted(inside, asked, known) {
  const q = asked.q.trim().toUpperCase();
  const of = {all: () => true, proposed: (/** @type {any} */ one) => known.ghosts.has(one.id), missing: (/** @type {any} */ one) => known.missing.has(one.id), chosen: (/** @type {any} */ one) => known.chosen.has(one.id)}[asked.which];
  const rank = (/** @type {any} */ one) => (known.ghosts.has(one.id) ? 0 : known.missing.has(one.id) ? 1 : 2);
  const found = inside.filter((one) => of(one) && `${one.plate} ${known.place(one)}`.toUpperCase().includes(q)).sort((one, other) => rank(one) - rank(other));
  const pages = Math.max(1, Math.ceil(found.length / A_PAGE));
  const page = Math.min(asked.page, pages - 1);
  return {rows: found.slice(page * A_PAGE, (page + 1) * A_PAGE), found: found.length, page, pages};
}

/**
 * @param {{q: string, which: Which}} asked
 * @param {Sifted} shown
 * @param {number} all
 * @param {(change: {q?: string, which?: Which, page?: number}) => void} ask
 */
export function sieve(asked, shown, all, ask) {
  /** @type {[Which, string][]} */
  const kinds = [['all', t('All')], ['proposed', t('Proposed for closing')], ['missing', t('Not counted')], ['chosen', t('Chosen')]];
  const first = shown.found ? shown.page * A_PAGE + 1 : 0;
  const words = t('{first}–{last} of {found}, {all} are inside', {first, last: shown.page * A_PAGE + shown.rows.length, found: shown.found, all});
  return html`<div class="tools" role="search"><label class="field">${t('Plate, zone or lane')} <input name="q" maxlength="20" autocomplete="off" .value=${asked.q} @input=${(/** @type {any} */ event) => ask({q: event.target.value, page: 0})}></label>
    <label class="field">${t('Show')} <select name="which" @change=${(/** @type {any} */ event) => ask({which: event.target.value, page: 0})}>${kinds.map(([value, word]) => html`<option value=${value} ?selected=${value === asked.which}>${word}</option>`)}</select></label>
    <button type="button" data-page="back" ?disabled=${shown.page === 0} @click=${() => ask({page: shown.page - 1})}>${t('Page before')}</button>
    <button type="button" data-page="on" ?disabled=${shown.page + 1 >= shown.pages} @click=${() => ask({page: shown.page + 1})}>${t('Next page')}</button>
    <span role="status" data-shown>${words}</span></div>`;
}
