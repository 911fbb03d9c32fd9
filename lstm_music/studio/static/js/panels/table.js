/** The notes of the selection as a table of text. */

/** @import {Store} from "../core/store.js" */

import { byId, make } from "../core/dom.js";
import { nameOf } from "../selecting.js";

const MOST_ROWS = 200;
const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

/** @param {number} pitch */
export function pitchName(pitch) {
  return `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

/** @param {Store} store */
export function showTable(store) {
  const details = byId("text", HTMLDetailsElement);
  const box = byId("text-table", HTMLElement);
  const draw = () => {
    if (!details.open) return;
    const { timeline, shown, session } = store;
    const { selection } = session;
    const bars = timeline.bars;
    const start = selection ? bars[selection.first].start : 0;
    const end = selection ? bars[selection.last].end : Infinity;
    const notes = shown.notes.filter(
      (note) =>
        note.onset_quarters >= start - 1e-6 &&
        note.onset_quarters < end - 1e-6 &&
        (!selection || selection.tracks.includes(note.track) || note.track >= store.piece.tracks.length),
    );
    const head = ["Bar", "Beat", "Track", "Pitch", "Length", "Velocity"];
    const rows = notes.slice(0, MOST_ROWS).map((note) => {
      const track = shown.tracks[note.track];
      const { bar, beat } = timeline.place(note.onset_quarters);
      const cells = [
        String(Number(beat.toFixed(2))),
        nameOf(track, note.track),
        track?.is_drum ? `drum ${note.pitch}` : pitchName(note.pitch),
        String(Number(note.duration_quarters.toFixed(3))),
        String(note.velocity),
      ];
      const first = make("th", { scope: "row", text: String(bar) });
      return make("tr", {}, [first, ...cells.map((text) => make("td", { text }))]);
    });
    const more = notes.length > MOST_ROWS ? `, the first ${MOST_ROWS} of which are here` : "";
    const what = selection ? "The selection has" : "The piece has";
    box.replaceChildren(
      make("table", {}, [
        make("caption", { text: `${what} ${notes.length} notes${more}. Lengths are in quarter notes.` }),
        make("thead", {}, [make("tr", {}, head.map((text) => make("th", { scope: "col", text })))]),
        make("tbody", {}, rows),
      ]),
    );
  };
  details.addEventListener("toggle", draw);
  store.on(["selection", "music", "takes"], draw);
}
