/** The operator's page: builds its parts, keeps them in step with the plant, and gives every deed a key. */

import '../cash-dialog.js';
import '../lane-dialog.js';
import '../mode-dialog.js';
import {send} from '../api.js';
import {element, startShell} from '../shell.js';
import {number, text} from '../tags.js';
import './desk-buttons.js';
import './desk-car.js';
import './desk-dialog.js';
import './desk-help.js';
import {get} from './desk-get.js';
import {followKeys} from './desk-keys.js';
import './desk-queue.js';
import './desk-strip.js';

const HERE_MS = 30_000;
/** So often the chosen car is looked at again, whatever tells of it or not: its fee grows. */
const LOOK_MS = 5000;
const WATCHED = ['passage', 'lane.state', 'stay', 'plate.text', 'quote.due_fen', 'mode.now', 'gate.down', 'loop.safety'];

async function start() {
  const {page, link} = await startShell();
  const parts = Object.fromEntries(['queue', 'strip', 'car', 'buttons', 'dialog', 'modes', 'cash', 'ask', 'help'].map((id) => [id, element(id)]));
  const desk = new Desk(page, link, parts);
  desk.begin();
}

/** What is chosen, and everything that follows from it. */
class Desk {
  /**
   * @param {any} page
   * @param {import('../link.js').Link} link
   * @param {Record<string, any>} parts
   */
  constructor(page, link, parts) {
    this.page = page;
    this.link = link;
    this.parts = parts;
    /** @type {any} */
    this.chosen = null;
    this.seq = -1;
    this.watched = '';
    this.asked = 0;
    this.looked = 0;
  }

