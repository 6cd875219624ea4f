/** Keeps a lane's display in step with the plant; without news it stops inviting anybody. */

const ASK_MS = 400;
const SILENT_MS = 3000;
const {lane} = document.body.dataset;
const way = new URLSearchParams(location.search).get('way') ?? '';
let heard_ms = performance.now();
let shownQr = '';

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {any} state */
function show(state) {
  document.body.dataset.message = state.message;
  element('zh').textContent = state.words.zh;
  element('en').textContent = state.words.en;
  element('plate').textContent = state.plate ?? '';
  element('fee').textContent = state.fee ? `¥${state.fee}` : '';
  const qr = /** @type {HTMLImageElement} */ (element('qr'));
  const version = state.qr_version ?? '';
  if (version !== shownQr) {
    shownQr = version;
    qr.hidden = !version;
    if (version) qr.src = `/display/${lane}/qr.png?way=${way}&v=${version}`;
  }
}

function showNothingKnown() {
  show({message: 'out_of_order', words: {zh: '请稍候', en: 'Please wait'}});
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
