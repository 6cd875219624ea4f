/** The keys of the desk: a case, a lane and every deed are reached without the mouse. */

import {ACTS, endsHere} from './desk-words.js';

/** These may be held down; no deed is done twice by a key that is. */
const STEPS = ['j', 'k', 'ArrowDown', 'ArrowUp'];

/** @param {any} desk */
export function followKeys(desk) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isBusy(event)) return;
    if (event.repeat && !STEPS.includes(event.key)) return;
    const done = press(desk, event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (done) event.preventDefault();
  });
}

/** @param {KeyboardEvent} event */
function isBusy(event) {
  const typed = /** @type {HTMLElement | null} */ (event.target);
  return document.querySelector('dialog[open]') !== null || Boolean(typed?.closest?.('input, textarea, select'));
}

/**
 * @param {any} desk
 * @param {string} key
 */
function press(desk, key) {
  const {queue, help, strip} = desk.parts;
  const deed = ACTS.find((one) => one.key === key);
  if (deed) desk.act(deed.act);
  else if (key === '?') help.show();
  else if (key === 'j' || key === 'ArrowDown') step(desk, 1);
  else if (key === 'k' || key === 'ArrowUp') step(desk, -1);
  else if (key === 'x') desk.deal({deed: 'hand-over'});
  else if (key === 't' || key === 'b' || key === 'v') deal(desk, key);
  else if (/^[1-9]$/.test(key) && strip.lanes[Number(key) - 1]) desk.choose({lane: strip.lanes[Number(key) - 1].name});
  else return false;
  queue.requestUpdate();
  return true;
}

/**
 * @param {any} desk
 * @param {number} by
 */
function step(desk, by) {
  const {cases, chosen} = desk.parts.queue;
  if (!cases.length) return;
  const at = cases.findIndex((/** @type {any} */ one) => one.ref === chosen);
  desk.choose({case: cases[at < 0 ? 0 : Math.min(cases.length - 1, Math.max(0, at + by))]});
}

/**
 * @param {any} desk
 * @param {string} key
 */
function deal(desk, key) {
  const of = desk.chosen?.case;
  const deeds = {t: 'take', b: 'give-back', v: 'settle'};
  if (!of || of.over || !desk.page.maySit) return;
  if (key !== 'v' || endsHere(of, desk.page)) desk.deal({deed: deeds[/** @type {'t' | 'b' | 'v'} */ (key)], case: of});
}
