/** What the trends page shows: which tags in which panes, which range, and the points; asked anew whenever the range is another. */

import {asNumber, at, paneFor, Track} from './data.js';
import {INKS} from './ink.js';

/** @typedef {import('./data.js').Pane} Pane */

const MOST_TAGS = 50;
const SETTLE_MS = 250;
const WAIT_MS = 20_000;
const SHORTEST_S = 0.05;
const LONGEST_S = 20 * 365 * 86_400;
/** The history has what was told so long ago. */
const BEHIND_S = 1;
export const USUAL_S = 300;
export const EVENT_KINDS = ['alarm', 'command', 'person', 'mode', 'decision'];

export class Trends extends EventTarget {
  /** @type {Pane[]} */
  panes = [];
  /** @type {Map<string, Track>} */
  tracks = new Map();
  /** @type {Map<string, number>} */
  inks = new Map();
  span_s = USUAL_S;
  /** The end of the range; null follows the plant's clock. @type {number | null} */
  until = null;
  /** @type {{a: number | null, b: number | null}} */
  cursors = {a: null, b: null};
  /** Where the pointer is. @type {number | null} */
  pointed = null;
  /** @type {any[]} */
  events = [];
  eventsCut = false;
  eventKinds = new Set(['alarm', 'command', 'person', 'mode']);
  trouble = '';
  busy = false;
  pixels = 800;
  /** @type {() => number | null} the plant's time, if it is heard */
  now = () => null;
  /** @type {(tag: string) => any} */
  live = () => undefined;
  /** @type {Map<string, any>} */
  facts = new Map();
  /** @type {{span_s: number, until: number | null}[]} */
  #before = [];
  #timer = 0;
  #next = 1;
  /** @type {AbortController | null} */
  #asking = null;

  /** @returns {{from: number, to: number}} */
  get range() {
    const to = this.until ?? this.now() ?? Date.now() / 1000;
    return {from: to - this.span_s, to};
  }

  get tags() {
    return this.panes.flatMap(({tags}) => tags);
  }

  get lanes() {
    return [...new Set(this.tags.map((tag) => tag.split('.')[0]))];
  }

  /** @param {string} tag @returns {'rows' | 'curves'} */
  kindOf(tag) {
    const {shape} = this.facts.get(tag) ?? {};
    if (shape) return shape === 'bool' || shape === 'text' ? 'rows' : 'curves';
    const value = this.live(tag)?.value;
    return typeof value === 'boolean' || typeof value === 'string' ? 'rows' : 'curves';
  }

  /** @param {string} tag */
  unitOf(tag) {
    return this.facts.get(tag)?.unit ?? this.tracks.get(tag)?.unit ?? '';
  }

  /** Show more tags. @param {string[]} names @param {number | null} [pane] */
  async add(names, pane = null) {
    const fresh = names.filter((tag) => !this.tracks.has(tag)).slice(0, MOST_TAGS - this.tracks.size);
    await this.#learn(fresh);
    for (const tag of fresh) this.#place(tag, pane);
    this.#changed();
  }

