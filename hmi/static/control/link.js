/**
 * The line to the plant: batches come over a WebSocket and are acknowledged; a page whose last batch is older
 * than two seconds says so, by a clock that nobody sets.
 */

import {io} from '../vendor/socket.io.js';
import {takeChanges, takeSnapshot} from './tags.js';

const LOST_MS = 2000;
const LOOK_MS = 200;
/** Batches that come and are late for so long may be measured by a server's clock that stood: it is compared anew. */
const AGAIN_MS = 3000;
/** An acknowledgement costs the server more than the batch: one is enough for so many batches, or so long. */
const ACK_BATCHES = 5;
const ACK_MS = 600;

/**
 * @typedef {object} LinkState
 * @property {boolean} live data is at most two seconds old
 * @property {boolean} everHeard
 * @property {Date | null} dataAt the plant's time of the last data
 */

export class Link extends EventTarget {
  /** How fast the plant's clock runs; 1 but in a virtual car park. */
  speed = 1;
  /** @type {LinkState} */
  state = {live: false, everHeard: false, dataAt: null};
  #up = false;
  #seq = 0;
  #waiting = true;
  #acked = 0;
  #acked_ms = 0;
  /** The server's seconds minus ours, as small as ever seen: what the way here takes at best. */
  #offset_ms = -Infinity;
  #heard_ms = -Infinity;
  /** When the last batch came, however old it was. */
  #came_ms = -Infinity;
  #joined_ms = -Infinity;
  /** @type {((lots: any[]) => void) | null} */
  #takeSites = null;
  #socket = io({
    transports: ['websocket'],
    reconnectionDelay: 500,
    reconnectionDelayMax: 5000,
    randomizationFactor: 0.7,
  });

  constructor() {
    super();
    this.#socket.on('connect', () => this.#join());
    this.#socket.on('snapshot', (message) => this.#onSnapshot(message));
    this.#socket.on('batch', (message) => this.#onBatch(message));
    this.#socket.on('link', ({up}) => this.#onUp(up));
    this.#socket.on('connect_error', (error) => this.#onRefused(error));
    this.#socket.on('disconnect', (reason) => this.#onParted(reason));
    setInterval(() => this.#look(), LOOK_MS);
  }

  /** The plant's wall time as it must be now, by the last batch and its speed. */
  now() {
    const {dataAt} = this.state;
    return dataAt && new Date(dataAt.getTime() + (performance.now() - this.#heard_ms) * this.speed);
  }

  #join() {
    this.#waiting = true;
    this.#joined_ms = performance.now();
    this.#socket.emit('join');
    if (this.#takeSites) this.#socket.emit('watch_sites');
  }

  /**
   * Be told of all car parks, too, for as long as the page stands.
   * @param {(lots: any[]) => void} take
   */
  watchSites(take) {
    this.#takeSites = take;
    this.#socket.on('sites', take);
    if (this.#socket.connected) this.#socket.emit('watch_sites');
  }

  /** @param {any} message */
  #onSnapshot(message) {
    this.#waiting = false;
    this.#seq = message.seq;
    this.#up = message.up;
    this.speed = Number(message.site?.speed ?? 1);
    takeSnapshot(message.tags);
    this.#compare(message);
    if (message.up) this.#heard(message);
    else if (message.at) this.state.dataAt = new Date(message.at);
    this.#look();
    this.dispatchEvent(new Event('tags'));
    this.#ack();
  }

  #ack() {
    this.#acked = this.#seq;
    this.#acked_ms = performance.now();
    this.#socket.emit('ack', this.#seq);
  }

  /** @param {any} message */
  #onBatch(message) {
    if (this.#waiting || message.seq <= this.#seq) return;
    if (message.seq !== this.#seq + 1) {
      this.#join();
      return;
    }
    this.#seq = message.seq;
    this.#up = true;
    takeChanges(message.changes);
    this.#heard(message);
    this.#look();
    if (message.changes.length) this.dispatchEvent(new Event('tags'));
    if (this.#seq - this.#acked >= ACK_BATCHES) this.#ack();
  }

  /**
   * Compare the clocks anew. A snapshot is no older than the question for it; where the way took long, that long may
   * it be old.
   * @param {any} message
   */
  #compare(message) {
    const here_ms = performance.now();
    const isQuick = here_ms - this.#joined_ms <= LOST_MS;
    this.#offset_ms = message.s * 1000 - (isQuick ? here_ms : this.#joined_ms);
  }

  /** @param {any} message */
  #heard(message) {
    const here_ms = performance.now();
    this.#came_ms = here_ms;
    this.#offset_ms = Math.max(this.#offset_ms, message.s * 1000 - here_ms);
    const late_ms = this.#offset_ms - (message.s * 1000 - here_ms);
    this.#heard_ms = here_ms - late_ms;
    this.state.everHeard = true;
    if (message.at) this.state.dataAt = new Date(message.at);
  }

  /** @param {boolean} up */
  #onUp(up) {
    this.#up = up;
    this.#look();
  }

  /** @param {Error} error */
  #onRefused(error) {
    // refused by name: the session has ended, perhaps with the server's key; anything else is tried again
    if (error.message === 'sign in') location.assign('/sign-in');
  }

  /** @param {string} reason */
  #onParted(reason) {
    if (reason === 'io server disconnect') this.#socket.connect();
  }

  #look() {
    const now_ms = performance.now();
    const live = this.#up && now_ms - this.#heard_ms <= LOST_MS;
    const comes = this.#up && !this.#waiting && now_ms - this.#came_ms <= LOST_MS;
    if (comes && !live && now_ms - this.#joined_ms > AGAIN_MS) this.#join();
    if (live !== this.state.live) {
      this.state.live = live;
      this.dispatchEvent(new Event('link'));
    }
    if (this.#seq > this.#acked && performance.now() - this.#acked_ms >= ACK_MS) this.#ack();
  }
}
