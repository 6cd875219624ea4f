/** The page's words: English in the code, Chinese from the catalogue. */

/** @type {Record<string, string>} */
const catalogue = {};
/** @type {ReturnType<typeof patternsOf>} */
let patterns = [];

const LEAST_LETTERS = 5;
/** As much of a fault's words the name of its recording keeps. */
const SLUG = 40;
/** @type {Promise<void> | null} */
let more = null;

/** Load the catalogue of the page's language; English needs none, and the overview less at once than the other pages. */
export async function loadTexts() {
  await load('zh.json');
  if (!document.getElementById('lanes')) await moreTexts();
}

/** Load the words of all that is not shown at once. */
export const moreTexts = () => (more ??= load('zh-more.json'));

/** @param {string} name */
async function load(name) {
  if (language() !== 'zh') return;
  Object.assign(catalogue, await (await fetch(new URL(`../i18n/${name}`, import.meta.url))).json());
  patterns = patternsOf();
}

/** @returns {'zh' | 'en'} */
export function language() {
  return document.documentElement.lang.startsWith('zh') ? 'zh' : 'en';
}

/**
 * Translate; `{name}` in the text is filled from `values`.
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
export function t(text, values = {}) {
  return (catalogue[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * Translate words of the plant, which come in English; what stands in a text's braces is looked up by itself.
 * @param {string} words
 * @returns {string}
 */
export function said(words) {
  if (catalogue[words] !== undefined) return catalogue[words];
  for (const {pattern, names, chinese} of patterns) {
    const parts = pattern.exec(words);
    if (parts) return names.reduce((text, name, n) => text.replace(`{${name}}`, () => said(parts[n + 1])), chinese);
  }
  return words;
}

/** What a file's name keeps of words: everything but letters and digits is a dash there, and it is cut. @param {string} words */
const slug = (words) => words.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, SLUG);

/** Translate words of the plant of which a file's name is all that is left. @param {string} name */
export function saidByName(name) {
  const words = Object.keys(catalogue).find((text) => slug(text) === name);
  return words ? catalogue[words] : name.replace(/[-_]+/g, ' ');
}

/** @returns {{pattern: RegExp, names: string[], chinese: string}[]} */
function patternsOf() {
  return Object.entries(catalogue)
    .filter(([text]) => fits(text))
    .sort(([one], [other]) => plain(other) - plain(one))
    .map(([text, chinese]) => ({
      pattern: new RegExp(`^${text.split(/\{\w+\}/).map(escaped).join('(.+?)')}$`),
      names: [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]),
      chinese,
    }));
}

/** Say whether a text with parts is a pattern: one with next to nothing between two of them would fit half of all sentences. @param {string} text */
function fits(text) {
  const plain = text.replace(/\{\w+\}/g, '');
  return plain !== text && /[^{}\w]/.test(plain) && !(/^\{\w+\}.*\{\w+\}$/s.test(text) && plain.replace(/[^A-Za-z]/g, '').length < LEAST_LETTERS);
}

/** How much of a pattern is plain text: the one that says more is looked at first. @param {string} text */
const plain = (text) => text.replace(/\{\w+\}/g, '').length;

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
