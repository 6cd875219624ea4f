/** The overview page: builds its parts and keeps them in step with the plant. */

import {send} from './api.js';
import {clockTime, date, useZone} from './format.js';
import './lane-card.js';
import './lane-dialog.js';
import './last-lists.js';
import {Link} from './link.js';
import {number} from './tags.js';
import {loadTexts, t} from './texts.js';
import {keepTheme} from './theme.js';

const CLOCK_MS = 200;
const LISTS_MS = 5000;
const PRESENCE_MS = 60_000;

/** @param {string} id */
const element = (id) => /** @type {any} */ (document.getElementById(id));

async function start() {
  await loadTexts();
  const page = JSON.parse(document.body.dataset.page ?? '{}');
  useZone(page.site.zone);
  const link = new Link();
  const cards = placeCards(page, link);
  const lists = [element('stays'), element('journal')];
  element('journal').lanes = page.lanes;
  element('dialog').reasons = page.reasons;
  lists.forEach((each) => each.requestUpdate());
  const refresh = () => lists.forEach((each) => each.refresh());
  followTags(link, cards, refresh);
  followLink(link, cards);
  showClock(link, cards);
  refresh();
  setInterval(refresh, LISTS_MS);
  document.addEventListener('command', (event) => {
    const {lane, command} = /** @type {CustomEvent} */ (event).detail;
    if (command === 'mode') askModes(lane, page, link);
    else element('dialog').ask(lane, command);
  });
  document.addEventListener('answered', refresh);
  keepTheme(element('theme'));
  keepPresence();
}

/**
 * The modes are seldom asked for: their dialog is loaded when it is.
 * @param {any} lane
 * @param {any} page
 * @param {Link} link
 */
async function askModes(lane, page, link) {
  await import('./mode-dialog.js');
  const dialog = element('modes');
  Object.assign(dialog, {page, now: () => link.now(), live: link.state.live});
  dialog.ask(lane);
}

/**
 * @param {any} page
 * @param {Link} link
 */
function placeCards(page, link) {
  return page.lanes.map((/** @type {any} */ lane) => {
    const card = /** @type {any} */ (document.createElement('lane-card'));
    card.lane = lane;
    card.mayCommand = page.mayCommand;
    card.now = () => link.now();
    element('lanes').append(card);
    return card;
  });
}

/**
 * @param {Link} link
 * @param {any[]} cards
 * @param {() => void} refresh
 */
function followTags(link, cards, refresh) {
  let staysSeq = number('site.stays_seq');
  link.addEventListener('tags', () => {
    cards.forEach((card) => card.requestUpdate());
    element('dialog').requestUpdate();
    element('modes').requestUpdate?.();
    const open = number('site.stays_open');
    element('inside').textContent = open === null ? '?' : String(open);
    const seq = number('site.stays_seq');
    if (seq !== staysSeq) refresh();
    staysSeq = seq;
  });
}

/**
 * @param {Link} link
 * @param {any[]} cards
 */
function followLink(link, cards) {
  const show = () => {
    const {live, everHeard, dataAt} = link.state;
    document.body.dataset.link = live ? 'live' : everHeard ? 'lost' : 'none';
    element('link').textContent = live ? t('Live') : everHeard ? t('LOST') : t('Connecting');
    element('lost').textContent = lostWords(everHeard, dataAt);
    element('lost').hidden = live;
    [...cards, element('dialog'), element('modes')].forEach((part) => {
      part.live = live;
    });
  };
  link.addEventListener('link', show);
  show();
}

/**
 * @param {boolean} everHeard
 * @param {Date | null} dataAt
 */
function lostWords(everHeard, dataAt) {
  if (dataAt === null || !everHeard) return t('No data from the plant yet');
  return t('The plant is not heard. What you see is of {date} {time}.', {date: date(dataAt), time: clockTime(dataAt)});
}

/**
 * @param {Link} link
 * @param {any[]} cards
 */
function showClock(link, cards) {
  setInterval(() => {
    const now = link.now();
    const live = link.state.live && now !== null;
    element('clock').textContent = live ? clockTime(now) : '--:--:--';
    element('date').textContent = live ? date(now) : '';
    element('speed').textContent = link.speed === 1 ? '' : `×${link.speed}`;
    [...cards, element('modes')].forEach((part) => part.tick?.());
  }, CLOCK_MS);
}

/** While somebody touches the screen, commands need no new password. */
function keepPresence() {
  let told_ms = performance.now();
  const touched = () => {
    if (performance.now() - told_ms < PRESENCE_MS) return;
    told_ms = performance.now();
    send('/api/presence');
  };
  document.addEventListener('pointerdown', touched);
  document.addEventListener('keydown', touched);
}

start();
