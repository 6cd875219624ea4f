/** The overview page: builds its parts and keeps them in step with the plant. */

import {element, startShell} from './shell.js';
import './lane-card.js';
import './last-lists.js';
import {number} from './tags.js';

const LISTS_MS = 5000;

async function start() {
  const {page, link} = await startShell();
  const cards = placeCards(page, link);
  const lists = [element('stays'), element('journal')];
  element('journal').lanes = page.lanes;
  Object.assign(element('dialog'), {reasons: page.reasons, goodwillFen: page.goodwillFen});
  lists.forEach((each) => each.requestUpdate());
  const refresh = () => lists.forEach((each) => each.refresh());
  followTags(link, cards, refresh);
  followLink(link, cards);
  link.addEventListener('tick', () => [...cards, element('modes')].forEach((part) => part.tick?.()));
  refresh();
  // fetched when the lanes are on the screen, and before anybody can ask for it
  import('./lane-dialog.js');
  setInterval(refresh, LISTS_MS);
  document.addEventListener('command', (event) => {
    const {lane, command} = /** @type {CustomEvent} */ (event).detail;
    if (command === 'mode') askModes(lane, page, link);
    else element('dialog').ask?.(lane, command);
  });
  document.addEventListener('answered', refresh);
}

/**
 * The modes are seldom asked for: their dialog is loaded when it is.
 * @param {any} lane
 * @param {any} page
 * @param {import('./link.js').Link} link
 */
async function askModes(lane, page, link) {
  await import('./mode-dialog.js');
  const dialog = element('modes');
  Object.assign(dialog, {page, now: () => link.now(), live: link.state.live});
  dialog.ask(lane);
}

/**
 * @param {any} page
 * @param {import('./link.js').Link} link
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
 * @param {import('./link.js').Link} link
 * @param {any[]} cards
 * @param {() => void} refresh
 */
function followTags(link, cards, refresh) {
  let staysSeq = number('site.stays_seq');
  link.addEventListener('tags', () => {
    cards.forEach((card) => card.requestUpdate());
    element('dialog').requestUpdate?.();
    element('modes').requestUpdate?.();
    const seq = number('site.stays_seq');
    if (seq !== staysSeq) refresh();
    staysSeq = seq;
  });
}

/**
 * @param {import('./link.js').Link} link
 * @param {any[]} cards
 */
function followLink(link, cards) {
  const show = () => {
    [...cards, element('dialog'), element('modes')].forEach((part) => {
      part.live = link.state.live;
    });
  };
  link.addEventListener('link', show);
  show();
}

start();
