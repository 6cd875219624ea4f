/** One lane: its drawing, the car standing there, what it owes, and what may be done for it. */

import {LitElement, html, nothing} from '../vendor/lit.js';
import {send} from './api.js';
import {commandsOf} from './commands.js';
import {countdown, duration, yuan} from './format.js';
import {mimic} from './lane-mimic.js';
import {periodOf, periodWords} from './period.js';
import {contact, good, isForced, isGood, number, text} from './tags.js';
import {language, said, t} from './texts.js';
import {messageWord, modeNameWord, modeWord, readerWord, stateWord} from './words.js';

const WITHHELD = html`<span class="withheld" title="?">?</span>`;

/** @param {string} colour */
export function plateClass(colour) {
  return /^[A-Z]+$/.test(colour) ? `plate plate-${colour.toLowerCase()}` : 'plate plate-unknown';
}

export class LaneCard extends LitElement {
  static properties = {lane: {attribute: false}, live: {type: Boolean}, mayCommand: {type: Boolean}};

  constructor() {
    super();
    /** @type {{name: string, direction: string, title: string, title_en: string}} */
    this.lane = {name: '', direction: '', title: '', title_en: ''};
    this.live = false;
    this.mayCommand = false;
    this.refused = '';
    /** @type {() => Date | null} */
    this.now = () => null;
  }

  /** Count down, when there is something to count. */
  tick() {
    if (periodOf(this.lane.name)?.until || text(this.#tag('help.state'))) this.requestUpdate();
  }

  createRenderRoot() {
    return this;
  }

  get #title() {
    return language() === 'zh' ? this.lane.title : this.lane.title_en;
  }

  /** @param {string} point */
  #tag(point) {
    return `${this.lane.name}.${point}`;
  }

  render() {
    return html`<section class="card lane" aria-label=${this.#title} data-lane=${this.lane.name}
      data-state=${text(this.#tag('lane.state'))}>
      ${this.#head()}
      ${this.#period()}
      ${mimic(this.lane)}
      ${this.#call()}
      ${this.#notice()}
      <div class="passage">${this.#picture()}${this.#facts()}</div>
      ${this.#actions()}
    </section>`;
  }

  #head() {
    const state = text(this.#tag('lane.state'));
    return html`<header>
      <h2><a href="/lanes/${this.lane.name}">${this.#title}</a></h2>
      ${this.#mode()}
      ${isForced(this.#tag('mode.now')) ? html`<span class="chip forced">${t('forced')}</span>` : nothing}
      ${contact(this.#tag('camera.ok')) === 'off' ? html`<span class="chip bad">${t('no camera')}</span>` : nothing}
      <span class="state" data-state=${state}>${state ? stateWord(state) : WITHHELD}</span>
    </header>`;
  }

  #mode() {
    const mode = number(this.#tag('mode.now'));
    const chip = mode === null ? 'withheld' : mode === 1 ? '' : 'attention';
    const word = mode === null ? `${t('Mode')} ?` : modeWord(mode);
    return html`<button type="button" class="chip mode ${chip}" data-command="mode" title=${t('Mode: hold open, lock, test')}
      @click=${() => this.#ask('mode')}>${word} ▾</button>`;
  }

