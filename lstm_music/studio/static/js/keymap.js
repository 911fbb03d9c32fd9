/** What each key does. */

/** @import {Key} from "./keys.js" */
/** @import {Store} from "./core/store.js" */
/** @import {Roll} from "./roll/roll.js" */
/** @import {Player} from "./sound/player.js" */
/** @import {Selecting} from "./selecting.js" */
/** @import {Playing} from "./playing.js" */
/** @import {Composing} from "./composing.js" */
/** @import {Exporting} from "./exporting.js" */
/** @import {Say} from "./panels/status.js" */
/** @import {TrackSwitches} from "./core/types.js" */

import { byId } from "./core/dom.js";
import { redo, undo } from "./panels/past.js";
import { toggleLoop } from "./panels/transport.js";
import { Walk } from "./roll/walk.js";

/**
 * @param {{store: Store, roll: Roll, player: Player, selecting: Selecting, playing: Playing,
 *   composing: Composing, exporting: Exporting, say: Say, pick: () => void,
 *   flip: (track: number, name: keyof TrackSwitches) => void}} app
 * @returns {Key[]}
 */
export function keysOf(app) {
  const { store, roll, player, selecting, playing, composing, exporting, say } = app;
  const walk = new Walk(roll, selecting, playing);
  /** @param {keyof TrackSwitches} name */
  const flip = (name) => () => {
    for (const track of walk.tracks()) app.flip(track, name);
  };
  /** @param {number} factor */
  const zoom = (factor) => () => {
    roll.view.zoom(factor);
    roll.redraw();
  };
  /** @type {Key[]} */
  const inRoll = [
    { keys: ["ArrowRight"], help: "To the next bar", act: () => walk.to(1) },
    { keys: ["ArrowLeft"], help: "To the bar before", act: () => walk.to(-1) },
    { keys: ["Shift+ArrowRight"], help: "Select a bar more", act: () => walk.extend(1) },
    { keys: ["Shift+ArrowLeft"], help: "Select a bar less", act: () => walk.extend(-1) },
    { keys: ["ArrowDown"], help: "Only the next track", act: () => walk.track(1) },
    { keys: ["ArrowUp"], help: "Only the track before", act: () => walk.track(-1) },
    { keys: ["Shift+ArrowDown"], help: "The next track, too", act: () => walk.alsoTrack(1) },
    { keys: ["Shift+ArrowUp"], help: "The track before, too", act: () => walk.alsoTrack(-1) },
    { keys: ["Home"], help: "To the first bar", act: () => walk.to(-Infinity) },
    { keys: ["End"], help: "To the last bar", act: () => walk.to(Infinity) },
    { keys: ["Shift+Home"], help: "Select back to the first bar", act: () => walk.extend(-Infinity) },
    { keys: ["Shift+End"], help: "Select up to the last bar", act: () => walk.extend(Infinity) },
  ];
  return [
    ...inRoll.map((one) => ({ ...one, inRoll: true })),
    { keys: ["Ctrl+a"], help: "Select everything", act: () => selecting.all() },
    { keys: ["c"], help: "Continue, or compose from nothing", act: () => composing.run("generate") },
    { keys: ["i"], help: "Infill: write the selection anew", act: () => composing.run("infill") },
    { keys: ["a"], help: "Accompany with new tracks", act: () => composing.run("accompany") },
    { keys: ["v"], help: "Vary the selection", act: () => composing.run("vary") },
    {
      keys: ["Escape"],
      help: "Cancel; hide the take; select nothing",
      act: () => {
        if (composing.running) composing.cancel();
        else if (store.take) store.showTake(-1);
        else selecting.none();
      },
    },
    ...Array.from({ length: 9 }, (_, i) => ({
      keys: [String(i + 1)],
      help: i ? "" : "Show or hide a take",
      shown: "1 to 9",
      act: () => composing.show(i),
    })),
    { keys: ["]"], help: "The next take", act: () => composing.step(1) },
    { keys: ["["], help: "The take before", act: () => composing.step(-1) },
    { keys: ["h"], help: "Hear the take in its place", act: () => playing.take() },
    { keys: ["k"], help: "Keep the take", act: () => composing.keep() },
    { keys: ["x"], help: "Reject the take", act: () => composing.reject() },
    { keys: ["Ctrl+z"], help: "Undo", act: () => undo(store, say) },
    { keys: ["Ctrl+Shift+z", "Ctrl+y"], help: "Redo", act: () => redo(store, say) },
    { keys: [" "], help: "Play or pause", act: () => playing.toggle() },
    { keys: ["Enter"], help: "Play the selection", act: () => playing.selection() },
    { keys: ["0"], help: "Stop, back to the beginning", act: () => playing.rewind() },
    { keys: ["r"], help: "Loop on or off", act: () => toggleLoop(player) },
    { keys: ["l"], help: "Lock the selected tracks, or unlock them", act: flip("lock") },
    { keys: ["m"], help: "Mute the selected tracks, or not", act: flip("mute") },
    { keys: ["s"], help: "Hear the selected tracks alone, or not", act: flip("solo") },
    { keys: ["+", "="], help: "Zoom in", shown: "+", act: zoom(1.5) },
    { keys: ["-"], help: "Zoom out", act: zoom(1 / 1.5) },
    {
      keys: ["f"],
      help: "Fit all into sight",
      act: () => {
        roll.view.fit();
        roll.redraw();
      },
    },
    { keys: ["Ctrl+o"], help: "Open a file", act: app.pick },
    { keys: ["Ctrl+s"], help: "Save as .mid", act: () => exporting.save("mid") },
    { keys: ["?"], help: "This list", act: () => byId("help", HTMLDialogElement).showModal() },
  ];
}
