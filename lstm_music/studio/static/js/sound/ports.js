/** MIDI ports of this machine, where the browser has them (WebMIDI). */

/** @import {Port} from "./player.js" */

import { Channels, noteOff, noteOn } from "./messages.js";

/** Whether this browser can reach MIDI ports at all. */
export function hasMidi() {
  return typeof navigator.requestMIDIAccess === "function";
}

/**
 * Ask for the ports; the browser asks the user.
 * @returns {Promise<MIDIAccess>}
 */
export function askForPorts() {
  return navigator.requestMIDIAccess();
}

/**
 * An output as something to play through.
 * @param {MIDIOutput} output
 * @returns {Port}
 */
export function portOf(output) {
  let channels = new Channels();
  return {
    play(cue, when, now) {
      const start = performance.now() + (when - now) * 1000;
      for (const bytes of [...channels.program(cue), noteOn(cue)]) output.send(bytes, start);
      output.send(noteOff(cue), start + cue.duration * 1000);
    },
    stop() {
      /** @type {MIDIOutput & {clear?: () => void}} */
      const clearable = output; // Chromium has no clear()
      clearable.clear?.();
      const soon = performance.now() + 250; // what was sent ahead comes before
      for (let channel = 0; channel < 16; channel++) {
        output.send([0xb0 | channel, 123, 0]);
        output.send([0xb0 | channel, 123, 0], soon);
      }
      channels = new Channels();
    },
  };
}
