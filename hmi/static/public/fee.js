/** Pays, and follows the plant: what the phone says of a payment is never believed, only what the plant says. */

const FOLLOW_MS = 2000;
const LONGEST_MS = 15 * 60 * 1000;
const LEAVING_MS = 15_000;
const GONE = 410;
const page = document.body;
const ways = document.getElementById('ways');
const news = document.getElementById('news');
const began = Date.now();
let busy = false;

/** @param {string | undefined} words */
function tell(words) {
  const told = document.getElementById('told');
  if (!told) return;
  told.textContent = words ?? '';
  told.hidden = !words;
}

async function follow() {
  if (!busy && !document.hidden) {
    try {
      const answer = await fetch(page.dataset.follow ?? '', {signal: AbortSignal.timeout(8000)});
      const {version} = answer.ok || answer.status === GONE ? await answer.json() : {version: null};
      if (version && !busy) hear(version);
    } catch (error) {
      console.info('no answer', error);
    }
  }
  if (Date.now() - began < LONGEST_MS) setTimeout(follow, FOLLOW_MS);
}

/**
 * An answer to a form has no version of its own: the first one heard is its.
 * @param {string} version
 */
function hear(version) {
  page.dataset.version ??= version;
  const changed = version !== page.dataset.version;
  if (news) news.hidden = !(changed && isFilling());
  if (changed && !isFilling()) show();
}

/** Nothing that a driver has begun to type is thrown away: he is told that there is news, and looks when he likes. */
function isFilling() {
  const fields = [...document.querySelectorAll('input:not([type="hidden"])')];
  return fields.some((one) => {
    const field = /** @type {HTMLInputElement} */ (one);
    return field === document.activeElement || field.value !== field.defaultValue;
  });
}

function show() {
  busy = true;
  if (page.dataset.home) location.replace(page.dataset.home);
  else location.reload();
}

/** @param {string} way */
async function pay(way) {
  if (!ways || busy) return;
  busy = true;
  tell(ways.dataset.wait);
  const form = new URLSearchParams({way, csrf_token: ways.dataset.token ?? ''});
  try {
    const answer = await fetch(ways.dataset.pay ?? '', {
      method: 'POST',
      body: form,
      headers: {Accept: 'application/json'},
      signal: AbortSignal.timeout(12_000),
    });
    const told = await answer.json();
    if (told.reload) return location.reload();
    if (told.why) tell(told.why);
    else if (told.go) return location.assign(told.go);
    else if (told.sheet) await sheet(told.sheet);
    else if (told.code) showCode(told.code);
  } catch (error) {
    tell(ways.dataset.unsure);
  } finally {
    busy = false;
  }
}

/** @param {string} picture */
function showCode(picture) {
  const figure = /** @type {HTMLElement} */ (document.getElementById('code'));
  /** @type {HTMLImageElement} */ (figure.querySelector('img')).src = picture;
  figure.hidden = false;
  tell('');
}

/** @param {Record<string, string>} values */
async function sheet(values) {
  const bridge = await ready();
  const said = await new Promise((done) => bridge.invoke('getBrandWCPayRequest', values, done));
  tell(said.err_msg === 'get_brand_wcpay_request:ok' ? ways?.dataset.paying : '');
}

/** @returns {Promise<any>} */
function ready() {
  const bridge = () => /** @type {any} */ (window).WeixinJSBridge;
  if (bridge()) return Promise.resolve(bridge());
  return new Promise((done) => document.addEventListener('WeixinJSBridgeReady', () => done(bridge()), {once: true}));
}

ways?.addEventListener('click', (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest('button[data-way]');
  if (!button) return;
  event.preventDefault();
  pay(button.getAttribute('data-way') ?? 'QR');
});
/** The answer to a form, or the page behind a link, is on its way: nothing may overtake it. */
function leave() {
  busy = true;
  setTimeout(() => {
    busy = false;
  }, LEAVING_MS);
}

document.addEventListener('submit', leave);
document.addEventListener('click', (event) => {
  if (/** @type {HTMLElement} */ (event.target).closest('a[href]')) leave();
});
window.addEventListener('pageshow', (event) => {
  if (event.persisted) busy = false;
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !busy && Date.now() - began >= LONGEST_MS) show();
});
follow();
