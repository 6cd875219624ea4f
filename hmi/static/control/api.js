/** Asking our server: JSON there and back, with the page's CSRF token. */

/**
 * @typedef {object} Answer
 * @property {'done' | 'refused' | 'unknown'} outcome
 * @property {string} why
 * @property {any} value
 */

const WAIT_MS = 12_000;

/**
 * Send a command. Nothing is ever sent twice: whoever does not get an answer does not know.
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<Answer>}
 */
export async function send(path, body = {}) {
  const answer = await sent(path, body);
  if (answer.value?.code !== 'password') return answer;
  const {passwordGiven} = await import('./password-again.js');
  return (await passwordGiven()) ? sent(path, body) : answer;
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<Answer>}
 */
async function sent(path, body) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute('content') ?? '';
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: {'Content-Type': 'application/json', 'X-CSRFToken': token},
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(WAIT_MS),
    });
    return await judged(answer);
  } catch (error) {
    return {outcome: 'unknown', why: 'no answer from the server', value: null};
  }
}

/** @param {Response} answer */
async function judged(answer) {
  const value = await answer.json().catch(() => null);
  const why = String(value?.why ?? '');
  if (answer.ok) return /** @type {Answer} */ ({outcome: 'done', why, value});
  if (answer.status === 504 || value === null) return /** @type {Answer} */ ({outcome: 'unknown', why, value});
  return /** @type {Answer} */ ({outcome: 'refused', why: why || String(answer.status), value});
}

/**
 * Get a list; an answer that is none is an empty one, and the next try comes soon.
 * @param {string} path
 * @returns {Promise<any[] | null>}
 */
export async function list(path) {
  try {
    const answer = await fetch(path, {signal: AbortSignal.timeout(WAIT_MS)});
    const value = answer.ok ? await answer.json() : null;
    return Array.isArray(value) ? value : null;
  } catch (error) {
    return null;
  }
}
