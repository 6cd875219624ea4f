/** The page's words: English in the code, Chinese from the catalogue. */

/** @type {Record<string, string>} */
let catalogue = {};

/** Load the catalogue of the page's language; English needs none. */
export async function loadTexts() {
  if (language() === 'zh') {
    const answer = await fetch(new URL('../i18n/zh.json', import.meta.url));
    catalogue = await answer.json();
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
 * Translate words of the plant, which come in English; those in brackets or after a colon may be anything.
 * @param {string} words
 */
export function said(words) {
  if (catalogue[words] !== undefined) return catalogue[words];
  const [head, ...rest] = words.split(': ');
  return rest.length && catalogue[head] !== undefined ? `${catalogue[head]}：${said(rest.join(': '))}` : words;
}
