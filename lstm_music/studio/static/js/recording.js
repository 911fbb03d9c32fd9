/** Record from a MIDI keyboard, to a click; what was played becomes a piece. */

/** @import {Store} from "./core/store.js" */
/** @import {Opening} from "./opening.js" */
/** @import {Player} from "./sound/player.js" */
/** @import {Cue} from "./sound/score.js" */
/** @import {Say} from "./panels/status.js" */

import { askForPorts } from "./sound/ports.js";

const MOST_MINUTES = 10;
const BEATS = 4;
const CLICKS = [76, 77]; // high and low wood block
const NAME = "recorded.mid";

/** @typedef {{pitch: number, velocity: number, start: number, end: number}} Heard In seconds. */

export class Recording {
  /**
   * @param {Store} store
   * @param {Player} player
   * @param {Opening} opening
   * @param {Say} say
   */
  constructor(store, player, opening, say) {
    this.store = store;
    this.player = player;
    this.opening = opening;
    this.say = say;
    this.isOn = false;
    this.bpm = 120;
    /** @type {Heard[]} */
    this.heard = [];
    /** @type {Map<number, Heard>} Notes whose key is down. */
    this.down = new Map();
    /** @type {MIDIInput[]} */
    this.inputs = [];
  }

  async toggle() {
    try {
      await (this.isOn ? this.end() : this.begin());
    } catch (error) {
      this.say(`Recording failed: ${error instanceof Error ? error.message : error}`, "error");
    }
  }

  async begin() {
    const access = await askForPorts();
    this.inputs = [...access.inputs.values()];
    if (!this.inputs.length) {
      this.say("There is no MIDI keyboard", "error");
      return;
    }
    this.bpm = this.store.piece.tempos[0].tempo_bpm;
    this.heard = [];
    this.down.clear();
    await this.player.play(this.clicks(), 0, MOST_MINUTES * 60);
    for (const input of this.inputs) input.onmidimessage = (event) => this.hear(event);
    this.isOn = true;
    this.say(`Recording at ${Math.round(this.bpm)} bpm, ${BEATS} beats a bar`);
  }

  async end() {
    const now = this.player.position;
    for (const input of this.inputs) input.onmidimessage = null;
    for (const note of this.down.values()) note.end = now;
    this.player.stop();
    this.player.start = 0;
    this.isOn = false;
    if (!this.heard.length) {
      this.say("Nothing was played");
      return;
    }
    await this.opening.read({ piece: this.piece() }, null, NAME);
  }

  /** @param {MIDIMessageEvent} event */
  hear(event) {
    const [status, pitch, velocity] = event.data ?? [];
    const late = (performance.now() - event.timeStamp) / 1000;
    const at = Math.max(this.player.position - late, 0);
    const kind = status & 0xf0;
    if (kind !== 0x80 && kind !== 0x90) return;
    const held = this.down.get(pitch);
    if (held) held.end = at;
    this.down.delete(pitch);
    if (kind === 0x80 || velocity === 0) return;
    const note = { pitch, velocity, start: at, end: at };
    this.heard.push(note);
    this.down.set(pitch, note);
    const when = this.player.context?.currentTime ?? 0;
    this.player.sound?.play({
      track: -1, channel: 0, program: 0, isDrum: false, pitch, velocity, when, duration: 0.5, pan: 0,
    });
  }

  /** What was heard as the JSON of a piece; it begins with the bar of the first note. */
  piece() {
    const quarters = this.bpm / 60;
    const first = Math.min(...this.heard.map((note) => note.start)) * quarters;
    const begin = Math.floor(first / BEATS + 1e-6) * BEATS;
    return {
      tempos: [{ tempo_bpm: this.bpm }],
      meters: [{ numerator: BEATS, denominator: 4 }],
      tracks: [{ program: 0, name: "Recorded" }],
      notes: this.heard.map(({ pitch, velocity, start, end }) => ({
        pitch,
        velocity,
        onset_quarters: start * quarters - begin,
        duration_quarters: Math.max((end - start) * quarters, 1 / 24),
      })),
    };
  }

  /** @returns {Cue[]} */
  clicks() {
    const beat = 60 / this.bpm;
    return Array.from({ length: Math.floor((MOST_MINUTES * 60) / beat) }, (_, i) => ({
      track: -1,
      channel: 9,
      program: 0,
      isDrum: true,
      pitch: i % BEATS ? CLICKS[1] : CLICKS[0],
      velocity: 90,
      when: i * beat,
      duration: 0.1,
      pan: 0,
    }));
  }
}
