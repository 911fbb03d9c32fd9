/** A piece as a WAV file, with the sounds of the page. */

/** @import {Cue} from "./score.js" */

import { SoundFont } from "./soundfont.js";
import { Synth } from "./synth.js";

const RATE = 44100;
const TAIL_SECONDS = 2;
const CHUNK_SECONDS = 2;
const PEAK = 0.89; // 1 dB below the most a sample can say

/**
 * @param {Cue[]} cues
 * @param {number} seconds
 * @param {Blob | null} font A SoundFont to play with.
 * @returns {Promise<Blob>} 16 bits, stereo, 44.1 kHz.
 */
export async function wavOf(cues, seconds, font) {
  const length = Math.ceil((seconds + TAIL_SECONDS) * RATE);
  const context = new OfflineAudioContext(2, length, RATE);
  if (font) await SoundFont.open(context, context.destination, font, cues);
  else synthesise(context, cues, seconds);
  return encoded(await context.startRendering());
}

/**
 * @param {OfflineAudioContext} context
 * @param {Cue[]} cues
 * @param {number} seconds
 */
function synthesise(context, cues, seconds) {
  const synth = new Synth(context, context.destination);
  let next = 0;
  /** @param {number} until */
  const play = (until) => {
    while (next < cues.length && cues[next].when < until) synth.play(cues[next++]);
  };
  // Notes are made shortly before they sound: all at once would be slow. Firefox cannot halt.
  if (typeof context.suspend === "function") {
    for (let at = CHUNK_SECONDS; at < seconds; at += CHUNK_SECONDS) {
      void context.suspend(at).then(() => {
        play(at + CHUNK_SECONDS * 2);
        return context.resume();
      });
    }
    play(CHUNK_SECONDS * 2);
  } else {
    play(Infinity);
  }
}

/** @param {AudioBuffer} buffer */
function encoded(buffer) {
  const sides = [buffer.getChannelData(0), buffer.getChannelData(1)];
  let peak = 0;
  for (const side of sides) for (const sample of side) peak = Math.max(peak, Math.abs(sample));
  const scale = peak > PEAK ? PEAK / peak : 1;
  const samples = new Int16Array(buffer.length * 2);
  for (let i = 0; i < buffer.length; i++) {
    samples[2 * i] = Math.round(sides[0][i] * scale * 32767);
    samples[2 * i + 1] = Math.round(sides[1][i] * scale * 32767);
  }
  return new Blob([header(samples.byteLength), samples], { type: "audio/wav" });
}

/** @param {number} bytes */
function header(bytes) {
  const view = new DataView(new ArrayBuffer(44));
  /**
   * @param {number} offset
   * @param {string} text
   */
  const say = (offset, text) => {
    for (let i = 0; i < text.length; i++) view.setUint8(offset + i, text.charCodeAt(i));
  };
  say(0, "RIFF");
  view.setUint32(4, 36 + bytes, true);
  say(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 2, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 4, true);
  view.setUint16(32, 4, true);
  view.setUint16(34, 16, true);
  say(36, "data");
  view.setUint32(40, bytes, true);
  return view.buffer;
}
