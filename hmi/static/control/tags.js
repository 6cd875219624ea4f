/** The tags as last told: value, quality, time. Bad is not zero and stale is not good: ask. */

/** @typedef {{value: unknown, status: number, at: string | null}} Tag */
/** @typedef {[string, unknown, number, string | null]} Change */

const FORCED = 0x00960000;
const STALE = 0x40900000;

/** @type {Map<string, Tag>} */
const tags = new Map();

/** @param {Change[]} changes */
export function takeChanges(changes) {
  for (const [name, value, status, at] of changes) tags.set(name, {value, status: status >>> 0, at});
}

/** @param {Change[]} all */
export function takeSnapshot(all) {
  tags.clear();
  takeChanges(all);
}

/** All tags that the plant has told, by name. */
export const all = () => tags;

/** @param {string} name */
export function isGood(name) {
  const tag = tags.get(name);
  return tag !== undefined && (tag.status === 0 || tag.status === FORCED);
}

/**
 * Say whether the plant has the tag at all: not every lane has every contact.
 * @param {string} name
 */
export const exists = (name) => tags.has(name);
/** @param {string} name */
export const isForced = (name) => tags.get(name)?.status === FORCED;
/** @param {string} name */
export const isStale = (name) => tags.get(name)?.status === STALE;

/**
 * Give the value only if it may be believed, else undefined.
 * @param {string} name
 */
export function good(name) {
  return isGood(name) ? tags.get(name)?.value : undefined;
}

/**
 * Give a text that may be believed, else ''.
 * @param {string} name
 */
export function text(name) {
  const value = good(name);
  return typeof value === 'string' ? value : '';
}

/**
 * Give a number that may be believed, else null.
 * @param {string} name
 */
export function number(name) {
  const value = good(name);
  return typeof value === 'number' ? value : null;
}

/**
 * Say whether a contact is on, off, or not to be believed.
 * @param {string} name
 * @returns {'on' | 'off' | 'unknown'}
 */
export function contact(name) {
  const value = good(name);
  if (value === undefined || value === null) return 'unknown';
  return value ? 'on' : 'off';
}
