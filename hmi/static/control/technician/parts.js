/** What the pages of technicians share: asking, a page's element, and curves of what is over. */

import {clockTime, date} from '../format.js';
import {element, startShell} from '../shell.js';
import {said, t} from '../texts.js';
import {TrendBoard} from '../trends/board.js';
import {Track} from '../trends/data.js';
import {Trends} from '../trends/model.js';
import {timesOf} from '../trends/times.js';

const WAIT_MS = 40_000;

/**
 * Ask for something; `why` says why there is none.
 * @param {string} path
 * @returns {Promise<{value: any, why: string}>}
 */
export async function got(path) {
  try {
    const answer = await fetch(path, {signal: AbortSignal.timeout(WAIT_MS)});
    const value = await answer.json();
    return answer.ok ? {value, why: ''} : {value: null, why: String(value.why ?? answer.status)};
  } catch (error) {
    return {value: null, why: 'no answer from the server'};
  }
}

/** Begin a page: its element takes what the server wrote, and the line. @param {string} name */
export async function startPage(name) {
  const {page, link} = await startShell();
  const shown = /** @type {any} */ (document.createElement(name));
  Object.assign(shown, {page, link, times: timesOf(page.site.zone)});
  element('main').append(shown);
  return {shown, page, link};
}

/** @param {string | null | undefined} at */
export const when = (at) => (at ? `${date(new Date(at))} ${clockTime(new Date(at))}` : '');

/** @param {import('../api.js').Answer} answer */
export function outcomeWords(answer) {
  if (answer.why.startsWith('idle')) location.assign('/sign-in');
  if (answer.outcome === 'done') return t('The plant has taken it.');
  if (answer.outcome === 'refused') return t('Refused: {why}', {why: said(answer.why)});
  return t('Nobody knows whether it was done: {why}', {why: said(answer.why)});
}

/** Curves of something that is over: all points are there, and nobody is asked. */
class Past extends Trends {
  async ask() {
    this.dispatchEvent(new Event('points'));
  }

  hear() {}
}

/**
 * Draw what is over.
 * @param {Record<string, {x: number, value: unknown, status: number}[]>} told points by tag
 * @param {{from: number, to: number, events?: any[], times: any, zone: string}} about
 */
export function pastBoard(told, {from, to, events = [], times, zone}) {
  const past = new Past();
  for (const [tag, points] of Object.entries(told)) {
    const first = points.find(({value}) => value !== null)?.value;
    past.facts.set(tag, {shape: typeof first === 'boolean' ? 'bool' : typeof first === 'string' ? 'text' : 'number', unit: ''});
  }
  past.until = to;
  past.span_s = to - from;
  past.now = () => to;
  past.events = events;
  const board = new TrendBoard();
  board.show(past, times, zone);
  past.add(Object.keys(told)).then(() => {
    for (const [tag, points] of Object.entries(told)) {
      const track = past.tracks.get(tag) ?? new Track(tag);
      points.forEach((point) => track.tell(point));
    }
    past.ask();
  });
  return {board, past};
}
