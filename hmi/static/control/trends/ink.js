/** The colours of curves, taken from the page's palette: a canvas does not hear of a change of theme by itself. */

export const INKS = 8;
/** Beside its colour each curve has its own dash: nobody has to tell them apart by colour alone. */
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/** @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** @param {number} n */
export const ink = (n) => colour(`--s${(n % INKS) + 1}`);
/** @param {number} n */
export const dash = (n) => DASHES[Math.floor(n / 2) % DASHES.length];

/** @param {() => void} told */
export function onTheme(told) {
  new MutationObserver(told).observe(document.documentElement, {attributes: true, attributeFilter: ['data-theme']});
}
