/** Times under and beside the curves: the site's zone, 24 hours, never more than the scale can tell. */

/** @param {string} zone */
export function timesOf(zone) {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3,
  });

  /** @param {number} x seconds since 1970 */
  function split(x) {
    /** @type {Record<string, string>} */
    const found = {};
    for (const {type, value} of parts.formatToParts(new Date(Math.round(x * 1000)))) found[type] = value;
    return found;
  }

  /** @param {number} x */
  function day(x) {
    const {year, month, day: date} = split(x);
    return `${year}-${month}-${date}`;
  }

  /** @param {number} x @param {number} [digits] */
  function clock(x, digits = 3) {
    const {hour, minute, second, fractionalSecond} = split(x);
    return digits ? `${hour}:${minute}:${second}.${fractionalSecond.slice(0, digits)}` : `${hour}:${minute}:${second}`;
  }

  /** What stands under an axis: the day where it changes. @param {number[]} splits @param {number} step_s */
  function labels(splits, step_s) {
    let before = '';
    return splits.map((x) => {
      const {hour, minute} = split(x);
      const today = day(x).slice(5);
      const time = step_s < 1 ? clock(x, 1) : step_s < 60 ? clock(x, 0) : `${hour}:${minute}`;
      const changed = today !== before;
      before = today;
      if (step_s >= 86_400) return today;
      return changed ? `${time}\n${today}` : time;
    });
  }

  /** The instant of a time as people of the site write it: `2026-05-01T08:00:00`; NaN if it is none. @param {string} text */
  function instant(text) {
    const wanted = Date.parse(`${text}Z`) / 1000;
    let x = wanted;
    for (let n = 0; n < 2 && Number.isFinite(x); n += 1) x += wanted - Date.parse(`${day(x)}T${clock(x, 0)}Z`) / 1000;
    return x;
  }

  return {instant, day, clock, labels, full: (/** @type {number} */ x) => `${day(x)} ${clock(x)}`, input: (/** @type {number} */ x) => `${day(x)}T${clock(x, 0)}`};
}

/** Write a span shortly. @param {number} s */
export function span(s) {
  const size = Math.abs(s);
  const sign = s < 0 ? '-' : '';
  if (size < 60) return `${sign}${size.toFixed(3)} s`;
  const [days, rest] = [Math.floor(size / 86_400), size % 86_400];
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, Math.floor(rest % 60)].map((part) => String(part).padStart(2, '0')).join(':');
  return `${sign}${days ? `${days} d ` : ''}${clock}`;
}