  /** @param {string} tag @param {number | null} wanted */
  #place(tag, wanted) {
    if (this.tracks.has(tag)) return;
    this.tracks.set(tag, new Track(tag));
    this.inks.set(tag, this.#freeInk());
    const unitOf = (/** @type {string} */ name) => this.unitOf(name);
    const found = paneFor(this.panes, this.kindOf(tag), this.unitOf(tag), unitOf, wanted);
    if (found) found.tags = [...found.tags, tag];
    else this.panes = [...this.panes, {id: this.#next++, kind: this.kindOf(tag), tags: [tag]}];
    this.hear();
  }

  #freeInk() {
    const used = [...this.inks.values()];
    for (let n = 0; n < INKS; n += 1) if (!used.includes(n)) return n;
    return this.inks.size % INKS;
  }

  /** Put a shown tag into another pane, or one of its own. @param {string} tag @param {number | null} pane */
  move(tag, pane) {
    const ink = this.inks.get(tag) ?? 0;
    const track = this.tracks.get(tag);
    if (!track || this.panes.some(({id, tags}) => id === pane && tags.includes(tag))) return;
    this.#take(tag);
    const unitOf = (/** @type {string} */ name) => this.unitOf(name);
    const found = pane === null ? null : paneFor(this.panes, this.kindOf(tag), this.unitOf(tag), unitOf, pane);
    if (found) found.tags = [...found.tags, tag];
    else this.panes = [...this.panes, {id: this.#next++, kind: this.kindOf(tag), tags: [tag]}];
    this.tracks.set(tag, track);
    this.inks.set(tag, ink);
    this.#changed(false);
  }

  /** @param {string} tag */
  remove(tag) {
    this.#take(tag);
    this.#changed(false);
  }

  /** @param {string} tag */
  #take(tag) {
    this.tracks.delete(tag);
    this.inks.delete(tag);
    this.panes = this.panes.map((pane) => ({...pane, tags: pane.tags.filter((one) => one !== tag)})).filter(({tags}) => tags.length);
  }

  /** Show what was kept. @param {{panes: string[][], span_s: number}} content */
  async open(content) {
    this.panes = [];
    this.tracks.clear();
    this.inks.clear();
    this.span_s = content.span_s;
    await this.#learn(content.panes.flat());
    for (const tags of content.panes) {
      const id = this.#next;
      tags.forEach((tag, n) => this.#place(tag, n ? id : -1));
    }
    this.#changed();
  }

  /** What of it is kept. */
  get content() {
    return {panes: this.panes.map(({tags}) => tags), span_s: this.span_s};
  }

  /** Ask what tags are. @param {string[]} names */
  async #learn(names) {
    const unknown = names.filter((name) => !this.facts.has(name));
    if (!unknown.length) return;
    const told = await got(`/api/v1/tag-facts?${new URLSearchParams(unknown.map((name) => ['name', name]))}`, null);
    unknown.forEach((name) => this.facts.set(name, told.value?.[name] ?? {}));
  }

  /** @param {boolean} [ask] */
  #changed(ask = true) {
    this.dispatchEvent(new Event('panes'));
    if (ask) this.ask();
  }

  // where and how long one looks

  /** @param {number} from @param {number} to */
  look(from, to) {
    this.#before = [...this.#before.slice(-30), {span_s: this.span_s, until: this.until}];
    this.span_s = Math.min(LONGEST_S, Math.max(SHORTEST_S, to - from));
    this.until = to;
    this.#ranged();
  }

  /** @param {number} x what keeps its place @param {number} factor */
  zoom(x, factor) {
    const {from, to} = this.range;
    const span_s = Math.min(LONGEST_S, Math.max(SHORTEST_S, (to - from) * factor));
    const share = (x - from) / (to - from);
    if (this.until === null && share > 0.98) return this.follow(span_s);
    this.look(x - share * span_s, x + (1 - share) * span_s);
  }

  /** @param {number} dx_s */
  pan(dx_s) {
    const {from, to} = this.range;
    this.until = to + dx_s;
    this.span_s = to - from;
    this.#ranged();
  }

  /** Follow the plant. @param {number} [span_s] */
  follow(span_s = this.span_s) {
    this.span_s = Math.min(span_s, 86_400);
    this.until = null;
    this.#ranged();
  }

  back() {
    const before = this.#before.pop();
    if (!before) return;
    this.span_s = before.span_s;
    this.until = before.until;
    this.#ranged();
  }

  #ranged() {
    this.dispatchEvent(new Event('range'));
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.ask(), SETTLE_MS);
  }

  // cursors

  /** @param {'a' | 'b'} name @param {number | null} x */
  put(name, x) {
    this.cursors[name] = x;
    this.dispatchEvent(new Event('cursors'));
  }

  /** @param {number | null} x */
  point(x) {
    if (x === this.pointed) return;
    this.pointed = x;
    this.dispatchEvent(new Event('cursors'));
  }

  /** What a tag was at a time. @param {string} tag @param {number} x */
  at(tag, x) {
    const track = this.tracks.get(tag);
    return track ? at(track.table(this.end), x, track.curve) : null;
  }

  /** Until when a last value holds. */
  get end() {
    const now = this.now();
    return now === null ? null : Math.min(now, this.range.to);
  }

  // points

  /** Take what the plant says now of what is shown. */
  hear() {
    for (const track of this.tracks.values()) {
      const tag = this.live(track.tag);
      if (tag?.at) track.tell({x: Date.parse(tag.at) / 1000, value: tag.value, status: tag.status});
    }
  }

  /** Ask the history for the range, at the resolution of the screen. */
  async ask() {
    this.#asking?.abort();
    if (!this.tracks.size) {
      this.events = [];
      this.busy = false;
      this.dispatchEvent(new Event('points'));
      return;
    }
    const asking = (this.#asking = new AbortController());
    const {from, to} = this.range;
    const times = {since: stamp(from), until: stamp(to)};
    this.busy = true;
    this.dispatchEvent(new Event('asking'));
    const names = this.tags.map((tag) => ['tag', tag]);
    const query = new URLSearchParams([...names, ...Object.entries(times), ['pixels', String(this.pixels)]]);
    const [points, events] = await Promise.all([got(`/api/v1/trends?${query}`, asking.signal), this.#eventsOf(times, asking.signal)]);
    if (asking.signal.aborted) return;
    this.busy = false;
    this.trouble = points.why;
    for (const series of points.value?.series ?? []) this.tracks.get(series.tag)?.load(series, Math.min(to, (this.now() ?? to)) - BEHIND_S);
    this.events = events.value?.events?.map((/** @type {any} */ one) => ({...one, x: Date.parse(one.at) / 1000})) ?? [];
    this.eventsCut = Boolean(events.value?.cut);
    this.hear();
    this.dispatchEvent(new Event('points'));
  }

  /** @param {Record<string, string>} times @param {AbortSignal} signal */
  #eventsOf(times, signal) {
    if (!this.eventKinds.size) return {value: null, why: ''};
    const lists = [...this.lanes.map((lane) => ['lane', lane]), ...[...this.eventKinds].map((kind) => ['kind', kind])];
    return got(`/api/v1/trend-events?${new URLSearchParams([...lists, ...Object.entries(times)])}`, signal);
  }

  /** @param {string} kind @param {boolean} on */
  showEvents(kind, on) {
    if (on) this.eventKinds.add(kind);
    else this.eventKinds.delete(kind);
    this.ask();
  }

  /** Where the file with all points of the range is. */
  get fileAddress() {
    const {from, to} = this.range;
    return `/api/v1/trends.csv?${new URLSearchParams([...this.tags.map((tag) => ['tag', tag]), ['since', stamp(from)], ['until', stamp(to)]])}`;
  }
}

/** @param {number} x */
const stamp = (x) => new Date(x * 1000).toISOString();

/**
 * @param {string} path
 * @param {AbortSignal | null} signal
 * @returns {Promise<{value: any, why: string}>}
 */
async function got(path, signal) {
  const limits = [AbortSignal.timeout(WAIT_MS), ...(signal ? [signal] : [])];
  try {
    const answer = await fetch(path, {signal: AbortSignal.any(limits)});
    const value = await answer.json();
    return answer.ok ? {value, why: ''} : {value: null, why: String(value.why ?? answer.status)};
  } catch (error) {
    return {value: null, why: 'no answer from the server'};
  }
}

/**
 * The difference of two values, if both are numbers.
 * @param {any} one
 * @param {any} other
 */
export function difference(one, other) {
  const [first, second] = [asNumber(one?.value), asNumber(other?.value)];
  return first === null || second === null ? null : second - first;
}
