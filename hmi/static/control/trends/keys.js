/** The trends page by keyboard. */

/** @param {any} trends @param {any} board */
export function heed(trends, board) {
  /** @type {'a' | 'b'} */
  let last = 'a';
  const put = (/** @type {'a' | 'b'} */ name) => {
    const {from, to} = trends.range;
    last = name;
    trends.put(name, trends.pointed ?? trends.cursors[name] ?? (from + to) / 2);
  };
  const step = (/** @type {number} */ way) => {
    const {from, to} = trends.range;
    if (trends.cursors[last] === null) put(last);
    trends.put(last, trends.cursors[last] + (way * (to - from)) / Math.max(1, board.width - 200));
  };
  const pan = (/** @type {number} */ way) => trends.pan((way * (trends.range.to - trends.range.from)) / 4);
  const zoom = (/** @type {number} */ factor) => trends.zoom(trends.pointed ?? (trends.until === null ? trends.range.to : (trends.range.from + trends.range.to) / 2), factor);
  /** @type {Record<string, () => void>} */
  const does = {
    ArrowLeft: () => pan(-1),
    ArrowRight: () => pan(1),
    'Shift+ArrowLeft': () => step(-1),
    'Shift+ArrowRight': () => step(1),
    '+': () => zoom(0.5),
    '=': () => zoom(0.5),
    '-': () => zoom(2),
    a: () => put('a'),
    b: () => put('b'),
    Home: () => trends.follow(),
    Backspace: () => trends.back(),
    Escape: () => ['a', 'b'].forEach((name) => trends.put(name, null)),
  };
  document.addEventListener('keydown', (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, select, textarea, dialog, .beside')) return;
    const act = does[`${event.shiftKey && event.key.startsWith('Arrow') ? 'Shift+' : ''}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
