/** Lanes that a person may act on: their cards, and the dialogs that ask what for; kept in step with the plant. */

import {element} from './shell.js';
import './lane-card.js';
import {moreTexts} from './texts.js';

/**
 * Place a card for each of these lanes, and serve what is asked for on them.
 * @param {any} page what the server wrote into the page
 * @param {import('./link.js').Link} link
 * @param {HTMLElement} place
 * @param {any[]} lanes
 */
export function serveLanes(page, link, place, lanes) {
  const cards = lanes.map((lane) => placeCard(page, link, place, lane));
  const dialogs = [element('dialog'), element('modes')];
  Object.assign(dialogs[0], {reasons: page.reasons, goodwillFen: page.goodwillFen});
  const show = () => [...cards, ...dialogs].forEach((part) => (part.live = link.state.live));
  link.addEventListener('tags', () => [...cards, ...dialogs].forEach((part) => part.requestUpdate?.()));
  link.addEventListener('link', show);
  link.addEventListener('tick', () => [...cards, dialogs[1]].forEach((part) => part.tick?.()));
  show();
  // fetched when the lanes are on the screen, and before anybody can ask for it
  moreTexts().then(() => import('./lane-dialog.js'));
  document.addEventListener('command', (event) => {
    const {lane, command} = /** @type {CustomEvent} */ (event).detail;
    if (command === 'mode') askModes(lane, page, link);
    else element('dialog').ask?.(lane, command);
  });
}

/**
 * @param {any} page
 * @param {import('./link.js').Link} link
 * @param {HTMLElement} place
 * @param {any} lane
 */
function placeCard(page, link, place, lane) {
  const card = /** @type {any} */ (document.createElement('lane-card'));
  Object.assign(card, {lane, mayCommand: page.mayCommand, now: () => link.now()});
  place.append(card);
  return card;
}

/**
 * The modes are seldom asked for: their dialog is loaded when it is.
 * @param {any} lane
 * @param {any} page
 * @param {import('./link.js').Link} link
 */
async function askModes(lane, page, link) {
  await Promise.all([moreTexts(), import('./mode-dialog.js')]);
  const dialog = element('modes');
  Object.assign(dialog, {page, now: () => link.now(), live: link.state.live});
  dialog.ask(lane);
}
