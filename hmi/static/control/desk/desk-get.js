/** Asking our server for something: null when no answer came, and the next try comes soon. */

const WAIT_MS = 8000;

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function get(path) {
  try {
    const answer = await fetch(path, {signal: AbortSignal.timeout(WAIT_MS)});
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    return null;
  }
}
