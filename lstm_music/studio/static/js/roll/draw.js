/** Draws the music: rows and bars, notes, ghosts, velocities. Only what is in sight is looked at. */

/** @import {Note, Place, TrackSwitches} from "../core/types.js" */
/** @import {Timeline} from "../core/timeline.js" */
/** @import {NoteIndex} from "./notes.js" */
/** @import {View} from "./view.js" */
/** @import {Theme} from "./colours.js" */

import { Brush, PixelBrush } from "./brush.js";
import { trackColour } from "./colours.js";
import { GUTTER, HEAD, LOUD } from "./view.js";

/**
 * What is drawn. With a ghost, notes of the piece that begin in its places are to go.
 * @typedef {{timeline: Timeline, given: NoteIndex, ghost: NoteIndex | null, places: Place[],
 *   changed: Place[], heard: boolean[], theme: Theme}} Scene
 */

const MANY = 3000;
const BLACK = new Set([1, 3, 6, 8, 10]);
/** Velocities in a few steps, so that the pen changes seldom. */
const LEVELS = new Map(Array.from({ length: 128 }, (_, v) => [v, Math.round((v / 127) * 4) / 4]));
const FONT = "11px system-ui, sans-serif";

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Scene} scene
 * @returns {number} How many notes were drawn.
 */
export function drawMusic(pen, view, scene) {
  pen.fillStyle = scene.theme.paper;
  pen.fillRect(0, 0, view.width, view.height);
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER, HEAD, view.width - GUTTER, view.bottom - HEAD);
  pen.clip();
  drawRows(pen, view, scene.theme);
  drawBars(pen, view, scene);
  drawPlaces(pen, view, scene.changed, scene.theme.change, 0.1);
  if (scene.ghost) drawPlaces(pen, view, scene.places, scene.theme.accent, 0.08);
  const drawn = drawNotes(pen, view, scene);
  pen.restore();
  drawVelocities(pen, view, scene);
  drawKeyboard(pen, view, scene.theme);
  return drawn;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Theme} theme
 */
