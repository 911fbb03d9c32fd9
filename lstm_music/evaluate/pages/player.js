// Plays the samples of a page: a voice of two oscillators for notes, noise for drums.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const AHEAD = 0.25;
  let audio = null;
  let stop = () => {};

  const hertz = (pitch) => 440 * 2 ** ((pitch - 69) / 12);

  const noiseOf = (context) => {
    const buffer = context.createBuffer(1, context.sampleRate / 2, context.sampleRate);
    let x = 1;
    const samples = buffer.getChannelData(0);
    for (let k = 0; k < samples.length; k += 1) {
      x = (x * 16807) % 2147483647;
      samples[k] = x / 1073741823.5 - 1;
    }
    return buffer;
  };

  // Attack, decay and colour by General MIDI family: plucked and struck, or held.
  const held = (program) => (program >= 16 && program < 24) || (program >= 40 && program < 46) || (program >= 48 && program < 96);

  const strike = (context, out, noise, at, note) => {
    const [, , pitch, velocity] = note;
    const gain = context.createGain();
    const low = pitch === 35 || pitch === 36;
    const seconds = low ? 0.18 : [42, 44].includes(pitch) ? 0.05 : 0.16;
    gain.gain.setValueAtTime(0.35 * velocity / 127, at);
    gain.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    gain.connect(out);
    let source;
    if (low) {
      source = context.createOscillator();
      source.frequency.setValueAtTime(120, at);
      source.frequency.exponentialRampToValueAtTime(45, at + 0.1);
      source.connect(gain);
    } else {
      source = context.createBufferSource();
      source.buffer = noise;
      const filter = context.createBiquadFilter();
      filter.type = "highpass";
      filter.frequency.value = pitch >= 42 ? 5000 : 900;
      source.connect(filter).connect(gain);
    }
    source.start(at);
    source.stop(at + seconds + 0.02);
  };

  const sound = (context, out, at, note) => {
    const [, seconds, pitch, velocity, program] = note;
    const gain = context.createGain();
    const loud = 0.16 * velocity / 127;
    const isHeld = held(program);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(loud, at + (isHeld ? 0.04 : 0.006));
    gain.gain.setTargetAtTime(isHeld ? loud * 0.8 : loud * 0.15, at + 0.05, isHeld ? 0.3 : 0.5);
    gain.gain.setTargetAtTime(0, at + seconds, isHeld ? 0.06 : 0.09);
    gain.connect(out);
    for (const [kind, octave, share] of [["triangle", 1, 1], [isHeld ? "sawtooth" : "sine", 2, 0.16]]) {
      const oscillator = context.createOscillator();
      const part = context.createGain();
      oscillator.type = kind;
      oscillator.frequency.value = hertz(pitch) * octave;
      part.gain.value = share;
      oscillator.connect(part).connect(gain);
      oscillator.start(at);
      oscillator.stop(at + seconds + 0.6);
    }
  };

  const play = (notes, button, bar) => {
    stop();
    audio = audio || new AudioContext();
    audio.resume();
    const out = audio.createGain();
    const limiter = audio.createDynamicsCompressor();
    out.connect(limiter).connect(audio.destination);
    const noise = noiseOf(audio);
    const start = audio.currentTime + 0.1;
    const end = Math.max(...notes.map((note) => note[0] + note[1]), 0);
    let next = 0;
    button.textContent = "Stop";
    button.setAttribute("aria-pressed", "true");
    const timer = setInterval(() => {
      const now = audio.currentTime - start;
      while (next < notes.length && notes[next][0] < now + AHEAD) {
        const note = notes[next];
        (note[5] ? strike(audio, out, noise, start + note[0], note) : sound(audio, out, start + note[0], note));
        next += 1;
      }
      bar.value = Math.max(0, now / end);
      if (now > end + 0.5) stop();
    }, 50);
    stop = () => {
      clearInterval(timer);
      out.disconnect();
      bar.value = 0;
      button.textContent = "Play";
      button.setAttribute("aria-pressed", "false");
      stop = () => {};
    };
  };

  for (const box of document.querySelectorAll(".player")) {
    const button = box.querySelector("button");
    const bar = box.querySelector("progress");
    const notes = data.samples[Number(box.dataset.sample)];
    button.onclick = () => (button.getAttribute("aria-pressed") === "true" ? stop() : play(notes, button, bar));
  }
})();
