/** An element that asks a person something in a dialog of its own. */

import {LitElement} from '../vendor/lit.js';

export class AskingElement extends LitElement {
  createRenderRoot() {
    return this;
  }

  get dialog() {
    return this.querySelector('dialog');
  }

  /** Show what was just asked for. */
  async show() {
    await this.updateComplete;
    this.dialog?.showModal();
  }

  /** Whether what has closed stays closed: a browser tells it late, and the next question may be on the screen by then. */
  get isOver() {
    return !this.dialog?.open;
  }
}
