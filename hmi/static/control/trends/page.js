/** The trends page: any tags as curves, live and of the past. */

import {element, startShell} from '../shell.js';
import {all} from '../tags.js';
import './board.js';
import './happened.js';
import {Trends} from './model.js';
import './tools.js';
import {timesOf} from './times.js';
import {heed} from './keys.js';

const DRAW_AT_LEAST_MS = 200;

async function start() {
  const {page, link} = await startShell();
  const times = timesOf(page.site.zone);
  const trends = new Trends();
  const [tools, board, events] = ['tools', 'board', 'events'].map(element);
  trends.now = () => (link.state.live ? (link.now()?.getTime() ?? 0) / 1000 : null);
  trends.live = (tag) => all().get(tag);
  tools.show(trends, times);
  board.show(trends, times, page.site.zone);
  events.show(trends, times);
  heed(trends, board);
  tools.addEventListener('picture', () => save(board.picture(`${document.title} · ${times.full(trends.range.from)} – ${times.full(trends.range.to)}`)));
  link.addEventListener('tags', () => {
    trends.hear();
    if (trends.until === null) board.paint();
  });
  let drawn_ms = 0;
  link.addEventListener('tick', () => {
    if (trends.until !== null || performance.now() - drawn_ms < DRAW_AT_LEAST_MS) return;
    drawn_ms = performance.now();
    board.paint();
  });
  // what was missed while the plant was not heard is in the history
  link.addEventListener('link', () => link.state.live && trends.ask());
  await heard(link);
  await begin(trends, tools, times);
}

/** Which tags there are is known when the plant has been heard. @param {any} link */
async function heard(link) {
  if (!link.state.everHeard) await new Promise((heed_) => link.addEventListener('tags', heed_, {once: true}));
}

/** Show what the address asks for. @param {Trends} trends @param {any} tools @param {any} times */
async function begin(trends, tools, times) {
  const asked = new URLSearchParams(location.search);
  if (asked.get('view')) {
    await tools.readViews();
    await tools.open(asked.get('view'));
  }
  const [from, to] = ['since', 'until'].map((name) => instant(asked.get(name), times));
  if (to > from) trends.look(from, to);
  await trends.add(asked.getAll('tag'));
}

/** @param {string | null} text @param {any} times */
function instant(text, times) {
  if (!text) return NaN;
  return /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) / 1000 : times.instant(text);
}

/** @param {HTMLCanvasElement} canvas */
function save(canvas) {
  canvas.toBlob((blob) => {
    if (!blob) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `trends-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

start();
