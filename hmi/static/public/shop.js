/** A link's code stands behind #, which no server and no log ever sees: put it into the field, and out of the address. */

const field = /** @type {HTMLInputElement} */ (document.getElementById('code'));

if (location.hash.length > 1) {
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, '', location.pathname + location.search);
}
