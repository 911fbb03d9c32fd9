/** A SoundFont of the user, in place of our own synthesiser. */

/** @import {Cue} from "./score.js" */
/** @import {Timed} from "./worklet.js" */

import { Channels, noteOff, noteOn } from "./messages.js";

const GAP = 0.001; // seconds: a note ends before the next one of its pitch begins

/** @type {WeakSet<BaseAudioContext>} Those that have the worklet. */
const prepared = new WeakSet();

export class SoundFont {
  /** @param {AudioWorkletNode} node */
  constructor(node) {
    this.node = node;
    this.channels = new Channels();
  }

  /**
   * @param {BaseAudioContext} context
   * @param {AudioNode} output
   * @param {Blob} file
   * @param {Cue[]} cues To be played from the beginning; `when` is in seconds of the context.
   * @throws {Error} It is no SoundFont.
   */
  static async open(context, output, file, cues = []) {
    if (!prepared.has(context)) {
      await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
      prepared.add(context);
    }
    const bytes = await file.arrayBuffer();
    const channels = new Channels();
    const timed = cues.flatMap((cue) => messagesOf(cue, channels)).sort((a, b) => a.at - b.at);
    const node = new AudioWorkletNode(context, "soundfont", {
      numberOfInputs: 0,
      outputChannelCount: [2],
      processorOptions: { bytes, timed },
    });
    const problem = await new Promise((resolve) => {
      node.port.onmessage = ({ data }) => resolve(data.problem);
      node.onprocessorerror = () => resolve("it cannot be read");
    });
    if (problem) throw new Error(problem);
    node.connect(output);
    return new SoundFont(node);
  }

  /** @param {Cue} cue */
  play(cue) {
    this.node.port.postMessage(messagesOf(cue, this.channels));
  }

  /** Silence, at once. */
  stop() {
    this.node.port.postMessage("silence");
    this.channels = new Channels();
  }

  /** It is not needed any more. */
  close() {
    this.node.port.postMessage("end");
    this.node.disconnect();
  }
}

/**
 * @param {Cue} cue
 * @param {Channels} channels
 * @returns {Timed[]}
 */
function messagesOf(cue, channels) {
  const begin = [...channels.program(cue), ...channels.pan(cue), noteOn(cue)];
  const end = cue.when + Math.max(cue.duration - GAP, GAP);
  return [...begin.map((bytes) => ({ at: cue.when, bytes })), { at: end, bytes: noteOff(cue) }];
}

/**
 * Whether a file is a SoundFont, by its first bytes.
 * @param {Blob} file
 */
export async function isSoundFont(file) {
  const head = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  const text = String.fromCharCode(...head);
  return text.startsWith("RIFF") && text.endsWith("sfbk");
}
