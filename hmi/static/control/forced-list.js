/** What is forced now, above everything else: the value, who put it there, why, how long, and what is read behind it. */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {list} from './api.js';
import {clockTime, countdown} from './format.js';
import {number} from './tags.js';
import {t} from './texts.js';
import {written} from './tag-words.js';

const AGAIN_MS = 5000;

export class ForcedList extends LitElement {
  static properties = {rows: {state: true}, mayForce: {type: Boolean}};

  constructor() {
    super();
    /** @type {any[]} */
    this.rows = [];
    this.mayForce = false;
    this.count = 0;
    this.asked_ms = 0;
    /** @type {() => Date | null} */
    this.now = () => null;
  }

  createRenderRoot() {
    return this;
  }

  /** Ask again once the number of forced tags has changed, and at times while there are any. */
  async look() {
    const count = number('site.forced') ?? 0;
    const is_old = count > 0 && performance.now() - this.asked_ms > AGAIN_MS;
    if (count === this.count && !is_old) return;
    this.count = count;
    await this.read();
  }

  async read() {
    this.asked_ms = performance.now();
    this.rows = (await list('/api/v1/forced-tags')) ?? this.rows;
  }

  /** Count down. */
  tick() {
    if (this.rows.length) this.requestUpdate();
  }

  render() {
    if (!this.rows.length) return nothing;
    return html`<section class="card forced-list" aria-label=${t('Forced values')}><h2>${t('Forced values')}</h2><table>
      <thead><tr><th>${t('Tag')}</th><th>${t('Forced to')}</th><th>${t('Read behind it')}</th><th>${t('By')}</th><th>${t('Reason')}</th>
        <th>${t('Ends')}</th><th></th></tr></thead>
      <tbody>${this.rows.map((row) => html`<tr data-forced=${row.name}><th scope="row">${row.name}</th>
        <td class="value">${written(row.value)}</td><td>${written(row.real)}</td><td>${row.by}</td><td>${row.why}</td>
        <td>${this.#ends(row.until)}</td><td>${this.#stop(row.name)}</td></tr>`)}</tbody></table></section>`;
  }

  /** @param {string} until */
  #ends(until) {
    const at = new Date(until);
    const now = this.now();
    return html`${clockTime(at)} ${now ? html`<small>(${countdown(Math.max(0, at.getTime() - now.getTime()))})</small>` : nothing}`;
  }

  /** @param {string} name */
  #stop(name) {
    if (!this.mayForce) return nothing;
    const ask = () => this.dispatchEvent(new CustomEvent('hand', {detail: name, bubbles: true}));
    return html`<button type="button" data-stop=${name} @click=${ask}>${t('Stop forcing')}</button>`;
  }
}

customElements.define('forced-list', ForcedList);
