/** What runs on the audio thread: spessasynth plays messages at their times with a SoundFont. */

import { SoundBankLoader, SpessaSynthProcessor } from "../../vendor/spessasynth_core.js";

/** @typedef {{at: number, bytes: number[]}} Timed A MIDI message; seconds of the audio clock. */

/** @type {any} */
const scope = globalThis; // AudioWorkletGlobalScope: TypeScript has no types of it

class SoundFontPlayer extends scope.AudioWorkletProcessor {
  /** @param {{processorOptions: {bytes: ArrayBuffer, timed: Timed[]}}} options */
  constructor({ processorOptions: { bytes, timed } }) {
    super();
    /** @type {Timed[]} By time. */
    this.timed = timed;
    this.next = 0;
    this.isOpen = true;
    this.synth = new SpessaSynthProcessor(scope.sampleRate, { eventsEnabled: false });
    this.synth.onMissingPreset = () => undefined;
    this.port.onmessage = (/** @type {MessageEvent} */ { data }) => this.take(data);
    try {
      this.synth.soundBankManager.addSoundBank(SoundBankLoader.fromArrayBuffer(bytes), "of the user");
      void this.synth.processorInitialized.then(() => this.port.postMessage({ problem: "" }));
    } catch (error) {
      this.port.postMessage({ problem: error instanceof Error ? error.message : String(error) });
    }
  }

  /** @param {Timed[] | "silence" | "end"} news */
  take(news) {
    if (typeof news === "string") {
      this.timed = [];
      this.synth.stopAllChannels(true);
      this.isOpen = news !== "end";
    } else {
      this.timed = [...this.timed.slice(this.next), ...news].sort((a, b) => a.at - b.at);
    }
    this.next = 0;
  }

  /**
   * @param {unknown} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, [[left, right]]) {
    const end = scope.currentTime + left.length / scope.sampleRate;
    while (this.timed[this.next]?.at < end) this.synth.processMessage(this.timed[this.next++].bytes);
    this.synth.process(left, right);
    return this.isOpen;
  }
}

scope.registerProcessor("soundfont", SoundFontPlayer);
