/** One lane: its card as on the overview, and beside it all that is known of it. */

import {serveLanes} from '../lane-desk.js';
import {element, startShell} from '../shell.js';
import {exists} from '../tags.js';
import {MEASURED} from './contacts.js';
import './panels.js';

const PICTURES_MS = 10_000;
const TRENDS_MS = 60_000;
const WAIT_MS = 8000;
const TICK_MS = 1000;
const PIXELS = 80;

async function start() {
  const {page, link} = await startShell();
  const lane = page.lanes.find((/** @type {any} */ one) => one.name === page.lane);
  serveLanes(page, link, element('lane'), [lane]);
  const panels = element('panels');
  Object.assign(panels, {lane, cameras: page.cameras, now: () => link.now()});
  const draw = () => {
    panels.live = link.state.live;
    panels.requestUpdate();
  };
  link.addEventListener('tags', draw);
  link.addEventListener('link', draw);
  setInterval(draw, TICK_MS);
  await Promise.all([every(PICTURES_MS, () => look(panels)), every(TRENDS_MS, () => measure(panels, lane.name))]);
}

/**
 * Do it now, and then again and again.
 * @param {number} ms
 * @param {() => Promise<void>} work
 */
async function every(ms, work) {
  setInterval(work, ms);
  await work();
}

/** @param {string} path */
async function asked(path) {
  try {
    const answer = await fetch(path, {signal: AbortSignal.timeout(WAIT_MS)});
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    return null;
  }
}

/** @param {any} panels */
async function look(panels) {
  const told = await asked('/api/v1/cameras');
  if (told) panels.seen = new Map(told.cameras.map((/** @type {any} */ one) => [one.name, one]));
  panels.requestUpdate();
}

/**
 * @param {any} panels
 * @param {string} lane
 */
async function measure(panels, lane) {
  const names = MEASURED.map(({point}) => `${lane}.${point}`).filter(exists);
  if (!names.length) return;
  const query = new URLSearchParams([...names.map((name) => ['tag', name]), ['pixels', String(PIXELS)]]);
  const told = await asked(`/api/v1/trends?${query}`);
  if (told) panels.trends = new Map(told.series.map((/** @type {any} */ one) => [one.tag, one.mean]));
  panels.requestUpdate();
}

start();
