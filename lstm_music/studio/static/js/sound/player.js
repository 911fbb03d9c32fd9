/** Plays cues a little ahead of time, and knows where it is. */

/** @import {Cue} from "./score.js" */

import { SoundFont } from "./soundfont.js";
import { Synth } from "./synth.js";

const AHEAD = 0.2;
const AHEAD_HIDDEN = 2.5; // the timer of a hidden tab runs once a second
const TICK_MS = 40;
const LEAD_IN = 0.06;
const MOST_LOGGED = 4096;

/**
 * Where notes go instead of the synthesiser; times are in seconds of the audio clock.
 * @typedef {{play: (cue: Cue, when: number, now: number) => void, stop: () => void}} Port
 */

export class Player {
  /** @param {(isPlaying: boolean) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {AudioContext | null} A page may sound only after the user has done something. */
    this.context = null;
    /** @type {Blob | null} A SoundFont to play with; without one the page has sounds of its own. */
    this.font = null;
    /** @type {Promise<Synth | SoundFont> | null} Made when it is needed. */
    this.making = null;
    /** @type {Synth | SoundFont | null} */
    this.sound = null;
    /** @type {AnalyserNode | null} */
    this.analyser = null;
    /** @type {Port | null} */
    this.port = null;
    /** @type {Cue[]} */
    this.cues = [];
    this.isPlaying = false;
    this.isLooping = false;
    this.start = 0;
    this.end = 0;
    this.zero = 0;
    this.next = 0;
    this.timer = 0;
    /**
     * What was handed on; `at` is the time in the piece.
     * @type {{pitch: number, track: number, velocity: number, at: number}[]}
     */
    this.log = [];
  }

  /**
   * Play from one time of the piece to another.
   * @param {Cue[]} cues
   * @param {number} start
   * @param {number} end
   */
  async play(cues, start, end) {
    this.stop();
    const context = this.context ?? this.open();
    await context.resume();
    await this.ready();
    this.stop(); // whoever came in between
    this.cues = cues;
    this.start = start;
    this.end = end;
    this.log = [];
    this.isPlaying = true;
    this.from(start, context.currentTime + LEAD_IN);
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
    this.onChange(true);
  }

  /**
   * Go on at the same place with other notes.
   * @param {Cue[]} cues
   */
  change(cues) {
    if (!this.isPlaying || !this.context) return;
    const heard = this.context.currentTime + AHEAD - this.zero;
    this.cues = cues;
    this.next = cues.findIndex((cue) => cue.when >= heard);
    if (this.next < 0) this.next = cues.length;
  }

  stop() {
    clearInterval(this.timer);
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.sound?.stop();
    this.port?.stop();
    this.onChange(false);
  }

  /** Seconds of the piece. */
  get position() {
    if (!this.isPlaying || !this.context) return this.start;
    return Math.max(this.start, this.context.currentTime - this.zero);
  }

  /** How loud it is now: the root mean square of the last samples, 0 to 1. */
  level() {
    if (!this.analyser) return 0;
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
  }

  /**
   * Play with a SoundFont, or with the sounds of the page (null).
   * @param {Blob | null} font
   */
  use(font) {
    this.stop();
    if (this.sound instanceof SoundFont) this.sound.close();
    this.font = font;
    this.sound = this.making = null;
  }

  /**
   * Have something that sounds.
   * @throws {Error} The SoundFont cannot be read.
   */
  async ready() {
    const context = this.context ?? this.open();
    const output = /** @type {AnalyserNode} */ (this.analyser);
    this.making ??= soundOf(context, output, this.font);
    const { making } = this;
    const sound = await making;
    if (making === this.making) this.sound = sound;
  }

  open() {
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.analyser = new AnalyserNode(this.context, { fftSize: 2048 });
    this.analyser.connect(this.context.destination);
    return this.context;
  }

  /**
   * @param {number} position
   * @param {number} when
   */
  from(position, when) {
    this.zero = when - position;
    this.next = this.cues.findIndex((cue) => cue.when >= position - 1e-4);
    if (this.next < 0) this.next = this.cues.length;
  }

  tick() {
    if (!this.context) return;
    const now = this.context.currentTime;
    const until = now + (document.hidden ? AHEAD_HIDDEN : AHEAD);
    for (;;) {
      const cue = this.cues[this.next];
      if (cue && cue.when < this.end - 1e-4 && cue.when + this.zero < until) {
        this.hand(cue, Math.max(cue.when + this.zero, now));
        this.next++;
      } else if (this.isLooping && this.end > this.start && this.end + this.zero < until) {
        this.from(this.start, this.end + this.zero);
      } else {
        break;
      }
    }
    if (!this.isLooping && now > this.end + this.zero + 0.1) this.stop();
  }

  /**
   * @param {Cue} cue
   * @param {number} when
   */
  hand(cue, when) {
    if (this.log.length < MOST_LOGGED) {
      const { pitch, track, velocity } = cue;
      this.log.push({ pitch, track, velocity, at: cue.when });
    }
    if (this.port) this.port.play(cue, when, this.context?.currentTime ?? 0);
    else this.sound?.play({ ...cue, when });
  }
}

/**
 * @param {AudioContext} context
 * @param {AudioNode} output
 * @param {Blob | null} font
 */
async function soundOf(context, output, font) {
  return font ? SoundFont.open(context, output, font) : new Synth(context, output);
}
