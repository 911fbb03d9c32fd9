/** The control form_of: the form of a file goes into the controls form and bars. */

/** @import {Store} from "../core/store.js" */
/** @import {Say} from "./status.js" */

import { button, make } from "../core/dom.js";
import { call, toBase64 } from "../net/api.js";

/**
 * @param {string} id
 * @param {(file: File) => unknown} onFile
 * @returns {HTMLElement[]} A button, and the list of files that it opens; a file may be dropped on it.
 */
export function formFile(id, onFile) {
  const input = make("input", { type: "file", hidden: true, "aria-label": "A file with this form" });
  const choose = button("Choose a file, or drop one here", () => input.click(), { class: "drop" });
  choose.id = id;
  /** @param {FileList | null | undefined} files */
  const take = (files) => {
    if (files?.[0]) void onFile(files[0]);
  };
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
  choose.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page it would be opened
    document.body.classList.remove("is-dropping");
    take(event.dataTransfer?.files);
  });
  return [choose, input];
}

/**
 * @param {File} file
 * @param {Store} store
 * @param {Say} say
 */
export async function takeForm(file, store, say) {
  try {
    const music = { data: toBase64(await file.arrayBuffer()) };
    const { form } = await call("read", { music, formats: [] });
    if (!form) throw new Error("it has no full bar of music");
    const lengths = [...form.matchAll(/\d+/g)].map(Number);
    const bars = lengths.reduce((sum, one) => sum + one, 0);
    Object.assign(store.session.controls, { form, bars: String(bars) });
    store.tell("controls");
    say(`The next ${bars} bars take on the form of ${file.name}: ${form}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`${file.name} has no form to take: ${why}`, "error");
  }
}
