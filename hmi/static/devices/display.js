/** Keeps a lane's display in step with the plant; without news it stops inviting anybody. */

const ASK_MS = 400;
const SILENT_MS = 3000;
const {lane} = document.body.dataset;
const way = new URLSearchParams(location.search).get('way') ?? '';
let heard_ms = performance.now();
let shownQr = '';
let shownLines = '';

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {string} id
 * @param {string[]} lines
 */
function fill(id, lines) {
  element(id).replaceChildren(...lines.map((line) => Object.assign(document.createElement('p'), {textContent: line})));
}

/** @param {any} state */
function show(state) {
  document.body.dataset.message = state.message;
  const lines = JSON.stringify(state.lines);
  if (lines !== shownLines) {
    shownLines = lines;
    fill('zh', state.lines.zh);
    fill('en', state.lines.en);
  }
  const qr = /** @type {HTMLImageElement} */ (element('qr'));
  const version = state.qr_version ?? '';
  if (version !== shownQr) {
    shownQr = version;
    qr.hidden = !version;
    if (version) qr.src = `/display/${lane}/qr.png?way=${way}&v=${version}`;
  }
}

function showNothingKnown() {
  show({message: 'out_of_order', lines: {zh: ['请稍候'], en: ['Please wait']}});
}

async function ask() {
  try {
    const answer = await fetch(`/display/${lane}/state?way=${way}`, {signal: AbortSignal.timeout(SILENT_MS)});
    if (answer.ok) {
      show(await answer.json());
      heard_ms = performance.now();
    }
  } catch (error) {
    console.info('no answer', error);
  }
  if (performance.now() - heard_ms > SILENT_MS) showNothingKnown();
  setTimeout(ask, ASK_MS);
}

ask();
