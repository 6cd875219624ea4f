/**
 * What is drawn of a tag: points made of the history's buckets and of what the plant tells now. Pure: no page, no clock.
 * A gap stays a gap: `null` is drawn by nothing.
 */

export const FORCED = 0x00960000;
/** Points of one tag that are kept while it is followed. */
const MOST_POINTS = 36_000;

/**
 * @typedef {object} Table points in order: seconds, the value drawn, the lowest and the highest there, a state's word, status
 * @property {number[]} x
 * @property {(number | null)[]} y
 * @property {(number | null)[]} low
 * @property {(number | null)[]} high
 * @property {(string | null)[]} text
 * @property {number[]} status
 */
/** @typedef {{from: number, to: number, kind: string}} Mark */
/** @typedef {{x: number, value: unknown, status: number}} Point */

/** @returns {Table} */
export const emptyTable = () => ({x: [], y: [], low: [], high: [], text: [], status: []});

/** @param {number} status how far a value is to be believed; '' says: fully */
export function doubt(status) {
  if (status >>> 30 >= 2) return 'bad';
  if (status >>> 30 === 1) return 'uncertain';
  return status >>> 0 === FORCED ? 'forced' : '';
}

/**
 * Make points of one series of `/api/v1/trends`.
 * @param {any} series
 * @returns {Table}
 */
export function tableOf(series) {
  const table = emptyTable();
  const [since, step] = [Date.parse(series.since) / 1000, series.step_s];
  series.known_s.forEach((/** @type {number} */ known, /** @type {number} */ n) => {
    const at = since + n * step;
    const status = series.quality[n];
    if (known <= 0) return put(table, at, null, null, null, null, status);
    const value = series.points[n] > 1 && series.mean[n] !== null ? series.mean[n] : series.last[n];
    const word = series.text?.[n] ?? null;
    put(table, at, value, series.low[n], series.high[n], word, status);
    // a part of the bucket is not known: the line ends in it, wherever that part lies
    if (known < step * 0.999) put(table, at + Math.min(known, step / 2), null, null, null, null, status);
  });
  return table;
}

/**
 * @param {Table} table
 * @param {number} x
 * @param {number | null} y
 * @param {number | null} low
 * @param {number | null} high
 * @param {string | null} text
 * @param {number} status
 */
function put(table, x, y, low, high, text, status) {
  table.x.push(x);
  table.y.push(y);
  table.low.push(low);
  table.high.push(high);
  table.text.push(text);
  table.status.push(status);
}

/** One tag's points: of the past as the history gave them, then of now as the plant told them. */
export class Track {
  /** @param {string} tag */
  constructor(tag) {
    this.tag = tag;
    this.unit = '';
    this.curve = 'step';
    this.past = emptyTable();
    /** @type {Point[]} */
    this.told = [];
  }

  /** Take the history's answer; what was told before its end is in it. @param {any} series @param {number} until */
  load(series, until) {
    this.past = tableOf(series);
    this.unit = series.unit || this.unit;
    this.curve = series.curve;
    this.told = this.told.filter(({x}) => x >= until);
  }

  /** @param {Point} point */
  tell(point) {
    const last = this.told.at(-1);
    if (last && point.x <= last.x) {
      if (point.x === last.x) this.told[this.told.length - 1] = point;
      return;
    }
    this.told.push(point);
    if (this.told.length > MOST_POINTS) this.told.splice(0, this.told.length - MOST_POINTS);
  }

