/** A small trend beside a value, drawn by the server's buckets: a gap stays a gap, and its ends are told in words. */

import {html, svg} from '../../vendor/lit.js';

const WIDTH = 160;
const HEIGHT = 34;

/**
 * Turn a row of means into pieces of a path; null breaks the line.
 * @param {(number | null)[]} values
 * @param {number} width
 * @param {number} height
 * @returns {string}
 */
export function sparkPath(values, width, height) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return '';
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (/** @type {number} */ n) => (values.length < 2 ? 0 : (n * width) / (values.length - 1));
  const y = (/** @type {number} */ value) => (high === low ? height / 2 : height - ((value - low) * height) / (high - low));
  let path = '';
  values.forEach((value, n) => {
    if (value === null) return;
    const begins = n === 0 || values[n - 1] === null;
    path += `${begins ? 'M' : 'L'} ${x(n).toFixed(1)} ${y(value).toFixed(1)} `;
    if (begins && (n + 1 === values.length || values[n + 1] === null)) path += `h 1.5 `;
  });
  return path.trim();
}

/**
 * @param {(number | null)[]} values
 * @param {string} about what it shows, for who cannot see it
 */
export function spark(values, about) {
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${about}>
    ${svg`<path d=${sparkPath(values, WIDTH, HEIGHT - 4)} transform="translate(0 2)"></path>`}</svg>`;
}
