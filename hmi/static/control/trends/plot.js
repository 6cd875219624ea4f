/** One pane's drawing: its options, made anew for other tags or another theme, and what is painted over the curves. */

import uPlot from '../../vendor/uplot.js';
import {marks, states} from './data.js';
import {colour, dash, ink} from './ink.js';

const LEFT = 132;
const RIGHT = 64;
const LABEL = 20;
const STRIP = 5;
const ROW_SHARE = 0.7;
const FONT = '12px "Noto Sans CJK SC", system-ui, sans-serif';

/** @typedef {import('./data.js').Table} Table */
/** @typedef {{tag: string, label: string, ink: number, unit: string, curve: string, table: Table}} Drawn */
/** @typedef {{at: number, kind: string}} Event */
/**
 * @typedef {object} Scene what all panes share
 * @property {number} from
 * @property {number} to
 * @property {number} end until when a last value holds
 * @property {{a: number | null, b: number | null}} cursors
 * @property {Event[]} events
 * @property {(text: string) => string} word says a state's name
 */
/**
 * @typedef {object} Hands what a person does with the plot
 * @property {(from: number, to: number) => void} zoom
 * @property {(x: number | null) => void} point
 * @property {(x: number, isSecond: boolean) => void} click
 * @property {(dx_s: number) => void} pan
 * @property {(x: number, factor: number) => void} wheel
 */

/**
 * @param {HTMLElement} place
 * @param {{kind: string, width: number, height: number, times: any, zone: string}} look
 * @param {Drawn[]} drawn
 * @param {() => Scene} scene
 * @param {Hands} hands
 */
export function plotOf(place, look, drawn, scene, hands) {
  const plot = look.kind === 'rows' ? rowsOf(drawn) : curvesOf(drawn);
  const now = () => ({drawn: plot.drawn, ...scene()});
  const options = {
    width: look.width,
    height: look.height,
    ms: 1,
    tzDate: (/** @type {number} */ x) => uPlot.tzDate(new Date(x * 1000), look.zone),
    legend: {show: false},
    cursor: cursorOf(hands),
    scales: {x: {time: true, range: () => [scene().from, scene().to]}, ...plot.scales},
    axes: [axisOfTime(look.times), ...plot.axes],
    series: [{}, ...plot.series],
    bands: plot.bands,
    padding: [14, plot.axes.length > 1 ? 0 : RIGHT, 0, 0],
    hooks: {
      drawClear: [(/** @type {any} */ u) => ground(u)],
      draw: [(/** @type {any} */ u) => over(u, look.kind, now())],
      setCursor: [(/** @type {any} */ u) => hands.point(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, 'x') : null)],
      setSelect: [(/** @type {any} */ u) => selected(u, hands)],
      ready: [(/** @type {any} */ u) => listen(u, hands)],
    },
  };
  const u = new uPlot(/** @type {any} */ (options), plot.data(drawn), place);
  return {
    u,
    /** @param {Drawn[]} fresh */
    paint(fresh) {
      plot.drawn = fresh;
      u.setData(plot.data(fresh), true);
    },
  };
}

/** @param {any} times */
function axisOfTime(times) {
  return {
    stroke: colour('--text2'), font: FONT, size: 48,
    grid: {stroke: colour('--hollow'), width: 1}, ticks: {stroke: colour('--line'), width: 1},
    values: (/** @type {any} */ _u, /** @type {number[]} */ splits, /** @type {number} */ _axis, /** @type {number} */ _space, /** @type {number} */ step) => times.labels(splits, step),
  };
}

/** @param {Drawn[]} drawn */
function curvesOf(drawn) {
  const units = [...new Set(drawn.map(({unit}) => unit))].slice(0, 2);
  const series = drawn.flatMap((one) => {
    const scale = `u${Math.max(0, units.indexOf(one.unit))}`;
    const paths = one.curve === 'line' ? uPlot.paths.linear?.() : uPlot.paths.stepped?.({align: 1});
    const band = {scale, stroke: 'transparent', width: 0, points: {show: false}, paths};
    return [{scale, stroke: ink(one.ink), width: 2, dash: dash(one.ink), paths, points: {show: false}}, band, band];
  });
  const bands = drawn.map((one, n) => ({series: [3 * n + 3, 3 * n + 2], fill: `${ink(one.ink)}44`}));
  return {
    drawn,
    series,
    bands,
    scales: Object.fromEntries(units.map((_unit, n) => [`u${n}`, {range: ranged}])),
    axes: units.map((unit, n) => ({
      scale: `u${n}`, side: n ? 1 : 3, size: (n ? RIGHT : LEFT) - (unit ? LABEL : 0), label: unit || undefined, labelSize: unit ? LABEL : 0, labelFont: FONT,
      stroke: colour('--text2'), font: FONT, grid: {show: n === 0, stroke: colour('--hollow'), width: 1}, ticks: {stroke: colour('--line'), width: 1},
    })),
    data: (/** @type {Drawn[]} */ fresh) => joined(fresh.map(({table}) => [table.x, table.y, table.low, table.high])),
  };
}

