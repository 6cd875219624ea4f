/** The overview page: builds its parts and keeps them in step with the plant. */

import {serveLanes} from './lane-desk.js';
import {element, startShell} from './shell.js';
import {number} from './tags.js';
import {moreTexts} from './texts.js';

const LISTS_MS = 5000;

async function start() {
  const {page, link} = await startShell();
  serveLanes(page, link, element('lanes'), page.lanes);
  // the plan and the lists come after the lanes: whoever waits at a boom is looked at first
  await moreTexts();
  await Promise.all([import('./park-plan.js'), import('./last-lists.js')]);
  const plan = element('plan');
  Object.assign(plan, {plan: page.plan, lanes: page.lanes});
  const lists = [element('stays'), element('journal')];
  element('journal').lanes = page.lanes;
  const refresh = () => [plan, ...lists].forEach((each) => each.refresh());
  let staysSeq = number('site.stays_seq');
  link.addEventListener('tags', () => {
    plan.requestUpdate();
    const seq = number('site.stays_seq');
    if (seq !== staysSeq) refresh();
    staysSeq = seq;
  });
  refresh();
  setInterval(refresh, LISTS_MS);
  document.addEventListener('answered', refresh);
}

start();
