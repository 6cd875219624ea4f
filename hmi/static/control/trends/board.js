/** The panes with their curves, and beside each what its tags are at the pointer and at the two cursors. */

import {LitElement, html, nothing, repeat} from '../../vendor/lit.js';
import {written} from '../tag-words.js';
import {all} from '../tags.js';
import {said, t} from '../texts.js';
import {stateWord} from '../words.js';
import {doubt, tagOf} from './data.js';
import {colour, ink, onTheme} from './ink.js';
import {difference} from './model.js';
import {plotOf} from './plot.js';
import {span} from './times.js';

const BESIDE = 430;
const CURVES_HEIGHT = 200;
const ROW_HEIGHT = 34;
const AROUND = 68;
const NOW = () => t('Now');

/** @typedef {import('./data.js').Pane} Pane */

export class TrendBoard extends LitElement {
  constructor() {
    super();
    /** @type {any} */
    this.trends = null;
    /** @type {any} */
    this.times = null;
    this.zone = 'UTC';
    this.width = 800;
    /** @type {Map<number, {u: any, key: string, paint: (drawn: any[]) => void}>} */
    this.plots = new Map();
    this.due = false;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {any} trends @param {any} times @param {string} zone */
  show(trends, times, zone) {
    Object.assign(this, {trends, times, zone});
    for (const name of ['panes', 'points']) trends.addEventListener(name, () => this.requestUpdate());
    for (const name of ['range', 'cursors']) trends.addEventListener(name, () => this.paint());
    onTheme(() => this.#anew());
    new ResizeObserver(() => this.#fit()).observe(this);
    this.addEventListener('dragover', (event) => event.preventDefault());
    this.addEventListener('drop', (event) => this.#drop(event));
    this.requestUpdate();
  }

  /** Paint with the screen's next frame, however often something has changed by then. */
  paint() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.#paint();
    });
  }

  #paint() {
    for (const pane of this.trends.panes) {
      this.plots.get(pane.id)?.paint(this.#drawn(pane));
      this.#tell(pane);
    }
    this.dispatchEvent(new Event('painted'));
  }

  #anew() {
    for (const {u} of this.plots.values()) u.destroy();
    this.plots.clear();
    this.requestUpdate();
  }

