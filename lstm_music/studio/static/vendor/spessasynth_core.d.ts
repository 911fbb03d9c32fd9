// Of spessasynth_core, what the page uses. A time is in seconds.
export class SpessaSynthProcessor {
  constructor(sampleRate: number, options?: { eventsEnabled?: boolean });
  readonly processorInitialized: Promise<void>;
  readonly soundBankManager: { addSoundBank(bank: object, id: string): void };
  onMissingPreset: (patch: object, system: string) => object | undefined;
  processMessage(message: number[]): void;
  process(left: Float32Array, right: Float32Array): void;
  stopAllChannels(isAtOnce: boolean): void;
}
export class SoundBankLoader {
  static fromArrayBuffer(bytes: ArrayBuffer): object;
}
