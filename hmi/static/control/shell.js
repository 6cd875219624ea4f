/** What every live page has above its own: the texts, the line to the plant, the clock, and the person's presence. */

import {send} from './api.js';
import {clockTime, date, useZone} from './format.js';
import {Link} from './link.js';
import {number} from './tags.js';
import {loadTexts, t} from './texts.js';
import {keepTheme} from './theme.js';

const CLOCK_MS = 200;
const PRESENCE_MS = 60_000;

/** @param {string} id */
export const element = (id) => /** @type {any} */ (document.getElementById(id));

/** Begin: give what the server wrote into the page, and the line. The line sends `tick` five times a second. */
export async function startShell() {
  await loadTexts();
  const page = JSON.parse(document.body.dataset.page ?? '{}');
  useZone(page.site.zone);
  const link = new Link();
  link.addEventListener('tags', () => {
    const open = number('site.stays_open');
    element('inside').textContent = open === null ? '?' : String(open);
    const forced = number('site.forced') ?? 0;
    element('forced').hidden = forced === 0;
    element('forced').textContent = t('Forced values: {count}', {count: forced});
  });
  link.addEventListener('link', () => showLink(link));
  showLink(link);
  setInterval(() => showClock(link), CLOCK_MS);
  keepTheme(element('theme'));
  closeMenus();
  keepPresence();
  followAlarms(link);
  return {page, link};
}

/**
 * The band of alarms comes when the page stands.
 * @param {Link} link
 */
async function followAlarms(link) {
  await import('./alarms/alarm-band.js');
  const band = element('alarm-band');
  const look = () => band.look();
  ['tags', 'tick'].forEach((kind) => link.addEventListener(kind, look));
  look();
}

/** A menu of pages goes when one looks elsewhere: by a click beside it, by Escape. */
function closeMenus() {
  const close = () => document.querySelectorAll('.bar details[open]').forEach((menu) => menu.removeAttribute('open'));
  document.addEventListener('pointerdown', (event) => {
    if (!/** @type {Element} */ (event.target).closest('.bar details')) close();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
}

/** @param {Link} link */
function showLink(link) {
  const {live, everHeard, dataAt} = link.state;
  document.body.dataset.link = live ? 'live' : everHeard ? 'lost' : 'none';
  element('link').textContent = live ? t('Live') : everHeard ? t('LOST') : t('Connecting');
  element('lost').textContent = lostWords(everHeard, dataAt);
  element('lost').hidden = live;
}

/**
 * @param {boolean} everHeard
 * @param {Date | null} dataAt
 */
function lostWords(everHeard, dataAt) {
  if (dataAt === null || !everHeard) return t('No data from the plant yet');
  return t('The plant is not heard. What you see is of {date} {time}.', {date: date(dataAt), time: clockTime(dataAt)});
}

/** @param {Link} link */
function showClock(link) {
  const now = link.now();
  const live = link.state.live && now !== null;
  element('clock').textContent = live ? clockTime(now) : '--:--:--';
  element('date').textContent = live ? date(now) : '';
  element('speed').textContent = link.speed === 1 ? '' : `×${link.speed}`;
  link.dispatchEvent(new Event('tick'));
}

/** While somebody touches the screen, commands need no new password. */
function keepPresence() {
  let told_ms = performance.now();
  const touched = () => {
    if (performance.now() - told_ms < PRESENCE_MS) return;
    told_ms = performance.now();
    send('/api/v1/presence');
  };
  document.addEventListener('pointerdown', touched);
  document.addEventListener('keydown', touched);
}
