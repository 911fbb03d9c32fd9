/** Keys: one table, from which the help list is made, too. */

import { byId, make } from "./core/dom.js";

/**
 * A key as `event.key`, with "Ctrl+" (or Command) and "Shift+" before it. Keys without Ctrl work
 * where no text is typed, and can be switched off. `inRoll` work in the piano roll alone.
 * @typedef {{keys: string[], help: string, act: () => void, inRoll?: boolean, shown?: string}} Key
 */

const SWITCH = "lstm_music single keys";

/**
 * @param {Key[]} table
 */
export function listenToKeys(table) {
  const enabled = byId("single-keys", HTMLInputElement);
  enabled.checked = localStorage.getItem(SWITCH) !== "off";
  enabled.addEventListener("change", () => {
    localStorage.setItem(SWITCH, enabled.checked ? "on" : "off");
  });
  const roll = byId("roll", HTMLElement);
  addEventListener("keydown", (event) => {
    const name = nameOf(event);
    const found = table.find((one) => one.keys.includes(name));
    if (!found || event.altKey || document.querySelector("dialog[open]")) return;
    const { target } = event;
    const isInRoll = target === roll || target === document.body;
    if (!name.startsWith("Ctrl+")) {
      if (isTyping(target) || !enabled.checked) return;
      if (found.inRoll && !isInRoll) return;
      const isButton = target instanceof HTMLElement && target.closest("a, button, summary, select");
      if (isButton && (name === " " || name === "Enter")) return;
    } else if (isTyping(target) && ["Ctrl+z", "Ctrl+Shift+z", "Ctrl+y", "Ctrl+a"].includes(name)) {
      return;
    }
    event.preventDefault();
    found.act();
  });
  byId("key-list", HTMLElement).replaceChildren(
    ...table.filter((one) => one.help).map((one) => {
      const keys = (one.shown ?? one.keys.map(shownOf).join(" or ")).split(" ");
      const shown = keys.map((key) => (["or", "to"].includes(key) ? ` ${key} ` : make("kbd", { text: key })));
      return make("div", {}, [make("dt", {}, shown), make("dd", { text: one.help })]);
    }),
  );
}

/** @param {KeyboardEvent} event */
function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isLetter = /^[a-z]$/.test(key);
  const shift = event.shiftKey && (isLetter || key.length > 1) ? "Shift+" : "";
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + shift + key;
}

/** @param {string} key */
function shownOf(key) {
  if (key === " ") return "Space";
  if (key.length === 1) return key.toUpperCase();
  return key
    .split("+")
    .map((part) => (part.length === 1 ? part.toUpperCase() : part.replace("Arrow", "")))
    .join("+");
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (target instanceof HTMLInputElement) return target.type !== "checkbox";
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