  begin() {
    const {page, parts, link} = this;
    const now = () => link.now();
    Object.values(parts).forEach((part) => Object.assign(part, {page, now}));
    Object.assign(parts.dialog, {reasons: page.reasons, goodwillFen: page.goodwillFen, lapses: true});
    parts.strip.lanes = page.lanes;
    link.addEventListener('tags', () => this.follow());
    link.addEventListener('link', () => this.showLink());
    link.addEventListener('tick', () => this.tick());
    document.addEventListener('choose', (event) => this.choose(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener('act', (event) => this.act(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener('deal', (event) => this.deal(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener('cash', (event) => parts.cash.ask(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener('answered', () => {
      this.look();
      this.readCases();
      this.readShift();
    });
    followKeys(this);
    this.here();
    setInterval(() => this.here(), HERE_MS);
    this.showLink();
    this.fromAddress();
    this.readCases();
    this.readShift();
  }

  /** Begin with the lane or the case that the address names: an alarm leads here in one click. */
  fromAddress() {
    const asked = new URLSearchParams(location.search);
    const lane = asked.get('lane');
    this.wanted = asked.get('case') ?? '';
    if (lane && this.page.lanes.some((/** @type {any} */ one) => one.name === lane)) this.choose({lane});
  }

  here() {
    if (this.page.maySit) send('/api/v1/desk/here');
  }

  async readShift() {
    if (this.page.maySit) this.parts.queue.shift = (await get('/api/v1/desk/shift')) ?? this.parts.queue.shift;
  }

  showLink() {
    const {live} = this.link.state;
    Object.values(this.parts).forEach((part) => {
      part.live = live;
      part.requestUpdate?.();
    });
    if (live) this.readCases();
  }

  follow() {
    const {strip, dialog, modes, cash} = this.parts;
    [strip, dialog, modes, cash].forEach((part) => part.requestUpdate?.());
    const seq = number('site.cases_seq') ?? 0;
    if (seq !== this.seq) this.readCases();
    this.seq = seq;
    if (!this.chosen?.lane) return;
    const {lane} = this.chosen;
    const now = WATCHED.map((point) => `${text(`${lane}.${point}`)}${number(`${lane}.${point}`)}`).join('|');
    if (now !== this.watched) this.look();
    this.watched = now;
  }

  tick() {
    Object.values(this.parts).forEach((part) => part.tick?.());
    if (this.chosen && this.link.state.live && performance.now() - this.looked > LOOK_MS) this.look();
  }

  async readCases() {
    const told = await get('/api/v1/desk/cases');
    if (told === null) return;
    this.parts.queue.told = told;
    const mine = this.wanted ? told.cases.find((/** @type {any} */ one) => one.ref === this.wanted) : null;
    this.wanted = '';
    if (mine) this.choose({case: mine});
    if (this.chosen) this.keep(told.cases);
  }

  /** What was chosen stays chosen, a lane with the case that it has now; what has become of it is shown. @param {any[]} cases */
  keep(cases) {
    const {byCase, lane, case: of} = this.chosen;
    if (byCase) this.chosen.case = cases.find((one) => one.ref === of.ref) ?? {...of, over: true};
    else this.chosen.case = ofLane(cases, lane);
    this.show();
    this.look();
  }

  /** @param {{case?: any, lane?: string}} what */
  choose(what) {
    const of = what.case;
    this.chosen = of
      ? {byCase: true, case: of, lane: of.lane, passage: of.passage, stay: of.stay}
      : {byCase: false, case: ofLane(this.parts.queue.cases, what.lane), lane: what.lane, passage: '', stay: ''};
    this.parts.car.told = null;
    this.parts.buttons.told = null;
    this.watched = '';
    this.show();
    this.look();
  }

  show() {
    const {queue, strip, car, buttons} = this.parts;
    const {case: of, lane} = this.chosen;
    queue.chosen = of?.ref ?? '';
    strip.chosen = lane ?? '';
    [car, buttons].forEach((part) => {
      part.chosen = {...this.chosen};
    });
  }

  async look() {
    if (!this.chosen) return;
    const turn = ++this.asked;
    this.looked = performance.now();
    const {lane, passage, stay, case: of} = this.chosen;
    const told = await get(`/api/v1/desk/car?${new URLSearchParams({lane: lane ?? '', passage: passage ?? '', stay: stay ?? '', case: of?.ref ?? ''})}`);
    if (turn !== this.asked || told === null) return;
    this.parts.car.told = told;
    this.parts.buttons.told = told;
  }

  /** @param {string} name */
  act(name) {
    const {parts, page, chosen} = this;
    const lane = page.lanes.find((/** @type {any} */ one) => one.name === chosen?.lane);
    const told = parts.car.told;
    if (!chosen || parts.buttons.whyNot(name) !== '') return;
    if (['open', 'plate', 'stay', 'send-back'].includes(name)) parts.dialog.ask(lane, name);
    else if (['hold-open', 'lock', 'auto', 'leave-resync', 'confirm-fault'].includes(name)) parts.modes.ask(lane, name);
    else if (name === 'cash') parts.cash.ask({kind: 'take', lane});
    else parts.ask.ask(name, {lane, told, case: chosen.case});
  }

  /** @param {{deed: string, case: any}} what */
  async deal({deed, case: of}) {
    if (deed === 'hand-over') {
      await this.readShift();
      if (this.parts.queue.shift) this.parts.ask.ask(deed, {shift: this.parts.queue.shift, cases: this.parts.queue.cases});
      return;
    }
    if (deed === 'settle') {
      this.parts.ask.ask('settle', {case: of});
      return;
    }
    this.parts.queue.refused = '';
    const answer = await send(`/api/v1/desk/cases/${deed}`, {case: of.ref});
    this.parts.queue.refused = answer.outcome === 'done' ? '' : answer.why || 'no answer from the server';
    if (deed === 'take' && answer.outcome === 'done') this.choose({case: answer.value.case});
    this.readCases();
  }
}

/**
 * Give the case of the car that stands in a lane.
 * @param {any[]} cases
 * @param {string | undefined} lane
 */
const ofLane = (cases, lane) => cases.find((one) => !one.paper && one.lane === lane) ?? null;

start();
