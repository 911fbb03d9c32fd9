/** What moves over the music: bar numbers, sections, the selection, the cursor, the playhead. */

/** @import {Selection} from "../core/types.js" */
/** @import {Timeline} from "../core/timeline.js" */
/** @import {Section} from "../core/sections.js" */
/** @import {View} from "./view.js" */
/** @import {Theme} from "./colours.js" */

import { sectionColour } from "./colours.js";
import { FORM, GUTTER, HEAD } from "./view.js";

/**
 * @typedef {{timeline: Timeline, selection: Selection | null, cursor: number, playhead: number,
 *   sections: Section[], hasFocus: boolean, theme: Theme}} Over
 */

const FONT = "11px system-ui, sans-serif";
const NUMBER = 34; // pixels that a bar's number takes
const BOLD = "600 11px system-ui, sans-serif";

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Over} over
 */
export function drawOver(pen, view, over) {
  pen.clearRect(0, 0, view.width, view.height);
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER, 0, view.width - GUTTER, view.height);
  pen.clip();
  drawSelection(pen, view, over);
  drawNumbers(pen, view, over);
  drawSections(pen, view, over);
  if (over.playhead >= 0) {
    pen.fillStyle = over.theme.accent;
    pen.fillRect(Math.round(view.x(over.playhead)) - 1, FORM, 2, view.height);
  }
  pen.restore();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Over} over
 */
function drawSelection(pen, view, { timeline, selection, cursor, hasFocus, theme }) {
  const { bars } = timeline;
  pen.strokeStyle = theme.accent;
  pen.fillStyle = theme.accent;
  if (selection && bars[selection.first]) {
    const start = view.x(bars[selection.first].start);
    const end = view.x(bars[Math.min(selection.last, bars.length - 1)].end);
    pen.globalAlpha = 0.09;
    pen.fillRect(start, FORM, end - start, view.bottom - FORM);
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.strokeRect(start, FORM + 0.5, end - start, view.bottom - FORM - 1);
  }
  if (hasFocus && bars[cursor]) {
    const start = view.x(bars[cursor].start);
    const width = view.x(bars[cursor].end) - start;
    pen.setLineDash([3, 3]);
    pen.lineWidth = 1;
    pen.strokeRect(start + 2, FORM + 3, Math.max(width - 4, 2), view.bottom - FORM - 6);
    pen.setLineDash([]);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Over} over
 */
function drawNumbers(pen, view, { timeline, theme }) {
  const { bars } = timeline;
  pen.font = FONT;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.fillStyle = theme.muted;
  const first = timeline.barAt(view.left);
  const shown = bars.slice(first, timeline.barAt(view.right) + 1);
  if (!shown.length) return;
  const width = (view.x(shown[shown.length - 1].end) - view.x(shown[0].start)) / shown.length;
  const step = numberStep(width);
  for (const { number, start } of shown) {
    if ((number - 1) % step) continue;
    pen.fillText(String(number), Math.round(view.x(start)) + 4, (FORM + HEAD) / 2);
  }
}

/**
 * Every which bar is numbered, so that no number stands on the next: 1, 2, 4, 8, ...
 * @param {number} width Of a bar, in pixels.
 */
export function numberStep(width) {
  return 2 ** Math.max(0, Math.ceil(Math.log2(NUMBER / width)));
}

/**
 * The form as coloured letters.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Over} over
 */
function drawSections(pen, view, { timeline, sections, theme }) {
  pen.font = BOLD;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  for (const section of sections) {
    const [first, last] = [timeline.bars[section.first], timeline.bars[section.last]];
    if (!first || !last) continue;
    const start = view.x(first.start);
    const width = view.x(last.end) - start - 1;
    pen.fillStyle = sectionColour(section.name);
    pen.globalAlpha = 0.3;
    pen.fillRect(start, 0, width, FORM - 2);
    pen.globalAlpha = 1;
    pen.fillRect(start, FORM - 3, width, 2);
    pen.fillStyle = theme.text;
    const left = Math.max(start, GUTTER) + 5; // of one that begins out of sight: at the edge
    const right = view.x(last.end) - 3;
    if (left + pen.measureText(section.name).width < right) {
      pen.fillText(section.name, left, (FORM - 2) / 2);
    }
  }
}
