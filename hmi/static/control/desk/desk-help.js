/** The sheet of keys, by `?`. */

import {LitElement, html} from '../../vendor/lit.js';
import {t} from '../texts.js';
import {ACTS} from './desk-words.js';

export class DeskHelp extends LitElement {
  createRenderRoot() {
    return this;
  }

  show() {
    this.querySelector('dialog')?.showModal();
  }

  render() {
    const others = [
      ['J ↓', t('next case')], ['K ↑', t('case before')], ['T', t('take the case')], ['B', t('give the case back')], ['V', t('settle what was looked at')],
      ['X', t('hand the shift over')], ['1–9', t('choose a lane')], ['?', t('this sheet')], ['Esc', t('close, as cancel')],
    ];
    return html`<dialog aria-labelledby="keys-title"><form method="dialog"><h2 id="keys-title">${t('Keys')}</h2>
      <dl class="keys">${[...others, ...ACTS.map(({key, word}) => [key.toUpperCase(), word()])].map(([key, word]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${word}</dd></div>`)}</dl>
      <menu><button type="submit" class="primary" data-command="close">${t('Close')}</button></menu></form></dialog>`;
  }
}

customElements.define('desk-help', DeskHelp);
