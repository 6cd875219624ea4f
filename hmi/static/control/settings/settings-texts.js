/** Displays' texts: what is written is drawn as a display would show it, page by page, while it is written. */

import {send} from '../api.js';
import {element, startShell} from '../shell.js';
import {said, t} from '../texts.js';

const LATER_MS = 300;
const SVG = 'http://www.w3.org/2000/svg';
/** The colours that boards of light-emitting diodes have.
 * @type {Record<string, string>} */
const LIGHT = {red: '#ff5a4f', green: '#5dff7a', yellow: '#ffd84a'};
const WIDE = 340;
const LINE = 34;

await startShell();
let waiting = 0;

async function look() {
  const {name, zh, en, zh_voice, en_voice} = Object.fromEntries(new FormData(element('set')));
  const answer = await send('/api/v1/settings/texts/preview', {name, zh, en, zh_voice, en_voice, lines: Number(element('lines').value)});
  if (answer.outcome !== 'done') return element('drawn').replaceChildren(note(said(answer.why)));
  const {pages, voice} = answer.value;
  element('drawn').replaceChildren(...pages.map(drawn), ...(voice ? [spoken(voice)] : []));
  return undefined;
}

/** @param {string} words */
function note(words) {
  const node = document.createElement('p');
  node.textContent = words;
  return node;
}

/** What the display says aloud. @param {string} words */
function spoken(words) {
  const [node, says] = [note(`${t('Says:')} `), document.createElement('span')];
  says.lang = languageOf(words);
  says.textContent = words;
  node.append(says);
  return node;
}

/** A display speaks both languages, whichever the page speaks. @param {string} words */
const languageOf = (words) => (/[\u2e80-\u9fff]/.test(words) ? 'zh-CN' : 'en');

/** How wide a text is about: a Chinese sign is twice as wide as a Latin one.
 * @param {string} text */
const wide = (text) => [...text].reduce((sum, sign) => sum + (sign > '\u2e7f' ? 24 : 13), 0);

/** A board's own words are nobody's to translate. @param {{text: string, colour: string}[]} lines */
function drawn(lines) {
  const frame = document.createElement('div');
  frame.translate = false;
  const board = svg('svg', {viewBox: `0 0 ${WIDE} ${LINE * Math.max(1, lines.length) + 12}`, width: String(WIDE), role: 'img', 'aria-label': lines.map(({text}) => text).join(', ')});
  board.append(svg('rect', {width: '100%', height: '100%', rx: '6', fill: '#101214'}));
  lines.forEach(({text, colour}, n) => {
    const line = svg('text', {x: String(WIDE / 2), y: String(LINE * n + 31), 'text-anchor': 'middle', 'font-size': '24', fill: LIGHT[colour] ?? LIGHT.yellow});
    if (wide(text) > WIDE - 24) line.setAttribute('textLength', String(WIDE - 24));
    line.setAttribute('lang', languageOf(text));
    line.textContent = text;
    board.append(line);
  });
  frame.append(board);
  return frame;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

element('set').addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = window.setTimeout(look, LATER_MS);
});
element('lines').addEventListener('change', look);
look();
