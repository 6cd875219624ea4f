/** The lanes in one line: what each does and whether its data may be believed. One click chooses, never commands. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {contact, number, text} from '../tags.js';
import {language, t} from '../texts.js';
import {modeWord, stateWord} from '../words.js';

export class DeskStrip extends LitElement {
  static properties = {lanes: {attribute: false}, chosen: {type: String}, live: {type: Boolean}};

  constructor() {
    super();
    /** @type {any[]} */
    this.lanes = [];
    this.chosen = '';
    this.live = false;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    return html`<nav class="strip" aria-label=${t('Lanes')}>${this.lanes.map((lane, n) => this.#lane(lane, n))}</nav>`;
  }

  /**
   * @param {any} lane
   * @param {number} n
   */
  #lane(lane, n) {
    const state = text(`${lane.name}.lane.state`);
    const mode = number(`${lane.name}.mode.now`);
    const isBad = !this.live || mode === null || !state;
    const title = language() === 'zh' ? lane.title : lane.title_en;
    return html`<button type="button" class="lane-chip ${isBad ? 'unknown' : ''}" data-lane=${lane.name} aria-pressed=${String(lane.name === this.chosen)} @click=${() => this.#choose(lane.name)}>
      <span class="top"><kbd>${n < 9 ? n + 1 : ''}</kbd> <b>${title}</b>${mode !== null && mode !== 1 ? html` <span class="chip attention">${modeWord(mode)}</span>` : nothing}</span>
      <span class="signals">${signal(lane.name, 'loop.approach', t('approach'))}${signal(lane.name, 'loop.safety', t('safety'))}${signal(lane.name, 'beam', t('beam'))}${signal(lane.name, 'gate.up', t('up'))}${signal(lane.name, 'gate.down', t('down'))}</span>
      <span class="small">${isBad ? t('unknown') : stateWord(state)} ${text(`${lane.name}.plate.text`)}</span></button>`;
  }

  /** @param {string} lane */
  #choose(lane) {
    this.dispatchEvent(new CustomEvent('choose', {detail: {lane}, bubbles: true}));
  }
}

/**
 * @param {string} lane
 * @param {string} point
 * @param {string} word
 */
function signal(lane, point, word) {
  const is = contact(`${lane}.${point}`);
  const shown = is === 'unknown' ? '?' : '';
  return html`<i class="signal ${is}" title=${`${word}: ${is === 'unknown' ? t('unknown') : is === 'on' ? t('on') : t('off')}`}>${word}${shown}</i>`;
}

customElements.define('desk-strip', DeskStrip);
