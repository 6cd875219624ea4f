/**
 * The tags page: every tag with its value, how far it is to be believed and where it lives. Values come over the
 * socket; what a tag is comes when its row is shown. No row moves by itself: rows stand in the order of their names.
 */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {clockTime, countdown, date} from './format.js';
import './forced-list.js';
import {element, startShell} from './shell.js';
import './tag-dialog.js';
import {Places, Watched} from './technician/watch.js';
import {FORCED, classWord, hex, qualityWord, severity, trendOf, written} from './tag-words.js';
import {all} from './tags.js';
import {language, said, t} from './texts.js';

const MOST_ROWS = 200;
const AGE_MS = 1000;
const LINK_STATE = /^dev\.[^.]+\.state$/;
const LINK_WELL = ['up', 'simulated'];
const WAIT_MS = 8000;
/** Names in one ask: more would not fit into an address. */
const ASK_NAMES = 50;

/** @typedef {import('./tags.js').Tag} Tag */

const watched = new Watched();
const places = new Places();

/** What may be asked to be shown.
 * @type {{name: string, label: () => string, takes: (tag: Tag, facts: any, name: string) => boolean}[]} */
const KINDS = [
  {name: 'all', label: () => t('All'), takes: () => true},
  {name: 'doubtful', label: () => t('Not good'), takes: (tag, facts, name) => isTrouble(name, tag) || (tag.status !== 0 && tag.status !== FORCED && !isBlank(tag, facts))},
  {name: 'forced', label: () => t('Forced'), takes: (tag) => tag.status === FORCED},
  {name: 'watched', label: () => t('Watched'), takes: (_tag, _facts, name) => watched.has(name)},
];

/**
 * Say whether there is nothing to be known: a tag that is only written, or one of the server's own that was never set.
 * @param {Tag} tag
 * @param {any} facts
 */
const isBlank = (tag, facts) => facts?.access === 'wo' || (facts?.device === '' && tag.at === null);

/**
 * Say whether a tag that is good itself tells of a link that is not.
 * @param {string} name
 * @param {Tag} tag
 */
const isTrouble = (name, tag) => LINK_STATE.test(name) && tag.status === 0 && tag.at !== null && !LINK_WELL.includes(String(tag.value));

class TagTable extends LitElement {
  static properties = {words: {state: true}, kind: {state: true}, place: {state: true}, live: {type: Boolean}, mayForce: {type: Boolean}};

  constructor() {
    super();
    this.words = new URLSearchParams(location.search).get('q') ?? '';
    this.kind = 'all';
    this.place = '';
    this.live = false;
    this.mayForce = false;
    this.aged_ms = 0;
    /** @type {() => Date | null} */
    this.now = () => null;
    /** @type {Map<string, any>} */
    this.facts = new Map();
    this.asking = false;
  }

  createRenderRoot() {
    return this;
  }

