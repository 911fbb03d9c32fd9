/** Two ways to paint notes: rectangles, and for very many notes pixels. */

/** @import {Note} from "../core/types.js" */
/** @import {View} from "./view.js" */

import { trackColour } from "./colours.js";
import { GUTTER, HEAD } from "./view.js";

/** Where a note is; remembers what is covered. */
class Place {
  /** @param {View} view */
  constructor(view) {
    this.view = view;
    this.height = Math.max(view.row - (view.row > 5 ? 1 : 0), 2);
    this.covered = new Float64Array(256 * 128).fill(-1);
    this.drawn = 0;
    this.x = 0;
    this.right = 0;
  }

  /**
   * Find the place of a note.
   * @param {Note} note
   * @returns {boolean} Whether it is to be painted.
   */
  find(note) {
    const { view } = this;
    if (note.pitch > view.top + 1 || note.pitch < view.bottomPitch) return false;
    this.x = Math.round(view.x(note.onset_quarters));
    const end = Math.round(view.x(note.onset_quarters + note.duration_quarters)) - 1;
    this.right = Math.max(end, this.x + 2);
    // What falls on pixels that the same key of the same track has covered already adds nothing.
    const row = note.track * 128 + note.pitch;
    if (this.covered[row] >= this.right) return false;
    this.covered[row] = this.right;
    this.drawn++;
    return true;
  }
}

/** Paints rectangles; sets a colour only when it changes, which costs more than a rectangle. */
export class Brush extends Place {
  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {View} view
   */
  constructor(pen, view) {
    super(view);
    this.pen = pen;
    this.track = -1;
    this.alpha = -1;
  }

  /**
   * @param {Note} note
   * @param {number} alpha
   * @param {boolean} hasEdge
   */
  paint(note, alpha, hasEdge = false) {
    if (!this.find(note)) return;
    const { pen, x, height } = this;
    const width = this.right - x;
    if (note.track !== this.track) pen.fillStyle = trackColour(note.track);
    if (alpha !== this.alpha) pen.globalAlpha = alpha;
    this.track = note.track;
    this.alpha = alpha;
    const y = this.view.y(note.pitch);
    pen.fillRect(x, y, width, height);
    if (!hasEdge || width <= 4 || height <= 4) return;
    pen.globalAlpha = this.alpha = 1;
    pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  }

  finish() {
    this.pen.globalAlpha = 1;
  }
}

const scratch = document.createElement("canvas");

/** Writes pixels, and puts all of them on the canvas at once. */
export class PixelBrush extends Place {
  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {View} view
   */
  constructor(pen, view) {
    super(view);
    this.pen = pen;
    this.ratio = devicePixelRatio;
    this.width = Math.ceil((view.width - GUTTER) * this.ratio);
    this.depth = Math.ceil((view.bottom - HEAD) * this.ratio);
    this.image = new ImageData(Math.max(this.width, 1), Math.max(this.depth, 1));
    this.pixels = new Uint32Array(this.image.data.buffer);
    /** @type {number[]} */
    this.colours = [];
  }

  /**
   * @param {Note} note
   * @param {number} alpha
   */
  paint(note, alpha) {
    if (!this.find(note)) return;
    const { ratio, width, pixels } = this;
    const y = this.view.y(note.pitch) - HEAD;
    const top = Math.max(Math.round(y * ratio), 0);
    const bottom = Math.min(Math.round((y + this.height) * ratio), this.depth);
    const left = Math.max(Math.round((this.x - GUTTER) * ratio), 0);
    const right = Math.min(Math.round((this.right - GUTTER) * ratio), width);
    this.colours[note.track] ??= pixelOf(trackColour(note.track));
    const colour = (this.colours[note.track] | (Math.round(alpha * 255) << 24)) >>> 0;
    for (let row = top; row < bottom; row++) {
      for (let at = row * width + left; at < row * width + right; at++) pixels[at] = colour;
    }
  }

  finish() {
    scratch.width = this.image.width;
    scratch.height = this.image.height;
    scratch.getContext("2d")?.putImageData(this.image, 0, 0);
    this.pen.drawImage(scratch, GUTTER, HEAD, this.width / this.ratio, this.depth / this.ratio);
  }
}

/**
 * A colour as the bytes of a pixel, without its alpha.
 * @param {string} hex "#rrggbb"
 */
function pixelOf(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return (blue << 16) | (green << 8) | red;
}
