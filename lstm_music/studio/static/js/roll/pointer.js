/** Mouse, pen and fingers on the piano roll: select bars, go to a place, scroll, zoom. */

/** @import {Roll} from "./roll.js" */
/** @import {Selecting} from "../selecting.js" */
/** @import {Playing} from "../playing.js" */

import { sectionsOf } from "../core/sections.js";
import { FORM, GUTTER, HEAD } from "./view.js";

/**
 * @param {Roll} roll
 * @param {Selecting} selecting
 * @param {Playing} playing
 */
export function listenToPointer(roll, selecting, playing) {
  const { box, view } = roll;
  let from = -1;
  let rest = 0; // of a wheel that turns by less than a row

  /** @param {MouseEvent} event */
  const at = (event) => {
    const bounds = box.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  };
  /** @param {number} x */
  const barAt = (x) => roll.store.timeline.barAt(view.quarters(x));

  box.addEventListener("pointerdown", (event) => {
    const { x, y } = at(event);
    if (event.button !== 0 || x < GUTTER) return;
    if (y < FORM) {
      const bar = barAt(x);
      const { current, timeline } = roll.store;
      const all = sectionsOf(current?.form ?? null, timeline);
      const section = all.find((one) => one.first <= bar && bar <= one.last);
      if (section) selecting.bars(section.first, section.last);
      return;
    }
    if (y < HEAD) {
      playing.goTo(view.quarters(x));
      return;
    }
    box.setPointerCapture(event.pointerId);
    from = event.shiftKey ? selecting.anchor(roll.cursor) : barAt(x);
    roll.cursor = barAt(x);
    selecting.bars(from, barAt(x));
  });
  box.addEventListener("pointermove", (event) => {
    if (from < 0) return;
    const { x } = at(event);
    if (x > view.width - 12) view.scroll(12 / view.scale, 0);
    if (x < GUTTER) view.scroll(-12 / view.scale, 0);
    if (x > view.width - 12 || x < GUTTER) roll.redraw();
    if (barAt(x) === roll.cursor) return;
    roll.cursor = barAt(x);
    selecting.bars(from, roll.cursor);
  });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
    box.addEventListener(end, () => {
      from = -1;
    });
  }
  box.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { x } = at(event);
      if (event.ctrlKey || event.metaKey) {
        view.zoom(Math.exp(-event.deltaY / 300), x);
      } else {
        const sideways = event.shiftKey ? event.deltaY + event.deltaX : event.deltaX;
        rest += event.shiftKey ? 0 : event.deltaY;
        const rows = Math.trunc(rest / view.row);
        rest -= rows * view.row;
        view.scroll(sideways / view.scale, -rows);
      }
      roll.redraw();
    },
    { passive: false },
  );
}