  /** Names whose every word is found in them, in the order of the alphabet. */
  get #names() {
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    const {takes} = KINDS.find(({name}) => name === this.kind) ?? KINDS[0];
    const found = [];
    for (const [name, tag] of all()) if (takes(tag, this.facts.get(name), name) && words.every((word) => name.includes(word)) && places.holds(this.place, name)) found.push(name);
    return found.sort();
  }

  render() {
    const names = this.#names;
    const shown = names.slice(0, MOST_ROWS);
    return html`<section class="card tag-list" aria-label=${t('Tags')}>
      <form role="search" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
        <label class="field">${t('Name contains')} <input type="search" name="q" autocomplete="off" .value=${this.words}
          @input=${(/** @type {any} */ event) => (this.words = event.target.value)}></label>
        <label class="field">${t('Where from')} <select name="place" @change=${(/** @type {any} */ event) => (this.place = event.target.value)}>
          <option value="">${t('All devices and lanes')}</option>${places.groups().map(({label, options}) => html`<optgroup label=${label}>${options.map(([value, words]) => html`<option value=${value} ?selected=${value === this.place}>${words}</option>`)}</optgroup>`)}</select></label>
        <div role="group" aria-label=${t('Which tags')}>${KINDS.map(({name, label, takes}) => html`<button type="button" data-kind=${name}
          aria-pressed=${this.kind === name} @click=${() => (this.kind = name)}>${label()} <b>${this.#count(takes)}</b></button>`)}</div>
        <span class="none" role="status">${this.#more(shown.length, names.length)}</span>
      </form>
      <div class="scroll" tabindex="0"><table>
        <thead><tr><th>${t('Tag')}</th><th class="right">${t('Value')}</th><th>${t('Quality')}</th><th>${t('Last change')}</th>${this.kind === 'watched' ? html`<th class="right">${t('Changes/s')}</th>` : nothing}
          <th>${t('Where')}</th><th>${t('What it is')}</th>${this.mayForce ? html`<th></th>` : nothing}</tr></thead>
        <tbody>${shown.map((name) => this.#row(name))}</tbody>
      </table>${shown.length ? nothing : html`<p class="none">${t('No tag is like that')}</p>`}</div></section>`;
  }

  /**
   * @param {number} shown
   * @param {number} count
   */
  #more(shown, count) {
    return shown < count ? t('{shown} of {count}: write more of the name', {shown, count}) : nothing;
  }

  /** @param {(tag: Tag, facts: any, name: string) => boolean} takes */
  #count(takes) {
    let count = 0;
    for (const [name, tag] of all()) if (takes(tag, this.facts.get(name), name)) count += 1;
    return count;
  }

  /** @param {string} name */
  #row(name) {
    const tag = all().get(name);
    if (!tag) return nothing;
    const facts = this.facts.get(name);
    const blank = isBlank(tag, facts);
    return html`<tr data-tag=${name} data-quality=${blank ? 'blank' : isTrouble(name, tag) ? 'trouble' : severity(tag.status)}>
      <th scope="row">${this.#star(name)}${name}</th>
      <td class="right value" translate="no" title=${String(tag.value ?? '')}>${blank ? '' : html`<a href=${trendOf(name)}>${written(tag.value)}</a>`}${facts?.unit ? html` <small>${facts.unit}</small>` : nothing}</td>
      <td>${this.#quality(tag, facts)}</td>
      <td>${this.#changed(tag)}</td>${this.kind === 'watched' ? html`<td class="right" data-rate>${watched.rate(name).toFixed(1)}</td>` : nothing}
      <td>${facts ? this.#where(facts) : nothing}</td>
      <td>${language() === 'zh' ? facts?.description_zh || facts?.description : facts?.description}${this.#wrong(facts)}</td>
      ${this.mayForce ? html`<td>${this.#hand(name, facts)}</td>` : nothing}</tr>`;
  }

  /** @param {string} name */
  #star(name) {
    const label = t('Watch {tag}', {tag: name});
    return html`<button type="button" class="star" draggable="true" data-watch=${name} aria-label=${label} aria-pressed=${watched.has(name)}
      @dragstart=${(/** @type {DragEvent} */ event) => event.dataTransfer?.setData('text/plain', name)}
      @click=${() => { watched.toggle(name); this.requestUpdate(); }}>${watched.has(name) ? '★' : '☆'}</button>`;
  }

  /** @param {any} facts */
  #wrong(facts) {
    if (!facts?.formula) return nothing;
    return html` <code>= ${facts.formula}</code>${facts.wrong ? html` <b class="wrong-formula">${said(facts.wrong)}</b>` : nothing}`;
  }

  /**
   * @param {string} name
   * @param {any} facts
   */
  #hand(name, facts) {
    if (!facts || (facts.not_forced && facts.not_written)) return nothing;
    const ask = () => this.dispatchEvent(new CustomEvent('hand', {detail: name, bubbles: true}));
    const label = t('Force or write {tag}', {tag: name});
    return html`<button type="button" class="hand" data-hand-on=${name} aria-label=${label} @click=${ask}>${t('By hand')}</button>`;
  }

  /** @param {string} name */
  factsOf(name) {
    return this.facts.get(name) ?? {};
  }

  /** Ask anew what a tag is: somebody had a hand on it. @param {string} name */
  forget(name) {
    this.facts.delete(name);
    this.requestUpdate();
  }

  /**
   * @param {Tag} tag
   * @param {any} facts
   */
  #quality(tag, facts) {
    if (!isBlank(tag, facts)) return html`<span class="quality" title=${hex(tag.status)}>${qualityWord(tag.status)}</span>`;
    const word = facts.access === 'wo' ? t('only written') : t('no value yet');
    return html`<span class="none">${word}</span>`;
  }

  /** @param {Tag} tag */
  #changed(tag) {
    if (!tag.at) return nothing;
    const at = new Date(tag.at);
    const now = this.now();
    const age = tag.status >>> 30 && now ? html` <small>(${countdown(now.getTime() - at.getTime())})</small>` : nothing;
    return html`<time datetime=${tag.at} title=${date(at)}>${clockTime(at)}</time>${age}`;
  }

  /** Let the ages of what is not good go on. */
  tick() {
    if (performance.now() - this.aged_ms < AGE_MS || !this.querySelector('[data-quality=bad], [data-quality=uncertain]')) return;
    this.aged_ms = performance.now();
    this.requestUpdate();
  }

  /** @param {any} facts */
  #where(facts) {
    if (!facts.device) return html`<small>${t('the server itself')}</small>`;
    const access = facts.access === 'ro' ? nothing : html` <small class="chip">${facts.access}</small>`;
    return html`${facts.device} <code>${facts.address}</code> <small>${classWord(facts.class)}</small>${access}`;
  }

  updated() {
    this.#ask();
  }

  /** Ask what the tags are, those of the rows shown first; each is asked for once. */
  async #ask() {
    if (this.asking) return;
    const unknown = [...this.#names, ...all().keys()].filter((name) => !this.facts.has(name));
    const names = [...new Set(unknown)].slice(0, MOST_ROWS);
    if (!names.length) return;
    this.asking = true;
    const told = await factsOf(names);
    this.asking = false;
    if (told === null) return;
    names.forEach((name) => this.facts.set(name, told[name] ?? {}));
    this.requestUpdate();
  }
}

/** @param {string[]} names */
async function factsOf(names) {
  const told = await Promise.all(inAsks(names).map(askedFacts));
  return told.includes(null) ? null : Object.assign({}, ...told);
}

/** @param {string[]} names */
function inAsks(names) {
  return Array.from({length: Math.ceil(names.length / ASK_NAMES)}, (_, n) => names.slice(n * ASK_NAMES, (n + 1) * ASK_NAMES));
}

/** @param {string[]} names */
async function askedFacts(names) {
  try {
    const asked = new URLSearchParams(names.map((name) => ['name', name]));
    const answer = await fetch(`/api/v1/tag-facts?${asked}`, {signal: AbortSignal.timeout(WAIT_MS)});
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    return null;
  }
}

async function start() {
  const {page, link} = await startShell();
  const [table, forced, dialog] = ['table', 'forced-list', 'dialog'].map(element);
  table.mayForce = forced.mayForce = page.mayForce;
  forced.now = table.now = () => link.now();
  dialog.forced = (/** @type {string} */ name) => forced.rows.some((/** @type {any} */ row) => row.name === name);
  const show = () => {
    table.live = dialog.live = link.state.live;
    table.requestUpdate();
    dialog.requestUpdate();
    forced.look();
  };
  link.addEventListener('tags', () => {
    watched.hear(all());
    show();
  });
  places.read().then(() => {
    table.place = places.asked(location.search);
    table.requestUpdate();
  });
  link.addEventListener('link', show);
  link.addEventListener('tick', () => [forced, table].forEach((part) => part.tick()));
  document.addEventListener('hand', (event) => {
    const name = /** @type {CustomEvent} */ (event).detail;
    dialog.ask(name, table.factsOf(name));
  });
  document.addEventListener('answered', () => {
    forced.read();
    table.forget(dialog.name);
  });
  show();
}

customElements.define('tag-table', TagTable);
start();