  #fit() {
    const width = Math.max(320, this.clientWidth - BESIDE);
    if (Math.abs(width - this.width) < 2) return;
    this.width = width;
    this.trends.pixels = Math.max(100, Math.min(4000, Math.round((width - 200) * devicePixelRatio)));
    this.#anew();
    if (this.trends.tags.length) this.trends.ask();
  }

  /** @param {DragEvent} event */
  #drop(event) {
    const {dataTransfer} = event;
    const tag = tagOf(dataTransfer?.getData('text/plain') ?? '') || tagOf(dataTransfer?.getData('text/uri-list') ?? '');
    if (!tag) return;
    event.preventDefault();
    const pane = /** @type {Element} */ (event.target).closest('[data-pane]')?.getAttribute('data-pane') ?? null;
    if (this.trends.tracks.has(tag)) this.trends.move(tag, pane === null ? null : Number(pane));
    else this.trends.add([tag], pane === null ? null : Number(pane));
  }

  render() {
    if (!this.trends) return nothing;
    if (!this.trends.panes.length) return html`<p class="none empty">${t('Search for a tag above, click a value on another page, or drop a tag here.')}</p>`;
    return repeat(this.trends.panes, (/** @type {Pane} */ pane) => pane.id, (/** @type {Pane} */ pane) => this.#pane(pane));
  }

  /** @param {Pane} pane */
  #pane(pane) {
    const tags = pane.tags.join(', ');
    const [curves, values] = [t('Trend of {tags}', {tags}), t('Values of {tags}', {tags})];
    return html`<section class="card pane" data-pane=${pane.id} aria-label=${tags}>
      <div class="plot" role="img" aria-label=${curves}></div>
      <div class="beside" tabindex="0" role="region" aria-label=${values}><table>
        <thead><tr><th>${t('Tag')}</th><th class="right" data-head="now"></th><th class="right">A</th><th class="right">B</th><th class="right">B − A</th><th><span class="unseen">${t('Take away')}</span></th></tr></thead>
        <tbody>${pane.tags.map((tag) => this.#row(tag))}</tbody></table></div></section>`;
  }

  /** @param {string} tag */
  #row(tag) {
    const away = t('Take {tag} away', {tag});
    return html`<tr data-tag=${tag} draggable="true" @dragstart=${(/** @type {DragEvent} */ event) => event.dataTransfer?.setData('text/plain', tag)}>
      <th scope="row"><canvas class="marker" width="22" height="12"></canvas><a href=${`/tags?q=${encodeURIComponent(tag)}`} draggable="false">${tag}</a>${all().has(tag) ? nothing : html`<br><small class="doubt">${t('no such tag now')}</small>`}</th>
      <td class="right value" data-at="now"></td><td class="right" data-at="a"></td><td class="right" data-at="b"></td><td class="right" data-at="difference"></td>
      <td><button type="button" class="small-button" aria-label=${away} @click=${() => this.trends.remove(tag)}>×</button></td></tr>`;
  }

  updated() {
    if (!this.trends) return;
    const kept = new Set(this.trends.panes.map(({id}) => id));
    for (const [id, {u}] of this.plots) {
      if (kept.has(id)) continue;
      u.destroy();
      this.plots.delete(id);
    }
    for (const pane of this.trends.panes) this.#plot(pane);
    this.paint();
  }

  /** Draw a pane anew if it holds other tags than before. @param {Pane} pane */
  #plot(pane) {
    const place = /** @type {HTMLElement} */ (this.querySelector(`[data-pane="${pane.id}"] .plot`));
    const key = JSON.stringify([pane.kind, pane.tags.map((tag) => [tag, this.trends.unitOf(tag), this.trends.tracks.get(tag)?.curve])]);
    const known = this.plots.get(pane.id);
    if (known?.key === key) return;
    known?.u.destroy();
    const height = pane.kind === 'rows' ? AROUND + ROW_HEIGHT * pane.tags.length : CURVES_HEIGHT;
    const look = {kind: pane.kind, width: this.width, height, times: this.times, zone: this.zone};
    this.plots.set(pane.id, {key, ...plotOf(place, look, this.#drawn(pane), () => this.#scene(), this.#hands())});
    this.#markers(pane);
  }

  /** @param {Pane} pane */
  #drawn(pane) {
    return pane.tags.map((tag) => {
      const track = this.trends.tracks.get(tag);
      return {tag, label: tag, ink: this.trends.inks.get(tag), unit: this.trends.unitOf(tag), curve: track.curve, table: track.table(this.trends.end)};
    });
  }

  #scene() {
    const {range, cursors, events, end} = this.trends;
    const word = (/** @type {string} */ text) => said(String(stateWord(text)));
    return {...range, cursors, end: end ?? range.to, events: events.map((/** @type {any} */ one) => ({at: one.x, kind: one.kind})), word};
  }

  #hands() {
    const {trends} = this;
    return {
      zoom: (/** @type {number} */ from, /** @type {number} */ to) => trends.look(from, to),
      point: (/** @type {number | null} */ x) => trends.point(x),
      click: (/** @type {number} */ x, /** @type {boolean} */ isSecond) => trends.put(isSecond || (trends.cursors.a !== null && trends.cursors.b === null) ? 'b' : 'a', x),
      pan: (/** @type {number} */ dx_s) => trends.pan(dx_s),
      wheel: (/** @type {number} */ x, /** @type {number} */ factor) => trends.zoom(x, factor),
    };
  }

  /** @param {Pane} pane */
  #markers(pane) {
    for (const tag of pane.tags) {
      const canvas = /** @type {HTMLCanvasElement | null} */ (this.querySelector(`tr[data-tag="${tag}"] canvas.marker`));
      const ctx = canvas?.getContext('2d');
      if (!ctx) continue;
      ctx.clearRect(0, 0, 22, 12);
      ctx.fillStyle = ink(this.trends.inks.get(tag));
      ctx.fillRect(0, 3, 22, 6);
    }
  }

  /** Write the values beside a pane: they change with every frame, which Lit need not hear of. @param {Pane} pane */
  #tell(pane) {
    const {cursors, pointed, end} = this.trends;
    const head = this.querySelector(`[data-pane="${pane.id}"] [data-head=now]`);
    if (head) head.textContent = pointed === null ? NOW() : this.times.clock(pointed);
    for (const tag of pane.tags) {
      const unit = this.trends.unitOf(tag);
      const found = {now: this.#valueAt(tag, pointed ?? end ?? this.trends.range.to), a: this.#valueAt(tag, cursors.a), b: this.#valueAt(tag, cursors.b)};
      for (const [name, value] of Object.entries(found)) this.#cell(tag, name, value, valueWords(value, unit));
      const apart = difference(found.a, found.b);
      this.#cell(tag, 'difference', null, apart === null ? '' : `${apart > 0 ? '+' : ''}${written(apart)} ${unit}`);
    }
  }

  /** @param {string} tag @param {number | null} x */
  #valueAt(tag, x) {
    return x === null ? undefined : this.trends.at(tag, x);
  }

  /** @param {string} tag @param {string} name @param {any} value @param {string} words */
  #cell(tag, name, value, words) {
    const cell = /** @type {HTMLElement | null} */ (this.querySelector(`tr[data-tag="${tag}"] [data-at=${name}]`));
    if (!cell) return;
    if (cell.textContent !== words) cell.textContent = cell.title = words;
    cell.dataset.doubt = value ? doubt(value.status) : '';
  }

  /** The whole board as a picture: title, curves, and the values beside them. @param {string} title */
  picture(title) {
    const ratio = devicePixelRatio;
    const plots = this.trends.panes.map((/** @type {Pane} */ pane) => ({pane, source: this.plots.get(pane.id)?.u.ctx.canvas}));
    const canvas = document.createElement('canvas');
    canvas.width = (this.width + BESIDE) * ratio;
    canvas.height = 40 * ratio + plots.reduce((sum, {source}) => sum + (source?.height ?? 0), 0);
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    ctx.fillStyle = colour('--panel');
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.font = `${14 * ratio}px "Noto Sans CJK SC", system-ui, sans-serif`;
    ctx.fillStyle = colour('--text');
    ctx.fillText(title, 12 * ratio, 26 * ratio);
    let top = 40 * ratio;
    for (const {pane, source} of plots) {
      if (!source) continue;
      ctx.drawImage(source, 0, top);
      pane.tags.forEach((/** @type {string} */ tag, /** @type {number} */ n) => this.#captioned(ctx, tag, source.width + 8 * ratio, top + (24 + 20 * n) * ratio));
      top += source.height;
    }
    return canvas;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {string} tag @param {number} left @param {number} top */
  #captioned(ctx, tag, left, top) {
    const words = ['now', 'a', 'b'].map((name) => this.querySelector(`tr[data-tag="${tag}"] [data-at=${name}]`)?.textContent).filter(Boolean);
    ctx.fillStyle = ink(this.trends.inks.get(tag));
    ctx.fillText(`■ ${tag}  ${words.join(' · ')}`, left, top);
  }
}

/** @param {any} value @param {string} unit */
function valueWords(value, unit) {
  if (value === undefined) return '';
  if (value === null) return '–';
  if (value.text !== null) return said(String(stateWord(value.text)));
  return value.value === null ? '–' : `${written(value.value)} ${unit}`.trim();
}

/** @param {{a: number | null, b: number | null}} cursors */
export const apart = ({a, b}) => (a === null || b === null ? '' : span(b - a));

customElements.define('trend-board', TrendBoard);