/**
 * A curve that stands still lies in the middle, whatever its value.
 * @param {any} _u
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
function ranged(_u, low, high) {
  if (low === null || high === null) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

/** @param {Drawn[]} drawn */
function rowsOf(drawn) {
  const count = Math.max(1, drawn.length);
  const base = (/** @type {number} */ n) => count - 1 - n + (1 - ROW_SHARE) / 2;
  return {
    drawn,
    series: drawn.map((one, n) => ({
      scale: 'u0', stroke: ink(one.ink), width: 2, fill: `${ink(one.ink)}33`, fillTo: () => base(n), points: {show: false},
      paths: uPlot.paths.stepped?.({align: 1}),
    })),
    bands: [],
    scales: {u0: {range: () => /** @type {[number, number]} */ ([0, count])}},
    axes: [{
      scale: 'u0', side: 3, size: LEFT, stroke: colour('--text'), font: FONT, grid: {show: false}, ticks: {show: false}, gap: 6,
      splits: () => drawn.map((_one, n) => count - 0.5 - n).reverse(),
      values: () => drawn.map(({label}) => shortened(label)).reverse(),
    }],
    data: (/** @type {Drawn[]} */ fresh) =>
      joined(fresh.map(({table}, n) => [table.x, table.y.map((value) => (value === null ? null : base(n) + ROW_SHARE * Math.max(0, Math.min(1, value))))])),
  };
}

/** @param {string} label */
const shortened = (label) => (label.length <= 19 ? label : `…${label.slice(-18)}`);

/** @param {any[]} tables */
function joined(tables) {
  const filled = tables.map((table) => (table[0].length ? table : [[0], ...table.slice(1).map(() => [null])]));
  return /** @type {any} */ (filled.length ? uPlot.join(filled) : [[]]);
}

/** @param {Hands} hands */
function cursorOf(hands) {
  return {
    sync: {key: 'trends'}, y: false, points: {show: false}, drag: {x: true, y: false, setScale: false, dist: 5},
    bind: {
      mousedown: (/** @type {any} */ u, /** @type {any} */ _target, /** @type {(event: MouseEvent) => null} */ handler) => (/** @type {MouseEvent} */ event) => {
        if (!event.shiftKey || event.button !== 0) return handler(event);
        return dragged(u, event, hands);
      },
      dblclick: () => null,
    },
  };
}

/** With Shift the whole range is drawn along. @param {any} u @param {MouseEvent} down @param {Hands} hands */
function dragged(u, down, hands) {
  let last = down.clientX;
  const perPixel = (u.scales.x.max - u.scales.x.min) / u.over.clientWidth;
  const move = (/** @type {MouseEvent} */ event) => {
    hands.pan((last - event.clientX) * perPixel);
    last = event.clientX;
  };
  const up = () => {
    document.removeEventListener('mousemove', move);
    document.removeEventListener('mouseup', up);
  };
  document.addEventListener('mousemove', move);
  document.addEventListener('mouseup', up);
  return null;
}

/** @param {any} u @param {Hands} hands */
function selected(u, hands) {
  const {left, width} = u.select;
  if (width < 5) return;
  const [from, to] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')];
  u.setSelect({left: 0, width: 0, top: 0, height: 0}, false);
  hands.zoom(from, to);
}

/** @param {any} u @param {Hands} hands */
function listen(u, hands) {
  let down_x = 0;
  let was_shift = false;
  const x_of = (/** @type {MouseEvent} */ event) => u.posToVal(event.clientX - u.over.getBoundingClientRect().left, 'x');
  u.over.addEventListener('mousedown', (/** @type {MouseEvent} */ event) => {
    down_x = event.clientX;
    was_shift = event.shiftKey;
  });
  u.over.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    if (Math.abs(event.clientX - down_x) < 5) hands.click(x_of(event), was_shift);
  });
  u.over.addEventListener('wheel', (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    hands.wheel(x_of(event), event.deltaY > 0 ? 1.25 : 0.8);
  }, {passive: false});
}