  /**
   * Give what is drawn: the past, then what was told, and the last value until `end`, the plant's time if it is heard.
   * @param {number | null} end
   * @returns {Table}
   */
  table(end) {
    const first = this.told[0]?.x ?? Infinity;
    const count = countBefore(this.past.x, first);
    /** @type {Table} */
    const table = {
      x: this.past.x.slice(0, count),
      y: this.past.y.slice(0, count),
      low: this.past.low.slice(0, count),
      high: this.past.high.slice(0, count),
      text: this.past.text.slice(0, count),
      status: this.past.status.slice(0, count),
    };
    for (const {x, value, status} of this.told) {
      const number = doubt(status) === 'bad' ? null : asNumber(value);
      const word = doubt(status) !== 'bad' && typeof value === 'string' ? value : null;
      put(table, x, number, number, number, word, status);
    }
    const last = table.x.length - 1;
    if (end !== null && last >= 0 && table.x[last] < end) {
      put(table, end, table.y[last], table.y[last], table.y[last], table.text[last], table.status[last]);
    }
    return table;
  }
}

/** @param {unknown} value @returns {number | null} */
export function asNumber(value) {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' ? value : null;
}

/** How many of the ascending numbers lie before a limit. @param {number[]} xs @param {number} limit */
export function countBefore(xs, limit) {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * What a tag was at a time: the value that held then, on a line between two points where it goes by lines.
 * @param {Table} table
 * @param {number} x
 * @param {string} curve
 */
export function at(table, x, curve) {
  const n = countBefore(table.x, x + 1e-9) - 1;
  if (n < 0) return null;
  const known = {value: table.y[n], text: table.text[n], status: table.status[n]};
  const next = table.y[n + 1];
  if (curve !== 'line' || known.value === null || typeof next !== 'number') return known;
  const share = (x - table.x[n]) / (table.x[n + 1] - table.x[n]);
  return {...known, value: known.value + share * (next - known.value)};
}

/** Where a tag is not to be believed, and how. @param {Table} table @param {number} end @returns {Mark[]} */
export function marks(table, end) {
  return runs(table, end, (n) => doubt(table.status[n])).map(({from, to, word}) => ({from, to, kind: word}));
}

/** Where a state lasted. @param {Table} table @param {number} end */
export const states = (table, end) => runs(table, end, (n) => table.text[n] ?? '');

/**
 * Join neighbours of one word; those without one are left out.
 * @param {Table} table
 * @param {number} end
 * @param {(n: number) => string} wordOf
 */
function runs(table, end, wordOf) {
  /** @type {{from: number, to: number, word: string}[]} */
  const found = [];
  table.x.forEach((x, n) => {
    const word = wordOf(n);
    const to = table.x[n + 1] ?? Math.max(end, x);
    const last = found.at(-1);
    if (word && last?.word === word && last.to === x) last.to = to;
    else if (word) found.push({from: x, to, word});
  });
  return found;
}

/**
 * Say in which pane a tag is put: contacts and states in rows, numbers with others of their unit.
 * @typedef {{id: number, kind: 'rows' | 'curves', tags: string[]}} Pane
 * @param {Pane[]} panes
 * @param {'rows' | 'curves'} kind
 * @param {string} unit
 * @param {(tag: string) => string} unitOf
 * @param {number | null} [wanted] the pane that a person dropped it on
 * @returns {Pane | null} none: it needs a new one
 */
export function paneFor(panes, kind, unit, unitOf, wanted = null) {
  const fits = (/** @type {Pane} */ pane) => {
    if (pane.kind !== kind || pane.tags.length >= 16) return false;
    return kind === 'rows' || new Set([unit, ...pane.tags.map(unitOf)]).size <= 2;
  };
  const asked = panes.find(({id}) => id === wanted);
  if (asked) return fits(asked) ? asked : null;
  return panes.find((pane) => fits(pane) && (kind === 'rows' || (unit !== '' && pane.tags.some((tag) => unitOf(tag) === unit)))) ?? null;
}

/**
 * Take what was dropped for a tag: its name, or a link that leads to its trend.
 * @param {string} text
 */
export function tagOf(text) {
  const link = /\/trends\?(?:.*&)?tag=([^&#\s]+)/.exec(text);
  const name = link ? decodeURIComponent(link[1]) : text.trim();
  return /^[a-z0-9_]+(\.[a-z0-9_]+)+$/i.test(name) && name.length <= 120 ? name : '';
}
