/** The list of tracks: colour, name, and whether each is selected, locked, muted or alone. */

/** @import {Store} from "../core/store.js" */
/** @import {Selecting} from "../selecting.js" */
/** @import {TrackSwitches} from "../core/types.js" */

import { button, byId, make } from "../core/dom.js";
import { trackColour } from "../roll/colours.js";
import { nameOf } from "../selecting.js";

/** @type {[keyof TrackSwitches, string, string, string][]} */
const SWITCHES = [
  ["lock", "Lock", "lock", "Locked tracks are never written anew"],
  ["mute", "Mute", "mute", "Not heard"],
  ["solo", "Solo", "solo", "Only such tracks are heard"],
];

/**
 * @param {Store} store
 * @param {Selecting} selecting
 * @param {(track: number, name: keyof TrackSwitches) => void} onSwitch
 */
export function showTracks(store, selecting, onSwitch) {
  const list = byId("tracks", HTMLElement);
  const draw = () => {
    const { session, shown, piece } = store;
    const focused = document.activeElement?.getAttribute("data-key");
    list.replaceChildren(
      ...shown.tracks.map((track, index) => {
        const name = nameOf(track, index);
        const isNew = index >= piece.tracks.length;
        const chosen = session.selection?.tracks.includes(index) ?? false;
        const swatch = make("span", { class: "swatch" });
        swatch.style.backgroundColor = trackColour(index);
        const choose = make("input", {
          type: "checkbox",
          id: `track-${index}`,
          "data-key": `${index} select`,
          disabled: isNew,
        });
        choose.checked = chosen;
        choose.addEventListener("change", () => selecting.track(index));
        const label = make("label", { for: `track-${index}` }, [
          swatch,
          make("span", { class: "track-name", title: name }, [
            make("span", { text: isNew ? `${name} (new)` : name }),
            make("small", { text: track.instrument === name ? "" : track.instrument }),
          ]),
        ]);
        const buttons = SWITCHES.map(([key, text, picture, title]) => {
          const pressed = session.switches[index]?.[key] ?? false;
          const act = () => onSwitch(index, key);
          const made = button(`${text} ${name}`, act, { icon: picture, title, pressed, class: "tiny" });
          made.dataset.key = `${index} ${key}`;
          return made;
        });
        const classes = `track${chosen ? " is-selected" : ""}${isNew ? " is-new" : ""}`;
        return make("li", { class: classes }, [choose, label, ...buttons]);
      }),
    );
    if (focused) {
      const again = list.querySelector(`[data-key="${CSS.escape(focused)}"]`);
      if (again instanceof HTMLElement) again.focus();
    }
    byId("tracks-empty", HTMLElement).hidden = shown.tracks.length > 0;
  };
  store.on(["music", "takes", "tracks", "selection"], draw);
  draw();
}