/** @param {any} u */
function ground(u) {
  u.ctx.save();
  u.ctx.fillStyle = colour('--panel');
  u.ctx.fillRect(0, 0, u.ctx.canvas.width, u.ctx.canvas.height);
  u.ctx.restore();
}

/** @param {any} u @param {string} kind @param {Scene & {drawn: Drawn[]}} scene */
function over(u, kind, scene) {
  const {ctx, bbox} = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
  ctx.clip();
  ctx.font = FONT.replace('12px', `${12 * devicePixelRatio}px`);
  if (kind === 'rows') drawStates(u, scene);
  drawDoubts(u, kind, scene);
  drawEvents(u, scene);
  drawCursors(u, scene);
  ctx.restore();
}

/** A state is a bar with its word. @param {any} u @param {Scene & {drawn: Drawn[]}} scene */
function drawStates(u, {drawn, from, to, end, word}) {
  const height = (u.bbox.height / Math.max(1, drawn.length)) * ROW_SHARE;
  drawn.forEach((one, n) => {
    const top = u.valToPos(drawn.length - n - (1 - ROW_SHARE) / 2, 'u0', true);
    for (const run of states(one.table, end)) {
      if (run.to < from || run.from > to) continue;
      const [left, right] = [u.valToPos(Math.max(run.from, from), 'x', true), u.valToPos(Math.min(run.to, to), 'x', true)];
      u.ctx.fillStyle = colour('--hollow');
      u.ctx.fillRect(left, top, Math.max(1, right - left), height);
      u.ctx.fillStyle = ink(one.ink);
      u.ctx.fillRect(left, top, Math.max(1, 2 * devicePixelRatio), height);
      const said = word(run.word);
      if (u.ctx.measureText(said).width + 10 < right - left) {
        u.ctx.fillStyle = colour('--text');
        u.ctx.textBaseline = 'middle';
        u.ctx.textAlign = 'left';
        u.ctx.fillText(said, left + 6, top + height / 2);
      }
    }
  });
}

/** What is not to be believed has a strip of its own: full is bad, open is doubtful, dashed is forced.
 * @param {any} u @param {string} kind @param {Scene & {drawn: Drawn[]}} scene */
function drawDoubts(u, kind, {drawn, from, to, end}) {
  const thick = STRIP * devicePixelRatio;
  drawn.forEach((one, n) => {
    const top = kind === 'rows' ? u.valToPos(drawn.length - 1 - n, 'u0', true) - thick : u.bbox.top + u.bbox.height - (drawn.length - n) * (thick + 1);
    for (const mark of marks(one.table, end)) {
      if (mark.to < from || mark.from > to) continue;
      const [left, right] = [u.valToPos(Math.max(mark.from, from), 'x', true), u.valToPos(Math.min(mark.to, to), 'x', true)];
      drawStrip(u.ctx, mark.kind, left, top, Math.max(2, right - left), thick);
    }
  });
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} kind
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} thick
 */
function drawStrip(ctx, kind, left, top, width, thick) {
  ctx.fillStyle = ctx.strokeStyle = colour('--stale');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(kind === 'forced' ? [4, 3] : []);
  if (kind === 'bad') ctx.fillRect(left, top, width, thick);
  else ctx.strokeRect(left, top + 0.5, width, thick - 1);
  ctx.setLineDash([]);
}

/** @type {Record<string, string>} */
export const GLYPHS = {alarm: '▲', command: '◆', person: '●', mode: '■', rise: '↑', decision: '◇'};

/** @param {any} u @param {Scene} scene */
function drawEvents(u, {events, from, to}) {
  const {ctx, bbox} = u;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'center';
  for (const {at, kind} of events) {
    if (at < from || at > to) continue;
    const x = u.valToPos(at, 'x', true);
    ctx.strokeStyle = ctx.fillStyle = kind === 'alarm' ? colour('--p1') : colour('--text2');
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 4]);
    line(ctx, x, bbox.top, bbox.top + bbox.height);
    ctx.setLineDash([]);
    ctx.fillText(GLYPHS[kind] ?? '·', x, 0);
  }
}

/** @param {any} u @param {Scene} scene */
function drawCursors(u, {cursors, from, to}) {
  const {ctx, bbox} = u;
  ctx.fillStyle = ctx.strokeStyle = colour('--value');
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  for (const [name, at] of [['A', cursors.a], ['B', cursors.b]]) {
    if (typeof at !== 'number' || at < from || at > to) continue;
    const x = u.valToPos(at, 'x', true);
    line(ctx, x, bbox.top, bbox.top + bbox.height);
    ctx.fillText(String(name), x + 4, bbox.top + 2);
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} top @param {number} bottom */
function line(ctx, x, top, bottom) {
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
}
