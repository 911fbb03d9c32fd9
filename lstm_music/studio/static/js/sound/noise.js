/** Noise, and the echo of a small hall made of it: the same each time, so that a WAV is. */

const NOISE_SECONDS = 2;
const ROOM_SECONDS = 1.4;

/**
 * Lehmer's generator.
 * @param {number} state
 * @returns {() => number} -1 to 1
 */
function drawing(state) {
  return () => {
    state = (state * 48271) % 0x7fffffff;
    return (state / 0x7fffffff) * 2 - 1;
  };
}

/**
 * White noise.
 * @param {BaseAudioContext} context
 */
export function noiseOf(context) {
  const length = context.sampleRate * NOISE_SECONDS;
  const buffer = context.createBuffer(1, length, context.sampleRate);
  const samples = buffer.getChannelData(0);
  const draw = drawing(1);
  for (let i = 0; i < samples.length; i++) samples[i] = draw();
  return buffer;
}

/**
 * Noise that dies away, another on each side.
 * @param {BaseAudioContext} context
 */
export function roomOf(context) {
  const length = Math.floor(context.sampleRate * ROOM_SECONDS);
  const buffer = context.createBuffer(2, length, context.sampleRate);
  const draw = drawing(7);
  for (let channel = 0; channel < 2; channel++) {
    const samples = buffer.getChannelData(channel);
    for (let i = 0; i < length; i++) samples[i] = draw() * (1 - i / length) ** 3;
  }
  return buffer;
}
