/** Corners of a polygon in shares of a picture. Pure. */

/** @typedef {[number, number]} Corner */

/**
 * Move a corner, and keep it in the picture.
 * @param {Corner} corner
 * @param {Corner} step
 * @param {number} [times]
 * @returns {Corner}
 */
export function moved([x, y], [dx, dy], times = 1) {
  const kept = (/** @type {number} */ share) => Math.round(Math.min(1, Math.max(0, share)) * 1000) / 1000;
  return [kept(x + dx * times), kept(y + dy * times)];
}

/**
 * Put a corner into the side that it is nearest to.
 * @param {Corner[]} corners
 * @param {Corner} corner
 * @returns {Corner[]}
 */
export function added(corners, corner) {
  if (corners.length < 3) return [...corners, corner];
  const detours = corners.map((one, n) => {
    const next = corners[(n + 1) % corners.length];
    return far(one, corner) + far(corner, next) - far(one, next);
  });
  return corners.toSpliced(detours.indexOf(Math.min(...detours)) + 1, 0, corner);
}

/**
 * @param {Corner} one
 * @param {Corner} other
 */
const far = ([x, y], [a, b]) => Math.hypot(x - a, y - b);
