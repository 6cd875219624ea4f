/** The deeds: a button is live only when the plant says that it is legal now; a grey one says why in words. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {said, t} from '../texts.js';
import {ACTS} from './desk-words.js';

/** Which right each deed needs beside what is legal for everybody. @type {Record<string, string>} */
const RIGHTS = {cash: 'mayTakeCash', refund: 'mayRefund', 'leave-resync': 'mayRepair', 'confirm-fault': 'mayRepair'};

export class DeskButtons extends LitElement {
  static properties = {told: {attribute: false}, chosen: {attribute: false}, live: {type: Boolean}, page: {attribute: false}, hovered: {state: true}};

  constructor() {
    super();
    /** @type {any} */
    this.told = null;
    /** @type {any} */
    this.chosen = null;
    this.live = false;
    /** @type {any} */
    this.page = {};
    this.hovered = '';
  }

  createRenderRoot() {
    return this;
  }

  /**
   * Say why a deed may not be done now; nothing if it may.
   * @param {string} act
   */
  whyNot(act) {
    if (!this.chosen) return t('Choose a case or a lane first');
    if (!this.page[RIGHTS[act] ?? 'mayCommand']) return t('Your role may only look');
    if (!this.live) return t('The link to the plant is lost');
    const found = this.told?.legal?.find((/** @type {any} */ one) => one.act === act);
    return found ? said(found.why) : t('The plant is asked');
  }

  render() {
    const first = this.whyNot('open');
    const why = this.hovered ? this.whyNot(this.hovered) : first;
    return html`<footer class="card deeds-bar" aria-label=${t('What may be done now')}>
      ${ACTS.map(({act, key, word}) => this.#button(act, key, word()))}
      <p class="why" role="status">${this.hovered && why ? `${word(this.hovered)}: ${why}` : this.hovered ? nothing : why}</p></footer>`;
  }

  /**
   * @param {string} act
   * @param {string} key
   * @param {string} label
   */
  #button(act, key, label) {
    const why = this.whyNot(act);
    const show = () => {
      this.hovered = act;
    };
    const hide = () => {
      this.hovered = '';
    };
    return html`<span class="deed" title=${why} @mouseenter=${show} @mouseleave=${hide} @focusin=${show} @focusout=${hide}><button type="button" class=${act === 'open' ? 'primary' : ''} data-act=${act} aria-disabled=${String(why !== '')} aria-description=${why} @click=${() => this.#act(act)}>${label} <kbd>${key.toUpperCase()}</kbd></button></span>`;
  }

  /** @param {string} act */
  #act(act) {
    this.hovered = act;
    if (this.whyNot(act) === '') this.dispatchEvent(new CustomEvent('act', {detail: act, bubbles: true}));
  }
}

/** @param {string} act */
const word = (act) => ACTS.find((one) => one.act === act)?.word() ?? act;

customElements.define('desk-buttons', DeskButtons);
