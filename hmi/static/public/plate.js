/** A keyboard of the signs that stand on plates: provinces first, then letters and digits. Without it, the field works too. */

const field = /** @type {HTMLInputElement} */ (document.getElementById('plate'));
const keys = /** @type {HTMLElement} */ (document.getElementById('keys'));
const {provinces, signs, erase} = /** @type {Record<string, string>} */ (keys.dataset);

/** @param {string} sign */
function key(sign) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = sign === erase ? '⌫' : sign;
  if (sign === erase) button.setAttribute('aria-label', erase);
  button.addEventListener('click', () => press(sign));
  return button;
}

/** @param {string} sign */
function press(sign) {
  field.value = sign === erase ? field.value.slice(0, -1) : field.value + sign;
  show();
}

function show() {
  const wanted = field.value === '' ? provinces : signs;
  if (keys.dataset.shown === wanted) return;
  keys.dataset.shown = wanted;
  keys.replaceChildren(...[...wanted].map(key), key(erase));
}

if (matchMedia('(pointer: coarse)').matches) field.inputMode = 'none';
field.addEventListener('input', show);
keys.hidden = false;
show();
