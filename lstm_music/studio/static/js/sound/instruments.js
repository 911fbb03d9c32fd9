/** How the families of General MIDI sound here: a few oscillators each, through a filter. */

/**
 * An oscillator at a multiple of the note's frequency, `cents` beside it.
 * @typedef {{wave: OscillatorType, ratio: number, gain: number, cents: number}} Partial_
 *
 * Seconds for attack, decay and release; sustain is a share. The filter opens to `cutoff` times the
 * frequency. What is plucked decays more slowly in the bass, as strings and bars do; `vibrato` is in
 * cents.
 * @typedef {{partials: Partial_[], attack: number, decay: number, sustain: number, release: number,
 *   cutoff: number, gain: number, vibrato?: number, pluck?: boolean}} Instrument
 */

/**
 * @param {OscillatorType} wave
 * @param {number} ratio
 * @param {number} gain
 * @param {number} cents
 * @returns {Partial_}
 */
const at = (wave, ratio, gain, cents = 0) => ({ wave, ratio, gain, cents });

/** @type {Instrument[]} One for every eight programs. */
const FAMILIES = [
  // pianos
  {
    partials: [at("triangle", 1, 0.7), at("sine", 2, 0.25, 2), at("sine", 3, 0.1, 4)],
    attack: 0.003, decay: 1.6, sustain: 0, release: 0.18, cutoff: 7, gain: 1, pluck: true,
  },
  // bars and bells
  {
    partials: [at("sine", 1, 0.8), at("sine", 4, 0.25), at("sine", 9.2, 0.08)],
    attack: 0.001, decay: 0.9, sustain: 0, release: 0.4, cutoff: 12, gain: 1, pluck: true,
  },
  // organs
  {
    partials: [at("sine", 1, 0.5), at("sine", 2, 0.35), at("sine", 3, 0.2), at("sine", 4, 0.15)],
    attack: 0.012, decay: 0.1, sustain: 1, release: 0.06, cutoff: 10, gain: 0.55,
  },
  // guitars
  {
    partials: [at("sawtooth", 1, 0.4), at("triangle", 1, 0.5, 3)],
    attack: 0.002, decay: 0.9, sustain: 0, release: 0.12, cutoff: 5, gain: 0.9, pluck: true,
  },
  // basses
  {
    partials: [at("triangle", 1, 0.9), at("sawtooth", 1, 0.18), at("sine", 2, 0.2)],
    attack: 0.004, decay: 1.2, sustain: 0.25, release: 0.08, cutoff: 5, gain: 1.25, pluck: true,
  },
  // solo strings
  {
    partials: [at("sawtooth", 1, 0.5, -4), at("sawtooth", 1, 0.4, 4)],
    attack: 0.07, decay: 0.3, sustain: 0.8, release: 0.15, cutoff: 5, gain: 0.6, vibrato: 9,
  },
  // strings together, choirs
  {
    partials: [at("sawtooth", 1, 0.33, -9), at("sawtooth", 1, 0.33), at("sawtooth", 1, 0.33, 9)],
    attack: 0.12, decay: 0.4, sustain: 0.85, release: 0.3, cutoff: 4, gain: 0.55, vibrato: 4,
  },
  // brass
  {
    partials: [at("sawtooth", 1, 0.6), at("square", 1, 0.15, 3)],
    attack: 0.035, decay: 0.2, sustain: 0.75, release: 0.1, cutoff: 5, gain: 0.6, vibrato: 4,
  },
  // reeds
  {
    partials: [at("square", 1, 0.4), at("sawtooth", 1, 0.25, 2)],
    attack: 0.03, decay: 0.2, sustain: 0.8, release: 0.09, cutoff: 5, gain: 0.6, vibrato: 6,
  },
  // pipes
  {
    partials: [at("sine", 1, 0.8), at("triangle", 2, 0.12), at("sine", 3, 0.05)],
    attack: 0.045, decay: 0.2, sustain: 0.85, release: 0.1, cutoff: 6, gain: 0.9, vibrato: 7,
  },
  // synthetic leads
  {
    partials: [at("sawtooth", 1, 0.4, -6), at("square", 1, 0.3, 6)],
    attack: 0.008, decay: 0.3, sustain: 0.7, release: 0.1, cutoff: 7, gain: 0.5,
  },
  // synthetic pads
  {
    partials: [at("sawtooth", 1, 0.3, -12), at("triangle", 1, 0.5), at("sawtooth", 1, 0.3, 12)],
    attack: 0.3, decay: 0.6, sustain: 0.8, release: 0.6, cutoff: 3, gain: 0.55,
  },
  // synthetic effects
  {
    partials: [at("triangle", 1, 0.5, -7), at("sine", 2.01, 0.3), at("sine", 3.02, 0.15)],
    attack: 0.15, decay: 1, sustain: 0.5, release: 0.7, cutoff: 4, gain: 0.7,
  },
  // plucked strings of the world
  {
    partials: [at("sawtooth", 1, 0.35), at("sine", 1, 0.5), at("sine", 2, 0.2, 6)],
    attack: 0.001, decay: 0.7, sustain: 0, release: 0.1, cutoff: 6, gain: 0.9, pluck: true,
  },
  // percussion with a pitch
  {
    partials: [at("sine", 1, 0.8), at("sine", 2.76, 0.3), at("sine", 5.4, 0.12)],
    attack: 0.001, decay: 0.5, sustain: 0, release: 0.2, cutoff: 12, gain: 1, pluck: true,
  },
  // sound effects
  {
    partials: [at("triangle", 1, 0.5), at("sine", 1.5, 0.3)],
    attack: 0.05, decay: 0.8, sustain: 0.2, release: 0.3, cutoff: 4, gain: 0.6,
  },
];

/**
 * @param {number} program General MIDI, from 0.
 * @returns {Instrument}
 */
export function instrumentOf(program) {
  return FAMILIES[program >> 3] ?? FAMILIES[0];
}
