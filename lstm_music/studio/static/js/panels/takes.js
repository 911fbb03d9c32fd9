/** The takes that came: show, hear, keep or reject each; and of the one shown, asked against got. */

/** @import {Store} from "../core/store.js" */
/** @import {Composing} from "../composing.js" */
/** @import {Playing} from "../playing.js" */
/** @import {Take} from "../core/types.js" */

import { button, byId, make } from "../core/dom.js";
import { reportTable } from "./report.js";

/**
 * @param {Store} store
 * @param {Composing} composing
 * @param {Playing} playing
 */
export function showTakes(store, composing, playing) {
  const box = byId("takes", HTMLElement);
  const report = byId("report", HTMLElement);
  const draw = () => {
    const { takes, activeTake, takesOf } = store.session;
    const focused = document.activeElement?.getAttribute("data-key");
    byId("takes-of", HTMLElement).textContent = takesOf || "No takes yet";
    byId("takes-empty", HTMLElement).hidden = takesOf !== "";
    const busy = byId("busy", HTMLElement);
    busy.hidden = composing.running === null;
    byId("busy-text", HTMLElement).textContent =
      `Composing${takes.length ? `, ${takes.length} so far` : ""} ${composing.progress}`;
    box.replaceChildren(
      ...takes.map((take, index) => item(take, index, index === activeTake, composing, playing)),
    );
    if (focused) {
      const again = box.querySelector(`[data-key="${CSS.escape(focused)}"]`);
      if (again instanceof HTMLElement) again.focus();
    }
    const shown = store.take?.report ?? store.current?.report ?? {};
    report.replaceChildren(reportTable(shown, store.shown));
    byId("report-panel", HTMLElement).hidden = !Object.keys(shown).length;
  };
  store.on(["takes", "music"], draw);
  draw();
}

/**
 * @param {Take} take
 * @param {number} index
 * @param {boolean} isShown
 * @param {Composing} composing
 * @param {Playing} playing
 */
function item(take, index, isShown, composing, playing) {
  const name = `take ${index + 1}`;
  const show = () => {
    if (composing.store.session.activeTake !== index) composing.show(index);
  };
  const toggle = button(`Take ${index + 1}`, () => composing.show(index), {
    pressed: isShown,
    class: "take-name",
    title: `Show or hide it over the music (${index + 1})`,
  });
  const facts = `${take.new_notes} notes${surpriseOf(take)}`;
  const hear = () => {
    show();
    playing.take();
  };
  const keep = () => {
    show();
    composing.keep();
  };
  const reject = () => {
    show();
    composing.reject();
  };
  const buttons = [
    button(`Hear ${name}`, hear, { icon: "play", class: "tiny", title: "Hear it in its place (H)" }),
    button(`Keep ${name}`, keep, { icon: "keep", class: "tiny keep", title: "Keep it (K)" }),
    button(`Reject ${name}`, reject, { icon: "reject", class: "tiny", title: "Reject it (X)" }),
  ];
  [toggle, ...buttons].forEach((one, i) => {
    one.dataset.key = `take ${index} ${i}`;
  });
  return make("li", { class: `take${isShown ? " is-shown" : ""}` }, [
    toggle,
    make("small", { class: "facts", text: facts, title: "Lower is what the model expects more" }),
    ...buttons,
  ]);
}

/** @param {Take} take */
function surpriseOf(take) {
  return take.nats_a_note === null ? "" : ` · surprise ${take.nats_a_note.toFixed(2)}`;
}
