/** What a technician watches on the tags page, and where tags come from: by device and class, or by lane. */

import {list} from '../api.js';
import {classWord} from '../tag-words.js';
import {t} from '../texts.js';

const KEPT_AS = 'daozha.watched';
export const MOST_WATCHED = 200;
const RATE_MS = 5000;

/** The tags that this browser watches, and how often each changes. */
export class Watched {
  constructor() {
    /** @type {Set<string>} */
    this.names = new Set(kept());
    /** @type {Map<string, {at: string | null, heard_ms: number[]}>} */
    this.heard = new Map();
  }

  /** @param {string} name */
  has(name) {
    return this.names.has(name);
  }

  /** @param {string} name */
  toggle(name) {
    if (this.names.has(name)) this.names.delete(name);
    else if (this.names.size < MOST_WATCHED) this.names.add(name);
    localStorage.setItem(KEPT_AS, JSON.stringify([...this.names]));
  }

  /** Count what has changed. @param {Map<string, {at: string | null}>} tags */
  hear(tags) {
    const now_ms = performance.now();
    for (const name of this.names) {
      const at = tags.get(name)?.at ?? null;
      const known = this.heard.get(name);
      if (!known) this.heard.set(name, {at, heard_ms: []});
      else if (known.at !== at) {
        known.at = at;
        known.heard_ms = [...known.heard_ms.filter((ms) => ms > now_ms - RATE_MS), now_ms];
      }
    }
  }

  /** Changes in a second, as the plant told them of late. @param {string} name */
  rate(name) {
    const now_ms = performance.now();
    const lately = this.heard.get(name)?.heard_ms.filter((ms) => ms > now_ms - RATE_MS) ?? [];
    return (lately.length * 1000) / RATE_MS;
  }
}

/** @returns {string[]} */
function kept() {
  try {
    const names = JSON.parse(localStorage.getItem(KEPT_AS) ?? '[]');
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string').slice(0, MOST_WATCHED) : [];
  } catch (error) {
    return [];
  }
}

/** Where tags come from. */
export class Places {
  constructor() {
    /** @type {{device: string, class: string, tags: string[]}[]} */
    this.told = [];
    /** @type {Map<string, Set<string>>} */
    this.names = new Map();
  }

  async read() {
    this.told = (await list('/api/v1/tag-places')) ?? [];
    for (const {device, class: scan, tags} of this.told) {
      for (const place of [`d:${device}`, `d:${device}:${scan}`]) this.names.set(place, new Set([...(this.names.get(place) ?? []), ...tags]));
    }
  }

  /** @returns {{label: string, options: [string, string][]}[]} */
  groups() {
    const devices = [...new Set(this.told.map(({device}) => device))];
    const lanes = [...new Set(this.told.flatMap(({tags}) => tags.map((tag) => tag.split('.')[0])))].sort();
    /** @type {[string, string][]} */
    const by_device = devices.flatMap((device) => [
      /** @type {[string, string]} */ ([`d:${device}`, device || t('the server itself')]),
      ...this.told.filter((one) => one.device === device && one.class).map((one) => /** @type {[string, string]} */ ([`d:${device}:${one.class}`, `${device} · ${classWord(one.class)} (${one.tags.length})`])),
    ]);
    return [
      {label: t('Device'), options: by_device},
      {label: t('Lane'), options: lanes.map((lane) => [`l:${lane}`, lane])},
    ];
  }

  /** @param {string} place @param {string} name */
  holds(place, name) {
    if (!place) return true;
    return place.startsWith('l:') ? name.startsWith(`${place.slice(2)}.`) : this.names.get(place)?.has(name) ?? false;
  }

  /** What the address asks for. @param {string} search */
  asked(search) {
    const device = new URLSearchParams(search).get('device');
    return device && this.names.has(`d:${device}`) ? `d:${device}` : '';
  }
}
