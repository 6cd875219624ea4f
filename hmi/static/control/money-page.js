/** The money page: builds its parts and keeps them in step with the plant and the books. */

import './cash-desk.js';
import './cash-dialog.js';
import './money-lists.js';
import {element, startShell} from './shell.js';
import './stay-money.js';
import './till-panel.js';

const AGAIN_MS = 10_000;
const WAIT_MS = 8000;

async function ownTill() {
  try {
    const answer = await fetch('/api/v1/money/till', {signal: AbortSignal.timeout(WAIT_MS)});
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    return null;
  }
}

async function start() {
  const {page, link} = await startShell();
  const [desk, till, story, lists, dialog] = ['desk', 'till', 'story', 'lists', 'dialog'].map(element);
  const parts = [desk, till, story, lists, dialog];
  Object.assign(desk, {lanes: page.lanes});
  parts.forEach((part) => Object.assign(part, {mayTakeCash: page.mayTakeCash, mayKeepMoney: page.mayKeepMoney}));
  const look = async () => {
    lists.refresh();
    if (!page.mayTakeCash) return;
    const told = await ownTill();
    if (told === null) return;
    till.told = told;
    desk.tillIsOpen = till.isOpen;
  };
  const show = () => {
    parts.forEach((part) => {
      part.live = link.state.live;
      part.requestUpdate();
    });
  };
  link.addEventListener('tags', () => {
    desk.requestUpdate();
    dialog.requestUpdate();
  });
  link.addEventListener('link', show);
  document.addEventListener('cash', (event) => dialog.ask(/** @type {CustomEvent} */ (event).detail));
  document.addEventListener('answered', look);
  setInterval(look, AGAIN_MS);
  show();
  await look();
}

start();
