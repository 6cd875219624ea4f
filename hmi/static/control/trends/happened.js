/** What happened in the range, as a list: what the signs over the curves stand for. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {happened} from '../happened.js';
import {said, t} from '../texts.js';
import {GLYPHS} from './plot.js';
import {KIND_WORDS} from './tools.js';

const MOST_ROWS = 100;

class TrendEvents extends LitElement {
  constructor() {
    super();
    /** @type {any} */
    this.trends = null;
    /** @type {any} */
    this.times = null;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {any} trends @param {any} times */
  show(trends, times) {
    Object.assign(this, {trends, times});
    trends.addEventListener('points', () => this.requestUpdate());
  }

  render() {
    const rows = this.trends?.events ?? [];
    if (!rows.length) return nothing;
    return html`<section class="card happened"><h2>${t('What happened')}</h2><ol>${rows.slice(0, MOST_ROWS).map((/** @type {any} */ one) => html`<li data-kind=${one.kind}>
      <button type="button" class="small-button" @click=${() => this.trends.put('a', one.x)}>${GLYPHS[one.kind]} ${this.times.full(one.x)}</button>
      <span>${KIND_WORDS[one.kind]?.() ?? one.kind}</span> <b>${one.lane}</b> ${happened({...one, actor: one.who, body: {text: one.text}})} <span class="none">${one.kind === 'alarm' ? '' : said(one.who)}</span></li>`)}</ol>
      ${this.trends.eventsCut || rows.length > MOST_ROWS ? html`<p class="none">${t('There is more: look at a shorter range')}</p>` : nothing}</section>`;
  }
}

customElements.define('trend-events', TrendEvents);
