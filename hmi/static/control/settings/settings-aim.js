/** Where a camera looks: corners are drawn on its last picture, by mouse or keys, tried, and set. */

import {send} from '../api.js';
import {element, startShell} from '../shell.js';
import {said, t} from '../texts.js';
import {timesOf} from '../trends/times.js';
import {added, moved} from './settings-corners.js';

/** @typedef {[number, number]} Corner */
/** @typedef {{name: string, lane: string, seen: number, region: Corner[], perspective: Corner[], pictures: string[]}} Camera */

const SVG = 'http://www.w3.org/2000/svg';
const STEP = 0.01;
const MOST = {region: 12, perspective: 4};
/** @type {Record<string, Corner>} */
const KEYS = {ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP]};

const {page} = await startShell();
const times = timesOf(page.site.zone);
/** @type {{region: Corner[], perspective: Corner[]}} */
let drawn = {region: [], perspective: []};
/** @type {any[]} */
let tried = [];
let [wide, high] = [1600, 900];

/** @returns {Camera} */
const camera = () => page.cameras[Number(element('camera').value)];
/** @returns {'region' | 'perspective'} */
const what = () => /** @type {any} */ (document.querySelector('[name=what]:checked')).value;

function choose() {
  const {region, perspective, pictures} = camera();
  drawn = {region: structuredClone(region), perspective: structuredClone(perspective)};
  tried = [];
  element('picture').replaceChildren(...pictures.map((name, n) => new Option(`${n + 1}`, name)));
  element('none').hidden = pictures.length > 0;
  element('found').replaceChildren();
  document.querySelectorAll('[data-coming]').forEach((one) => one.toggleAttribute('hidden', /** @type {HTMLElement} */ (one).dataset.coming !== camera().name));
  look();
}

/** Take the picture's own size, then draw. */
function look() {
  const name = element('picture').value;
  const picture = new Image();
  picture.onload = () => {
    [wide, high] = [picture.naturalWidth, picture.naturalHeight];
    draw();
  };
  if (name) picture.src = `/pictures/${name}`;
  draw();
}

/** The corner that has the focus: it keeps it when the picture comes late. */
const held = () => [...element('view').querySelectorAll('.corner')].findIndex((one) => one === document.activeElement);

/** @param {number} [focused] */
function draw(focused = held()) {
  const view = svg('svg', {viewBox: `0 0 ${wide} ${high}`, width: '100%'});
  const name = element('picture').value;
  if (name) view.append(svg('image', {href: `/pictures/${name}`, width: String(wide), height: String(high)}));
  else view.append(svg('rect', {width: String(wide), height: String(high), fill: '#3a3f44'}));
  view.append(outline('perspective', '#ffd500'), outline('region', '#5dff7a'), ...plates());
  view.addEventListener('click', (event) => event.target instanceof Element && !event.target.closest('.corner') && add(place(view, event)));
  drawn[what()].forEach((corner, n) => view.append(handle(view, corner, n)));
  element('view').replaceChildren(view);
  /** @type {any} */ (view.querySelectorAll('.corner')[focused])?.focus();
}

/**
 * @param {'region' | 'perspective'} of
 * @param {string} colour
 */
const outline = (of, colour) => svg('polygon', {
  points: drawn[of].map(([x, y]) => `${x * wide},${y * high}`).join(' '), fill: 'none', stroke: colour, 'stroke-width': String(wide / 250),
  'stroke-dasharray': of === 'region' ? 'none' : `${wide / 60}`,
});

const plates = () => (tried.find((one) => one.picture === element('picture').value)?.plates ?? []).map((/** @type {any} */ plate) => svg('polygon', {
  points: plate.corners.map(([x, y]) => `${x * wide},${y * high}`).join(' '), fill: 'none', stroke: plate.chosen ? '#ffffff' : '#ff5a4f', 'stroke-width': String(wide / 300),
}));

/**
 * @param {SVGElement} view
 * @param {Corner} corner
 * @param {number} n
 */
