/** The MIDI messages of cues. */

/** @import {Cue} from "./score.js" */

const PAN = 10;

/** Remembers what each channel is set to, so that only changes are sent. */
export class Channels {
  constructor() {
    /** @type {Map<number, number>} */
    this.programs = new Map();
    /** @type {Map<number, number>} */
    this.pans = new Map();
  }

  /**
   * @param {Cue} cue
   * @returns {number[][]} The program, if the channel has another.
   */
  program({ channel, program, isDrum }) {
    if (isDrum || this.programs.get(channel) === program) return [];
    this.programs.set(channel, program);
    return [[0xc0 | channel, program]];
  }

  /**
   * @param {Cue} cue
   * @returns {number[][]} The place between left and right, if the channel has another.
   */
  pan({ channel, pan }) {
    if (this.pans.get(channel) === pan) return [];
    this.pans.set(channel, pan);
    return [[0xb0 | channel, PAN, Math.round(63.5 + pan * 63.5)]];
  }
}

/** @param {Cue} cue */
export const noteOn = ({ channel, pitch, velocity }) => [0x90 | channel, pitch, velocity];

/** @param {Cue} cue */
export const noteOff = ({ channel, pitch }) => [0x80 | channel, pitch, 0];
