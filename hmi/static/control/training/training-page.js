/** The training page: lessons to choose, what is heard now, and what each answer was worth. */

import {LitElement, html, nothing} from '../../vendor/lit.js';
import {send} from '../api.js';
import {get} from '../desk/desk-get.js';
import {dayAndTime} from '../format.js';
import {element, startShell} from '../shell.js';
import {said, t} from '../texts.js';

const LOOK_MS = 1000;

/** @type {Record<string, () => string>} */
const PHASES = {
  preparing: () => t('The lesson is being prepared: cars come in.'),
  waiting: () => t('Somebody is about to call.'),
  running: () => t('Somebody waits: solve it at the desk.'),
  clearing: () => t('The lesson is over; the lanes are cleared.'),
};

export class TrainingPage extends LitElement {
  static properties = {told: {state: true}, wrong: {state: true}, busy: {state: true}, live: {type: Boolean}};

  constructor() {
    super();
    /** @type {any} */
    this.page = null;
    /** @type {any} */
    this.told = null;
    this.wrong = '';
    this.busy = false;
    this.live = false;
  }

  createRenderRoot() {
    return this;
  }

  async refresh() {
    this.told = (await get('/api/v1/training')) ?? this.told;
  }

  render() {
    if (!this.told || !this.page) return html`<p class="none">${t('Loading')}</p>`;
    return html`${this.#now()}${this.#lessons()}${this.#marks()}`;
  }

  #now() {
    const {now, trouble} = this.told;
    const words = now ? (PHASES[now.phase] ?? PHASES.preparing)() : t('No lesson is under way.');
    const since = now && now.since_s !== null ? html`<p data-since>${t('For {count} s', {count: Math.round(now.since_s)})}</p>` : nothing;
    return html`<section class="card" aria-label=${t('Now')}><h2>${t('Now')}${now ? html` · ${now.title} · ${now.trainee}` : nothing}</h2>
      <p role="status" data-phase=${now?.phase ?? 'none'}>${words}</p>
      ${now?.heard ? html`<p class="heard" data-heard>${now.heard}</p>` : nothing}${since}
      ${trouble ? html`<p class="bad" role="alert">${said(trouble)}</p>` : nothing}
      <div class="tools"><a class="button primary" href="/desk" data-desk>${t('To the desk')}</a>
        <button type="button" data-command="stop" ?disabled=${!now || this.busy || !this.page.mayStart} @click=${this.#stop}>${t('End the lesson')}</button></div>
      ${this.wrong ? html`<p class="bad" role="alert" data-wrong>${said(this.wrong)}</p>` : nothing}</section>`;
  }

  #lessons() {
    const {page} = this;
    const off = Boolean(this.told.now) || this.busy || !page.mayStart;
    const best = new Map();
    for (const one of this.told.results) best.set(one.lesson, Math.max(best.get(one.lesson) ?? 0, one.points));
    const whom = page.trainsOthers ? html`<label class="field">${t('For whom')} <input name="trainee" value=${page.me} maxlength="64" autocomplete="off"></label>` : nothing;
    const lessons = page.lessons.map((/** @type {any} */ one) => html`<li><button type="button" data-lesson=${one.name} ?disabled=${off} @click=${() => this.#start(one.name)}>
      <span>${one.title}</span><b>${best.get(one.name) ?? ''}</b></button></li>`);
    return html`<section class="card" aria-label=${t('Lessons')}><h2>${t('Lessons')}</h2><div class="tools">${whom}
      <button type="button" class="primary" data-lesson="" ?disabled=${off} @click=${() => this.#start('')}>${t('Surprise me')}</button></div>
      <ul class="lessons">${lessons}</ul></section>`;
  }

  #marks() {
    const {results, score} = this.told;
    if (!results.length) return html`<section class="card wide" aria-label=${t('Marks')}><h2>${t('Marks')}</h2><p class="none">${t('No lesson has been taken yet.')}</p></section>`;
    const names = [...new Set(results.map((/** @type {any} */ one) => one.trainee))];
    return html`<section class="card wide" aria-label=${t('Marks')}><h2>${t('Marks')}</h2>
      <p class="sums"><span>${t('Points, mean')} <b data-score>${score.points}</b></span>
        <span>${t('Right')} <b>${score.right}/${score.answers}</b></span>
        <span>${t('Answered within 10 s')} <b>${score.answered_in_time}/${score.answers}</b></span>
        <span>${t('Ended within 45 s')} <b>${score.ended_in_time}/${score.answers}</b></span></p>
      <p class="tools">${names.map((name) => html`<a class="button" href="/training/record?name=${encodeURIComponent(String(name))}" target="record" data-record=${name}>${t('Record of {name}', {name: String(name)})}</a>`)}</p>
      ${results.slice(0, 50).map(mark)}</section>`;
  }

  /** @param {string} lesson */
  async #start(lesson) {
    const field = /** @type {HTMLInputElement | null} */ (this.querySelector('[name=trainee]'));
    await this.#order('/api/v1/training/lessons', {lesson, trainee: field?.value.trim() ?? ''});
  }

  async #stop() {
    await this.#order('/api/v1/training/stop', {});
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  async #order(path, body) {
    this.busy = true;
    const answer = await send(path, body);
    this.wrong = answer.outcome === 'done' ? '' : answer.why || t('no answer from the server');
    await this.refresh();
    this.busy = false;
  }
}

/** @param {any} one */
function mark(one) {
  const answered = one.answered_s === null ? '–' : t('{count} s', {count: one.answered_s});
  const ended = one.ended_s === null ? '–' : t('{count} s', {count: one.ended_s});
  const by = one.by ? html` · ${t('done by {name}', {name: one.by})}` : nothing;
  return html`<article class="mark" data-mark=${one.lesson} data-verdict=${one.verdict}>
    <h3>${one.title} · ${one.verdict_words} · <b>${one.points}</b></h3>
    <p class="small">${dayAndTime(new Date(one.at))} · ${one.trainee}${by} · ${t('answered after {time}', {time: answered})} · ${t('ended after {time}', {time: ended})}</p>
    ${one.deeds.length ? html`<p>${one.deeds.join(' · ')}</p>` : nothing}
    ${one.remarks.length ? html`<p>${one.remarks.join(' ')}</p>` : nothing}
    <p>${one.better}</p></article>`;
}

customElements.define('training-page', TrainingPage);

async function start() {
  const {page, link} = await startShell();
  const part = element('training');
  part.page = page;
  link.addEventListener('link', () => {
    part.live = link.state.live;
  });
  const look = async () => {
    await part.refresh();
    setTimeout(look, LOOK_MS);
  };
  await look();
}

start();
