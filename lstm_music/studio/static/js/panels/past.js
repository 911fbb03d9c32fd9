/** All states of the music, the present one marked; each can be gone back to. */

/** @import {Store} from "../core/store.js" */

import { byId, make } from "../core/dom.js";
import { goTo, redoTarget, undoTarget } from "../core/history.js";

/**
 * @param {Store} store
 * @param {(text: string) => void} say
 */
export function showPast(store, say) {
  const list = byId("past", HTMLElement);
  const undo = byId("undo", HTMLButtonElement);
  const redo = byId("redo", HTMLButtonElement);
  const draw = () => {
    const { session, states } = store;
    const focused = document.activeElement?.getAttribute("data-key");
    undo.disabled = !undoTarget(store);
    redo.disabled = !redoTarget(store);
    const name = store.current?.name ?? "";
    byId("title", HTMLElement).textContent = name;
    document.title = name ? `${name} – Studio` : "Studio – lstm_music";
    byId("past-empty", HTMLElement).hidden = session.states.length > 0;
    list.replaceChildren(
      ...session.states.toReversed().flatMap((id) => {
        const state = states.get(id);
        if (!state) return [];
        const isNow = id === session.current;
        const go = make("button", {
          type: "button",
          "aria-current": isNow ? "true" : undefined,
          "data-key": id,
        });
        go.append(make("span", { text: state.label }), make("small", { text: state.change }));
        go.addEventListener("click", () => {
          goTo(store, id);
          say(`Back at: ${state.label}`);
        });
        return [make("li", {}, [go])];
      }),
    );
    if (focused) {
      const again = list.querySelector(`[data-key="${CSS.escape(focused)}"]`);
      if (again instanceof HTMLElement) again.focus();
    }
  };
  store.on(["history", "music"], draw);
  draw();
}

/**
 * @param {Store} store
 * @param {(text: string) => void} say
 */
export function undo(store, say) {
  const target = undoTarget(store);
  const undone = store.current;
  if (!target || !undone) {
    say("There is nothing to undo");
    return;
  }
  goTo(store, target.id);
  say(`Undone: ${undone.label}`);
}

/**
 * @param {Store} store
 * @param {(text: string) => void} say
 */
export function redo(store, say) {
  const target = redoTarget(store);
  if (!target) {
    say("There is nothing to redo");
    return;
  }
  goTo(store, target.id);
  say(`Redone: ${target.label}`);
}
