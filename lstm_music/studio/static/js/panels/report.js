/** What was asked for beside what came out. */

/** @import {Piece, Report} from "../core/types.js" */

import { make } from "../core/dom.js";
import { nameOf } from "../selecting.js";

/**
 * @param {Report} report
 * @param {Piece} piece
 */
export function reportTable(report, piece) {
  const head = ["Control", "Asked", "Got"].map((text) => make("th", { scope: "col", text }));
  const rows = Object.entries(report).map(([name, { asked, came_out: got, kept }]) => {
    const mark = kept === undefined ? "" : kept ? "kept" : "not kept";
    // Of a switch comes the count of what breaks it: none, where it is kept.
    const cell = make("td", {}, [asked === true && kept ? "yes" : textOf(got, piece), " "]);
    if (mark) cell.append(make("span", { class: kept ? "kept" : "missed", text: mark }));
    return make("tr", {}, [
      make("th", { scope: "row", text: name.replaceAll("_", " ") }),
      make("td", { text: textOf(asked, piece) }),
      cell,
    ]);
  });
  return make("table", {}, [
    make("caption", { class: "hidden", text: "What was asked for beside what came out" }),
    make("thead", {}, [make("tr", {}, head)]),
    make("tbody", {}, rows),
  ]);
}

/**
 * A value in words; what holds by track is told by the tracks' names.
 * @param {unknown} value
 * @param {Piece} piece
 * @returns {string}
 */
function textOf(value, piece) {
  if (value === null || value === undefined) return "—";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (typeof value === "number") return String(Number(value.toFixed(2)));
  if (Array.isArray(value)) return value.map((one) => textOf(one, piece)).join(" – ");
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value);
  const texts = new Set(entries.map(([, one]) => textOf(one, piece)));
  if (entries.length > 1 && texts.size === 1) return `${[...texts][0]} in each`;
  return entries
    .map(([key, one]) => {
      const isTrack = /^[1-9][0-9]*$/.test(key);
      const name = isTrack ? nameOf(piece.tracks[Number(key) - 1], Number(key) - 1) : key;
      return key === "all" && entries.length === 1 ? textOf(one, piece) : `${name} ${textOf(one, piece)}`;
    })
    .join(", ");
}
