/** A time line: what a signal was at a moment, where the next thing happened, and signals as lines. Pure. */

/** @typedef {[number, unknown][]} Track */
/** @typedef {{ms: number, kind: string, [fact: string]: any}} Entry */

/**
 * Give what a signal was then; undefined before it is known.
 * @param {Track} track
 * @param {number} ms
 */
export function held(track, ms) {
  let [low, high] = [0, track.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (track[middle][0] <= ms) low = middle + 1;
    else high = middle;
  }
  return low ? track[low - 1][1] : undefined;
}

/**
 * Give the nearest moment before or after at which something happened.
 * @param {Entry[]} entries
 * @param {number} ms
 * @param {1 | -1} way
 */
export function nextMoment(entries, ms, way) {
  const moments = entries.map((entry) => entry.ms).filter((moment) => (moment - ms) * way > 0);
  if (!moments.length) return ms;
  return way > 0 ? Math.min(...moments) : Math.max(...moments);
}

/**
 * Give the last entry of a kind up to a moment.
 * @param {Entry[]} entries
 * @param {number} ms
 * @param {string} kind
 */
export function lastOf(entries, ms, kind) {
  return entries.filter((entry) => entry.kind === kind && entry.ms <= ms).pop();
}

/**
 * Cut a signal into the pieces in which it was on, or was not to be believed.
 * @param {Track} track
 * @param {number} until_ms
 * @returns {{from: number, to: number, kind: 'on' | 'unknown'}[]}
 */
export function pieces(track, until_ms) {
  /** @type {{from: number, to: number, kind: 'on' | 'unknown'}[]} */
  const found = [];
  track.forEach(([from, value], n) => {
    const to = n + 1 < track.length ? track[n + 1][0] : until_ms;
    if (value === null) found.push({from, to, kind: 'unknown'});
    else if (value) found.push({from, to, kind: 'on'});
  });
  return found;
}
