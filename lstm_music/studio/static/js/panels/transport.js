/** Play, stop, loop; where we are; how loud. */

/** @import {Store} from "../core/store.js" */
/** @import {Player} from "../sound/player.js" */
/** @import {Playing} from "../playing.js" */
/** @import {Roll} from "../roll/roll.js" */

import { byId } from "../core/dom.js";

/**
 * @param {Store} store
 * @param {Player} player
 * @param {Playing} playing
 * @param {Roll} roll
 */
export function showTransport(store, player, playing, roll) {
  const play = byId("play", HTMLButtonElement);
  const loop = byId("loop", HTMLButtonElement);
  const place = byId("place", HTMLElement);
  const tempo = byId("tempo", HTMLElement);
  const meter = byId("level", HTMLElement);
  play.addEventListener("click", () => playing.toggle());
  byId("rewind", HTMLButtonElement).addEventListener("click", () => playing.rewind());
  loop.addEventListener("click", () => toggleLoop(player));

  const show = () => {
    const { timeline } = store;
    const at = timeline.quarters(player.position);
    const { bar, beat } = timeline.place(at);
    place.textContent = `${bar}.${Math.floor(beat + 1e-6)}`;
    const bpm = [...store.shown.tempos].reverse().find((one) => one.onset_quarters <= at)?.tempo_bpm;
    const key = store.shown.keys[0]?.name;
    tempo.textContent = `${Math.round(bpm ?? 120)} bpm${key ? ` · ${key}` : ""}`;
    meter.style.transform = `scaleX(${Math.min(player.level() * 3, 1).toFixed(3)})`;
  };
  const frame = () => {
    show();
    roll.follow();
    if (player.isPlaying) requestAnimationFrame(frame);
  };
  player.onChange = (isPlaying) => {
    play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    play.classList.toggle("is-playing", isPlaying);
    if (isPlaying) requestAnimationFrame(frame);
    else frame();
  };
  store.on(["music", "takes", "selection"], show);
  show();
}

/** @param {Player} player */
export function toggleLoop(player) {
  player.isLooping = !player.isLooping;
  byId("loop", HTMLButtonElement).setAttribute("aria-pressed", String(player.isLooping));
}
