/** Play, stop, loop; where we are; how loud; through which port. */

/** @import {Store} from "../core/store.js" */
/** @import {Player} from "../sound/player.js" */
/** @import {Playing} from "../playing.js" */
/** @import {Roll} from "../roll/roll.js" */
/** @import {Say} from "./status.js" */

import { byId, make } from "../core/dom.js";
import { askForPorts, hasMidi, portOf } from "../sound/ports.js";

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

/**
 * The choice of what plays; ports are asked for only when the user wants one.
 * @param {Player} player
 * @param {Say} say
 */
export function choosePort(player, say) {
  const select = byId("port", HTMLSelectElement);
  if (!hasMidi()) {
    select.title = "This browser has no WebMIDI; Chrome, Edge and Firefox have";
    select.querySelector('[value="ask"]')?.remove();
    byId("record", HTMLButtonElement).hidden = true;
    return;
  }
  select.addEventListener("change", async () => {
    player.stop();
    player.port = null;
    if (select.value === "synth") return;
    try {
      const access = await askForPorts();
      const outputs = [...access.outputs.values()];
      const chosen = outputs.find((one) => one.id === select.value);
      if (chosen) {
        player.port = portOf(chosen);
        say(`Playing through ${chosen.name ?? chosen.id}`);
        return;
      }
      const known = [...select.options].map((option) => option.value);
      for (const output of outputs) {
        if (known.includes(output.id)) continue;
        select.append(make("option", { value: output.id, text: output.name ?? output.id }));
      }
      say(outputs.length ? `${outputs.length} MIDI ports: choose one` : "There is no MIDI port");
    } catch (error) {
      say(`MIDI ports cannot be used: ${error instanceof Error ? error.message : error}`, "error");
    }
    select.value = "synth";
  });
}
