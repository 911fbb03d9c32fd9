/** A small synthesiser of our own: no sound file, nothing to load. */

/** @import {Drum} from "./drums.js" */
/** @import {Instrument} from "./instruments.js" */

import { drumOf } from "./drums.js";
import { instrumentOf } from "./instruments.js";
import { noiseOf, roomOf } from "./noise.js";

/**
 * @typedef {{program: number, isDrum: boolean, pitch: number, velocity: number, when: number,
 *   duration: number, pan: number}} Played Times in seconds of the context.
 */

const MOST_VOICES = 96;
const QUIETEST = 0.0001;

export class Synth {
  /**
   * @param {BaseAudioContext} context
   * @param {AudioNode} output
   */
  constructor(context, output) {
    this.context = context;
    /** @type {{end: number, stop: (at: number) => void}[]} */
    this.voices = [];
    const compressor = new DynamicsCompressorNode(context, { threshold: -16, ratio: 4, knee: 20 });
    this.dry = new GainNode(context, { gain: 0.3 });
    const room = new ConvolverNode(context, { buffer: roomOf(context) });
    const send = new GainNode(context, { gain: 0.22 });
    this.dry.connect(compressor);
    this.dry.connect(send).connect(room).connect(compressor);
    compressor.connect(output);
    this.noise = noiseOf(context);
  }

  /** @param {Played} note */
  play(note) {
    const now = this.context.currentTime;
    this.voices = this.voices.filter((voice) => voice.end > now);
    while (this.voices.length >= MOST_VOICES) this.voices.shift()?.stop(now);
    const gain = new GainNode(this.context, { gain: 0 });
    gain.connect(new StereoPannerNode(this.context, { pan: note.pan })).connect(this.dry);
    const loudness = (note.velocity / 127) ** 1.6;
    const voice = note.isDrum
      ? this.drum(drumOf(note.pitch), note, gain, loudness)
      : this.tone(instrumentOf(note.program), note, gain, loudness);
    this.voices.push(voice);
  }

  /** Silence, at once. */
  stop() {
    for (const voice of this.voices) voice.stop(this.context.currentTime);
    this.voices = [];
  }

  /**
   * @param {Instrument} instrument
   * @param {Played} note
   * @param {GainNode} gain
   * @param {number} loudness
   */
  tone(instrument, note, gain, loudness) {
    const { when, duration } = note;
    const hertz = 440 * 2 ** ((note.pitch - 69) / 12);
    const decay = instrument.decay * (instrument.pluck ? 2 ** ((60 - note.pitch) / 24) : 1);
    const peak = instrument.gain * loudness;
    const held = Math.max(duration, instrument.attack);
    const level = gain.gain;
    level.setValueAtTime(0, when);
    level.linearRampToValueAtTime(peak, when + instrument.attack);
    level.setTargetAtTime(peak * instrument.sustain, when + instrument.attack, decay / 3);
    level.setTargetAtTime(0, when + held, instrument.release / 3);
    const open = Math.min(hertz * instrument.cutoff * (0.4 + loudness), 18000);
    const filter = new BiquadFilterNode(this.context, { type: "lowpass", frequency: open, Q: 0.4 });
    if (instrument.pluck) {
      filter.frequency.setTargetAtTime(Math.min(hertz * 2, open), when, decay / 2);
    }
    filter.connect(gain);
    const oscillators = instrument.partials.map((partial) => {
      const frequency = Math.min(hertz * partial.ratio, 20000);
      const options = { type: partial.wave, frequency, detune: partial.cents };
      const oscillator = new OscillatorNode(this.context, options);
      oscillator.connect(new GainNode(this.context, { gain: partial.gain })).connect(filter);
      return oscillator;
    });
    if (instrument.vibrato && duration > 0.35) {
      oscillators.push(this.vibrato(instrument.vibrato, when, oscillators));
    }
    return started(oscillators, gain, when, when + held + instrument.release * 2);
  }

  /**
   * @param {number} cents
   * @param {number} when
   * @param {OscillatorNode[]} oscillators
   */
  vibrato(cents, when, oscillators) {
    const wave = new OscillatorNode(this.context, { frequency: 5.2 });
    const depth = new GainNode(this.context, { gain: 0 });
    depth.gain.setTargetAtTime(cents, when + 0.25, 0.2);
    wave.connect(depth);
    for (const oscillator of oscillators) depth.connect(oscillator.detune);
    return wave;
  }

  /**
   * @param {Drum} drum
   * @param {Played} note
   * @param {GainNode} gain
   * @param {number} loudness
   */
  drum(drum, note, gain, loudness) {
    const { when } = note;
    const end = when + drum.decay * 2;
    gain.gain.setValueAtTime(Math.max(drum.gain * loudness, QUIETEST), when);
    gain.gain.exponentialRampToValueAtTime(QUIETEST, end);
    /** @type {AudioScheduledSourceNode[]} */
    const sources = [];
    if (drum.tone && drum.from && drum.to) {
      const skin = new OscillatorNode(this.context, { type: "sine", frequency: drum.from });
      skin.frequency.setValueAtTime(drum.from, when);
      skin.frequency.exponentialRampToValueAtTime(drum.to, when + (drum.fall ?? 0.05));
      skin.connect(new GainNode(this.context, { gain: drum.tone })).connect(gain);
      sources.push(skin);
    }
    if (drum.noise) {
      const hiss = new AudioBufferSourceNode(this.context, { buffer: this.noise, loop: true });
      const type = drum.filter ?? "lowpass";
      const filter = new BiquadFilterNode(this.context, { type, frequency: drum.at ?? 4000 });
      hiss.connect(filter).connect(new GainNode(this.context, { gain: drum.noise })).connect(gain);
      sources.push(hiss);
    }
    return started(sources, gain, when, end);
  }
}

/**
 * @param {AudioScheduledSourceNode[]} sources
 * @param {GainNode} gain
 * @param {number} when
 * @param {number} end
 */
function started(sources, gain, when, end) {
  for (const source of sources) {
    source.start(when);
    source.stop(end);
  }
  /** @param {number} at */
  const stop = (at) => {
    gain.gain.cancelScheduledValues(at);
    gain.gain.setTargetAtTime(0, at, 0.015);
    for (const source of sources) source.stop(at + 0.1);
  };
  return { end, stop };
}