function handle(view, [x, y], n) {
  const dot = svg('circle', {
    class: 'corner', cx: String(x * wide), cy: String(y * high), r: String(wide / 70), fill: '#ffffff', stroke: '#14171a', 'stroke-width': String(wide / 300), tabindex: '0',
    role: 'button', 'aria-label': t('Corner {number}: {x} %, {y} %', {number: n + 1, x: Math.round(x * 100), y: Math.round(y * 100)}),
  });
  dot.addEventListener('keydown', (event) => pressed(/** @type {KeyboardEvent} */ (event), n));
  dot.addEventListener('pointerdown', (down) => {
    dot.setPointerCapture(down.pointerId);
    dot.onpointermove = (event) => {
      drawn[what()][n] = place(view, event);
      dot.setAttribute('cx', String(drawn[what()][n][0] * wide));
      dot.setAttribute('cy', String(drawn[what()][n][1] * high));
    };
    dot.onpointerup = () => changed(n);
  });
  return dot;
}

/**
 * @param {KeyboardEvent} event
 * @param {number} n
 */
function pressed(event, n) {
  const step = KEYS[event.key];
  if (step) drawn[what()][n] = moved(drawn[what()][n], step, event.shiftKey ? 5 : 1);
  else if (event.key === 'Delete' || event.key === 'Backspace') drawn[what()].splice(n, 1);
  else return;
  event.preventDefault();
  changed(Math.min(n, drawn[what()].length - 1));
}

/**
 * @param {Element} view
 * @param {MouseEvent} event
 * @returns {Corner}
 */
function place(view, event) {
  const {left, top, width, height} = view.getBoundingClientRect();
  return moved([(event.clientX - left) / width, (event.clientY - top) / height], [0, 0]);
}

/** @param {Corner} corner */
function add(corner) {
  const of = what();
  if (drawn[of].length >= MOST[of]) return;
  drawn[of] = of === 'region' ? added(drawn[of], corner) : [...drawn[of], corner];
  changed(drawn[of].findIndex(([x, y]) => x === corner[0] && y === corner[1]));
}

/** @param {number} focused */
function changed(focused) {
  tried = [];
  element('found').replaceChildren();
  draw(focused);
}

async function attempt() {
  element('word').textContent = t('Trying …');
  const answer = await send(`/api/v1/settings/cameras/${camera().name}/try`, drawn);
  element('word').textContent = answer.outcome === 'done' ? '' : said(answer.why);
  if (answer.outcome !== 'done') return;
  tried = answer.value;
  element('found').replaceChildren(table());
  draw();
}

function table() {
  const whole = document.createElement('table');
  tried.forEach(({plates: found, why}, n) => {
    const lines = found.map((/** @type {any} */ one) => t('{plate}, {confidence} %, {width} px wide', {plate: one.text, confidence: Math.floor(one.confidence * 100), width: one.width_px})
      + (one.chosen ? ` ✓${one.sure ? '' : ` ${t('not sure enough')}`}` : ` · ${one.inside ? t('not the nearest') : t('outside the region')}`));
    const row = whole.insertRow();
    row.insertCell().textContent = t('Picture {number}', {number: n + 1});
    row.insertCell().textContent = [...lines, ...(why ? [said(why)] : [])].join('; ');
  });
  return whole;
}

/** @param {SubmitEvent} event */
async function save(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (element('save'));
  const {reason, effective_from: from} = Object.fromEntries(new FormData(form));
  const later = from ? {effective_from: new Date(times.instant(String(from)) * 1000).toISOString()} : {};
  const answer = await send(`/api/v1/settings/cameras/${camera().name}`, {...drawn, reason, seen: camera().seen, ...later});
  element('word').textContent = answer.outcome === 'done' ? t('It looks there from now on.') : answer.outcome === 'unknown' ? t('Nobody knows whether it was done. Look at the list.') : said(answer.why);
  if (answer.outcome !== 'done') return;
  if (from) return location.assign(`?${new URLSearchParams({camera: camera().name, done: 'later'})}`);
  Object.assign(camera(), structuredClone(drawn), {seen: answer.value.seen});
  form.reset();
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @returns {SVGElement}
 */
function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return /** @type {SVGElement} */ (node);
}

element('camera').addEventListener('change', choose);
element('picture').addEventListener('change', look);
document.querySelectorAll('[name=what]').forEach((one) => one.addEventListener('change', () => draw()));
element('corner').addEventListener('click', () => add([0.5, 0.5]));
element('clear').addEventListener('click', () => {
  drawn[what()] = [];
  changed(-1);
});
element('again').addEventListener('click', choose);
element('try').addEventListener('click', attempt);
element('save')?.addEventListener('submit', save);
choose();
