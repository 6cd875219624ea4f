/** The figures of ISA-18.2 as a page shows them: each with its target, marked where it is beyond. */

import {html, nothing} from '../../vendor/lit.js';
import {t} from '../texts.js';
import {badge} from './alarm-band.js';

/** @param {any} f */
export function figuresOf(f) {
  if (f === null) return html`<p class="none">${t('No figures now')}</p>`;
  const share = (/** @type {number} */ value) => `${(value * 100).toFixed(1)} %`;
  /** @type {[string, string, string, boolean][]} */
  const shown = [
    [t('announced a day'), f.a_day.toFixed(1), '≤ 144', f.a_day > 144],
    [t('announced an hour'), f.an_hour.toFixed(2), '≤ 6', f.an_hour > 6],
    [t('most in 10 min'), String(f.most_in_ten_min), '≤ 10', f.most_in_ten_min > 10],
    [t('hours with more than 30'), share(f.hours_above_30), '< 1 %', f.hours_above_30 >= 0.01],
    [t('10 min with more than 10'), share(f.ten_min_above_10), '< 1 %', f.ten_min_above_10 >= 0.01],
    [t('time in flood'), `${share(f.flood_share)} (${f.floods})`, '< 1 %', f.flood_share >= 0.01],
    [t('chattering'), String(f.chattering.length), '0', f.chattering.length > 0],
    [t('fleeting'), String(f.fleeting.length), '0', f.fleeting.length > 0],
    [t('standing for more than 24 h'), String(f.stale.length), '< 5', f.stale.length >= 5],
  ];
  return html`<p class="small">${t('The last 30 days, alarms announced: {count}', {count: f.announced})}</p><div class="kpis">
    ${shown.map(([title, value, target, beyond]) => html`<div class=${beyond ? 'beyond' : ''}>${title}<b>${value}</b><small>${t('target')} ${target}</small></div>`)}
    ${f.by_priority.map((/** @type {number} */ count, /** @type {number} */ at) => html`<div>${badge(at + 1)}<b>${f.announced ? share(count / f.announced) : '–'}</b><small>${t('target')} ${['< 1 %', '5 %', '15 %', '80 %'][at]}</small></div>`)}</div>
    ${actors(t('Bad actors'), f.top)}${actors(t('Chattering'), f.chattering)}${actors(t('Fleeting'), f.fleeting)}
    ${f.stale.length ? html`<h3>${t('Standing for more than 24 h')}</h3><p>${f.stale.join(', ')}</p>` : nothing}`;
}

/** @param {string} title @param {any[]} rows */
function actors(title, rows) {
  if (!rows.length) return nothing;
  return html`<h3>${title}</h3><table><tbody>${rows.map((one) => html`<tr><td>${one.alarm}</td><td>${one.count}</td><td>${(one.share * 100).toFixed(0)} %</td></tr>`)}</tbody></table>`;
}
