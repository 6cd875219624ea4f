/** The page's words: English in the code, Chinese from the catalogue. */

/** @type {Record<string, string>} */
const catalogue = {};
/** @type {ReturnType<typeof patternsOf>} */
let patterns = [];

const LEAST_LETTERS = 5;
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

/** Give the words that have Chinese, as the plant says them. */
export const known = () => Object.keys(catalogue);

/** @returns {{pattern: RegExp, names: string[], chinese: string}[]} */
function patternsOf() {
  return Object.entries(catalogue)
    .filter(([text]) => fits(text))
    .sort(([one], [other]) => plain(other).length - plain(one).length)
    .map(([text, chinese]) => ({
      pattern: new RegExp(`^${text.split(/\{\w+\}/).map(escaped).join('(.+?)')}$`),
      names: [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]),
      chinese,
    }));
}

/** What of a pattern is plain text: the one that says more is looked at first. @param {string} text */
const plain = (text) => text.replace(/\{\w+\}/g, '');

/** Whether a text is a pattern: one with next to nothing between two parts fits half of all sentences. @param {string} text */
function fits(text) {
  const words = plain(text);
  return words !== text && /[^{}\w]/.test(words) && !(/^\{\w+\}.*\{\w+\}$/s.test(text) && words.replace(/[^A-Za-z]/g, '').length < LEAST_LETTERS);
}

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
