/**
 * How a value stands on the screen by how far it may be believed: a bad one is withheld, a stale one is dimmed with its
 * age, a forced one is marked, and what was never known is called unknown. Everything that is no drawing shows its
 * values by this.
 */

import {html, nothing} from '../vendor/lit.js';
import {countdown} from './format.js';
import {qualityWord, severity} from './tag-words.js';
import {all} from './tags.js';
import {t} from './texts.js';

/** @typedef {(value: any) => unknown} Write */

/**
 * Show one tag.
 * @param {string} name
 * @param {Write} write how a value that may be shown is written
 * @param {Date | null} [now] the plant's time, by which age is told
 */
export function reading(name, write, now = null) {
  const tag = all().get(name);
  if (!tag || (tag.status === 0 && (tag.value === null || tag.at === null))) {
    return html`<span class="reading none" data-tag=${name} data-quality="blank">${t('unknown')}</span>`;
  }
  const kind = severity(tag.status);
  return html`<span class="reading" data-tag=${name} data-quality=${kind} title=${kind === 'good' ? '' : qualityWord(tag.status)}>${shown(kind, tag, write, now)}</span>`;
}

/**
 * @param {string} kind
 * @param {import('./tags.js').Tag} tag
 * @param {Write} write
 * @param {Date | null} now
 */
function shown(kind, tag, write, now) {
  if (kind === 'bad' || tag.value === null) return html`<span class="withheld">?</span>`;
  if (kind === 'forced') return html`${write(tag.value)} <b class="mark">${t('forced')}</b>`;
  return html`${write(tag.value)}${kind === 'uncertain' ? age(tag, now) : nothing}`;
}

/**
 * @param {import('./tags.js').Tag} tag
 * @param {Date | null} now
 */
function age(tag, now) {
  return now && tag.at ? html` <small>${countdown(now.getTime() - Date.parse(tag.at))}</small>` : nothing;
}
