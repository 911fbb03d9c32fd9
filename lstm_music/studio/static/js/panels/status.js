/** One line that says what happened; screen readers read it out. */

import { byId } from "../core/dom.js";

/** @typedef {(text: string, kind?: "error") => void} Say */

/** @returns {Say} */
export function makeStatus() {
  const line = byId("status", HTMLElement);
  const alert = byId("alert", HTMLElement);
  const text = byId("alert-text", HTMLElement);
  byId("alert-close", HTMLButtonElement).addEventListener("click", () => {
    alert.hidden = true;
  });
  return (said, kind) => {
    alert.hidden = kind !== "error";
    text.textContent = kind === "error" ? said : "";
    line.textContent = kind === "error" ? "" : said;
  };
}

/** @param {boolean} isThere */
export function showConnection(isThere) {
  byId("offline", HTMLElement).hidden = isThere;
  document.body.classList.toggle("is-offline", !isThere);
}
