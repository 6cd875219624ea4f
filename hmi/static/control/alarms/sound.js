/** The sound of alarms, made by Web Audio: until acknowledged or silenced. A browser lets it begin after a click. */

/** Pitch and pause by priority: the more urgent, the higher and quicker. @type {Record<number, [number, number]>} */
const TONES = {1: [988, 500], 2: [784, 1000], 3: [587, 2000], 4: [440, 6000]};
const TONE_S = 0.18;
const LOUD = 0.15;

export class Sound {
  /** @type {AudioContext | null} */
  #context = null;
  #priority = 0;
  /** @type {number | undefined} */
  #timer = undefined;

  constructor() {
    const allow = () => this.allow();
    document.addEventListener('pointerdown', allow, {once: true});
    document.addEventListener('keydown', allow, {once: true});
  }

  /** Say whether the browser does not let it sound yet. */
  get blocked() {
    return this.#priority > 0 && this.#context?.state === 'suspended';
  }

  /** Sound for a priority from now on; 0: be quiet. @param {number} priority */
  play(priority) {
    if (priority === this.#priority) return;
    this.#priority = priority;
    clearInterval(this.#timer);
    if (!priority) return;
    this.#context ??= new AudioContext();
    this.#beep();
    this.#timer = window.setInterval(() => this.#beep(), TONES[priority][1]);
  }

  /** A person has clicked: the browser lets it sound from now on. */
  async allow() {
    await this.#context?.resume();
  }

  #beep() {
    const context = this.#context;
    if (context === null || context.state !== 'running') {
      context?.resume();
      return;
    }
    const [tone, gain] = [context.createOscillator(), context.createGain()];
    const now = context.currentTime;
    tone.frequency.value = TONES[this.#priority][0];
    gain.gain.setValueAtTime(LOUD, now);
    gain.gain.exponentialRampToValueAtTime(0.001, now + TONE_S);
    tone.connect(gain).connect(context.destination);
    tone.start(now);
    tone.stop(now + TONE_S);
  }
}