  #period() {
    const period = periodOf(this.lane.name);
    if (!period) return nothing;
    const words = periodWords(period, this.live ? this.now() : null);
    return html`<p class="notice period" title=${words}><b>${modeNameWord(period.mode)}</b> ${words}</p>`;
  }

  /** A driver who calls, before anything else: since when, and the one thing to do about it. */
  #call() {
    const state = text(this.#tag('help.state'));
    if (state !== 'calling' && state !== 'answered') return nothing;
    const since = Date.parse(text(this.#tag('help.since')));
    const now = this.live ? this.now() : null;
    const waits = now && !Number.isNaN(since) ? countdown(now.getTime() - since) : WITHHELD;
    const [says, does, path] = state === 'calling'
      ? [t('A driver calls for help'), t('Answer'), 'answer-help']
      : [t('You speak with a driver'), t('Helped'), 'end-help'];
    return html`<p class="notice call ${state}" role="alert"><b>${says}</b> <span class="waits">${waits}</span>
      <button type="button" data-call=${path} ?disabled=${!this.live || !this.mayCommand} @click=${() => this.#tell(path)}>${does}</button>
      ${this.refused ? html`<span class="why">${said(this.refused)}</span>` : nothing}</p>`;
  }

  /** @param {string} path */
  async #tell(path) {
    const answer = await send(`/api/v1/lanes/${this.lane.name}/${path}`);
    this.refused = answer.outcome === 'done' ? '' : answer.why || t('Nobody knows whether it was done');
    this.requestUpdate();
  }

  #notice() {
    const alarm = text(this.#tag('alarm'));
    const why = text(this.#tag('case'));
    if (why) return html`<p class="notice case"><b>${t('Case')}</b> ${said(why)}</p>`;
    if (alarm) return html`<p class="notice alarm"><b>${t('Alarm')}</b> ${said(alarm)}</p>`;
    return html`<p class="notice none">${t('No case')}</p>`;
  }

  #picture() {
    const picture = text(this.#tag('picture'));
    if (!picture) return html`<div class="picture empty">${t('no picture')}</div>`;
    const about = t('Picture of the car in {lane}', {lane: this.#title});
    return html`<img class="picture" src="/pictures/${encodeURIComponent(picture)}" alt=${about}>`;
  }

  #facts() {
    return html`<dl class="facts">
      <div><dt>${t('Plate')}</dt><dd>${this.#plate()}</dd></div>
      <div><dt>${t('Fee')}</dt><dd class="value">${this.#fee()}</dd></div>
      <div><dt>${t('Display')}</dt><dd>${this.#display()}</dd></div>
      <div><dt>${t('Passage')}</dt><dd class="small">${this.#passage()}</dd></div>
    </dl>`;
  }

  #plate() {
    if (!isGood(this.#tag('plate.text'))) return WITHHELD;
    const plate = text(this.#tag('plate.text'));
    if (!plate) return html`<span class="none">—</span>`;
    const confidence = number(this.#tag('plate.confidence'));
    const by = text(this.#tag('plate.by'));
    return html`<span class=${plateClass(text(this.#tag('plate.colour')))} data-plate=${plate}>${plate}</span>
      <span class="beside">${by ? readerWord(by) : ''}${by === 'camera' && confidence !== null ? ` ${Math.round(confidence * 100)} %` : ''}</span>`;
  }

  #fee() {
    if (this.lane.direction === 'entry') return html`<span class="none">—</span>`;
    if (!isGood(this.#tag('stay')) || !isGood(this.#tag('quote.due_fen'))) return WITHHELD;
    const due = number(this.#tag('quote.due_fen'));
    const minutes = number(this.#tag('quote.minutes'));
    if (due === null || !text(this.#tag('stay'))) return html`<span class="none">—</span>`;
    return html`${yuan(due)}${minutes === null ? nothing : html` <span class="beside">${duration(minutes)}</span>`}`;
  }

  #display() {
    const shown = good(this.#tag('display'));
    if (typeof shown !== 'string') return WITHHELD;
    try {
      return html`<span class="display">${messageWord(JSON.parse(shown).message)}</span>`;
    } catch (error) {
      return WITHHELD;
    }
  }

  #passage() {
    const passage = good(this.#tag('passage'));
    if (typeof passage !== 'string') return WITHHELD;
    return passage ? html`<a href="/passages/${passage}">${passage}</a>` : html`<span class="none">—</span>`;
  }

  #actions() {
    const commands = commandsOf(this.lane, {live: this.live, mayCommand: this.mayCommand});
    const why = commands[0].whyNot;
    return html`<footer>
      ${commands.map(
        (command) => html`<button type="button" class=${command.name === 'open' ? 'primary' : ''} data-command=${command.name}
          ?disabled=${command.whyNot !== ''} title=${command.whyNot} @click=${() => this.#ask(command.name)}>${command.label}</button>`,
      )}
      <span class="why" role="status">${why}</span>
    </footer>`;
  }

  /** @param {string} command */
  #ask(command) {
    this.dispatchEvent(new CustomEvent('command', {detail: {lane: this.lane, command}, bubbles: true}));
  }
}

customElements.define('lane-card', LaneCard);
