/** The keys of a General MIDI kit, from a falling sine, noise, or both. */

/**
 * A skin falls from `from` to `to` Hz in `fall` seconds, as loud as `tone`; the noise is as loud as
 * `noise`, through a filter at `at` Hz. `decay` is in seconds.
 * @typedef {{decay: number, gain: number, from?: number, to?: number, fall?: number, tone?: number,
 *   noise?: number, at?: number, filter?: BiquadFilterType}} Drum
 */

/** @type {Drum} */
const KICK = {
  decay: 0.28, gain: 1.3, from: 140, to: 48, fall: 0.07, tone: 1, noise: 0.12, at: 1800,
};
/** @type {Drum} */
const SNARE = {
  decay: 0.18, gain: 0.8, from: 220, to: 180, fall: 0.05, tone: 0.45, noise: 0.8, at: 1500,
  filter: "highpass",
};
/** @type {Drum} */
const HAT = { decay: 0.05, gain: 0.45, noise: 1, at: 8000, filter: "highpass" };
/** @type {Drum} */
const RIDE = { decay: 0.7, gain: 0.3, noise: 0.8, at: 6500, filter: "highpass" };
/** @type {Drum} */
const SHAKER = { decay: 0.08, gain: 0.35, noise: 1, at: 6000, filter: "bandpass" };

/**
 * @param {number} hertz
 * @returns {Drum}
 */
const tom = (hertz) => ({
  decay: 0.32, gain: 0.9, from: hertz * 1.5, to: hertz, fall: 0.09, tone: 0.9, noise: 0.08, at: 900,
});

/**
 * @param {number} decay
 * @param {number} at
 * @returns {Drum}
 */
const crash = (decay, at) => ({ decay, gain: 0.5, noise: 1, at, filter: "highpass" });

/**
 * @param {number} hertz
 * @param {number} decay
 * @returns {Drum}
 */
const struck = (hertz, decay) => ({
  decay, gain: 0.6, from: hertz, to: hertz, fall: 0.01, tone: 0.8, noise: 0.05, at: hertz * 2,
});

/** @type {Record<number, Drum>} */
const KIT = {
  35: KICK,
  36: KICK,
  37: { decay: 0.05, gain: 0.7, from: 800, to: 700, fall: 0.01, tone: 0.6, noise: 0.5, at: 2500 },
  38: SNARE,
  39: { decay: 0.12, gain: 0.7, noise: 1, at: 1300, filter: "bandpass" },
  40: SNARE,
  41: tom(80),
  42: HAT,
  43: tom(98),
  44: { ...HAT, gain: 0.3 },
  45: tom(120),
  46: { ...HAT, decay: 0.38 },
  47: tom(145),
  48: tom(175),
  49: crash(1.3, 4500),
  50: tom(210),
  51: RIDE,
  52: crash(0.9, 3200),
  53: struck(900, 0.6),
  54: SHAKER,
  55: crash(0.5, 6000),
  56: struck(560, 0.25),
  57: crash(1.1, 5200),
  59: RIDE,
  60: tom(330),
  61: tom(250),
  62: tom(300),
  63: tom(280),
  64: tom(190),
  65: tom(340),
  66: tom(260),
  67: struck(900, 0.25),
  68: struck(680, 0.25),
  69: SHAKER,
  70: SHAKER,
  75: struck(1900, 0.05),
  76: struck(1150, 0.07),
  77: struck(800, 0.08),
  80: struck(2800, 0.06),
  81: struck(2800, 0.9),
  82: SHAKER,
};

/**
 * The drum of a key; what is not of the kit is a small struck thing.
 * @param {number} pitch
 */
export function drumOf(pitch) {
  return KIT[pitch] ?? struck(300 + pitch * 6, 0.12);
}