function drawRows(pen, view, theme) {
  for (let pitch = view.top; pitch >= view.bottomPitch; pitch--) {
    const y = view.y(pitch);
    if (BLACK.has(((pitch % 12) + 12) % 12)) {
      pen.fillStyle = theme.dark;
      pen.fillRect(GUTTER, y, view.width, view.row);
    }
    if (pitch % 12 === 0) {
      pen.fillStyle = theme.line;
      pen.fillRect(GUTTER, Math.round(y + view.row) - 1, view.width, 1);
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Scene} scene
 */
function drawBars(pen, view, { timeline, theme }) {
  const { bars } = timeline;
  for (let i = timeline.barAt(view.left); i < bars.length && bars[i].start < view.right; i++) {
    const bar = bars[i];
    pen.fillStyle = theme.line;
    for (let at = bar.start + bar.beat; at < bar.end - 1e-6 && bar.beat * view.scale > 9; ) {
      pen.fillRect(Math.round(view.x(at)), HEAD, 1, view.bottom - HEAD);
      at += bar.beat;
    }
    if ((bar.end - bar.start) * view.scale > 3) {
      pen.fillStyle = theme.bar;
      pen.fillRect(Math.round(view.x(bar.start)), HEAD, 1, view.bottom - HEAD);
    }
  }
  pen.fillStyle = theme.bar;
  pen.fillRect(Math.round(view.x(timeline.end)), HEAD, 2, view.bottom - HEAD);
}

/**
 * Stretches that were or are to be written, each once however many tracks it has.
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Place[]} places
 * @param {string} colour
 * @param {number} alpha
 */
function drawPlaces(pen, view, places, colour, alpha) {
  const spans = new Set(places.map((one) => `${one.start_quarters} ${one.end_quarters}`));
  pen.fillStyle = colour;
  for (const span of spans) {
    const [start, end] = span.split(" ").map((text) => view.x(Number(text)));
    pen.globalAlpha = alpha;
    pen.fillRect(start, HEAD, end - start, view.bottom - HEAD);
    pen.globalAlpha = 0.8;
    pen.fillRect(start, HEAD, end - start, 3);
  }
  pen.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Scene} scene
 */
function drawNotes(pen, view, scene) {
  const isReplaced = replacedBy(scene);
  const isDense = scene.given.countBetween(view.left, view.right) > MANY;
  const brush = isDense ? new PixelBrush(pen, view) : new Brush(pen, view);
  scene.given.between(view.left, view.right, (note) => {
    const loudness = scene.heard[note.track] ? 0.5 + (LEVELS.get(note.velocity) ?? 1) / 2 : 0.2;
    brush.paint(note, isReplaced(note) ? 0.13 : loudness);
  });
  brush.finish();
  const ghost = new Brush(pen, view);
  pen.strokeStyle = scene.theme.text;
  scene.ghost?.between(view.left, view.right, (note) => {
    ghost.paint(note, scene.heard[note.track] ? 0.62 : 0.2, true);
  });
  ghost.finish();
  return brush.drawn + ghost.drawn;
}

/**
 * Whether a note of the piece goes when the ghost is kept.
 * @param {Scene} scene
 * @returns {(note: Note) => boolean}
 */
function replacedBy(scene) {
  if (!scene.ghost) return () => false;
  return (note) =>
    scene.places.some(
      (one) =>
        one.track === note.track &&
        note.onset_quarters >= one.start_quarters - 1e-6 &&
        note.onset_quarters < one.end_quarters - 1e-6,
    );
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Scene} scene
 */
function drawVelocities(pen, view, scene) {
  const top = view.bottom;
  pen.fillStyle = scene.theme.dark;
  pen.fillRect(0, top, view.width, LOUD);
  pen.fillStyle = scene.theme.bar;
  pen.fillRect(0, top, view.width, 1);
  const highest = new Float64Array(Math.ceil(view.width) + 2);
  const tracks = new Int16Array(highest.length);
  const isReplaced = replacedBy(scene);
  /** @param {Note} note */
  const stem = (note) => {
    const x = Math.round(view.x(note.onset_quarters));
    const height = Math.round(((LOUD - 8) * note.velocity) / 127);
    if (x < GUTTER || x >= view.width || highest[x] >= height) return;
    highest[x] = height;
    tracks[x] = note.track;
  };
  scene.given.between(view.left, view.right, (note) => {
    if (scene.heard[note.track] && !isReplaced(note)) stem(note);
  });
  scene.ghost?.between(view.left, view.right, stem);
  highest.forEach((height, x) => {
    if (!height) return;
    pen.fillStyle = trackColour(tracks[x]);
    pen.fillRect(x, view.height - height - 2, 2, height);
  });
  pen.fillStyle = scene.theme.paper;
  pen.fillRect(0, top + 1, GUTTER, LOUD);
  pen.fillStyle = scene.theme.muted;
  pen.font = FONT;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  pen.fillText("velocity", GUTTER - 4, top + LOUD / 2);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {Theme} theme
 */
function drawKeyboard(pen, view, theme) {
  pen.save();
  pen.beginPath();
  pen.rect(0, HEAD, GUTTER, view.bottom - HEAD);
  pen.clip();
  pen.fillStyle = theme.paper;
  pen.fillRect(0, HEAD, GUTTER, view.bottom - HEAD);
  pen.font = FONT;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (let pitch = view.top; pitch >= view.bottomPitch; pitch--) {
    const y = view.y(pitch);
    if (BLACK.has(((pitch % 12) + 12) % 12)) {
      pen.fillStyle = theme.bar;
      pen.fillRect(0, y, 12, Math.max(view.row - 1, 1));
    }
    if (pitch % 12 === 0) {
      pen.fillStyle = theme.muted;
      pen.fillText(`C${pitch / 12 - 1}`, GUTTER - 8, y + view.row / 2);
    }
  }
  pen.restore();
  pen.fillStyle = theme.bar;
  pen.fillRect(GUTTER - 1, HEAD, 1, view.height - HEAD);
}
