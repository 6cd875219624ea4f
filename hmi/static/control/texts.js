/** The page's words: English in the code, Chinese from the catalogue. */

/** @type {Record<string, string>} */
let catalogue = {};
/** @type {ReturnType<typeof patternsOf>} */
let patterns = [];

/** Load the catalogue of the page's language; English needs none, and the overview less than the other pages. */
export async function loadTexts() {
  if (language() === 'zh') {
    const names = document.getElementById('lanes') ? ['zh.json'] : ['zh.json', 'zh-more.json'];
    const parts = await Promise.all(names.map(async (name) => (await fetch(new URL(`../i18n/${name}`, import.meta.url))).json()));
    catalogue = Object.assign({}, ...parts);
    patterns = patternsOf();
  }
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

/** @returns {{pattern: RegExp, names: string[], chinese: string}[]} */
function patternsOf() {
  return Object.entries(catalogue)
    .filter(([text]) => /\{\w+\}/.test(text) && /[^{}\w]/.test(text.replace(/\{\w+\}/g, '')))
    .map(([text, chinese]) => ({
      pattern: new RegExp(`^${text.split(/\{\w+\}/).map(escaped).join('(.+?)')}$`),
      names: [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]),
      chinese,
    }));
}

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
