/** Which part of the music is seen, and where on the canvas. */

export const GUTTER = 46; // of the keyboard
export const FORM = 18; // height of the form's strip
export const HEAD = 42; // form and bar numbers
export const LOUD = 52; // of velocities
const LEAST_SCALE = 0.5;
const MOST_SCALE = 400;
const LEAST_ROW = 3;
const MOST_ROW = 22;

export class View {
  constructor() {
    this.width = 800;
    this.height = 400;
    this.left = 0; // quarter notes
    this.scale = 24; // pixels a quarter note
    this.top = 96; // the highest pitch in sight
    this.row = 8; // pixels a pitch
    this.length = 16;
    this.low = 36;
    this.high = 96;
  }

  /** @param {number} quarters */
  x(quarters) {
    return GUTTER + (quarters - this.left) * this.scale;
  }

  /** @param {number} x */
  quarters(x) {
    return this.left + (x - GUTTER) / this.scale;
  }

  /** @param {number} pitch The top of its row. */
  y(pitch) {
    return HEAD + (this.top - pitch) * this.row;
  }

  get right() {
    return this.quarters(this.width);
  }

  /** Where the pitches end and the velocities begin. */
  get bottom() {
    return this.height - LOUD;
  }

  /** The lowest pitch in sight. */
  get bottomPitch() {
    return this.top - Math.ceil((this.bottom - HEAD) / this.row);
  }

  /**
   * @param {number} length
   * @param {number} low
   * @param {number} high
   */
  setMusic(length, low, high) {
    this.length = length;
    this.low = low;
    this.high = high;
    this.clamp();
  }

  /** All of the music in sight, as far as notes stay visible. */
  fit() {
    this.left = 0;
    this.scale = Math.max((this.width - GUTTER) / Math.max(this.length, 4), LEAST_SCALE);
    this.row = (this.bottom - HEAD) / (this.high - this.low + 5);
    this.top = this.high + 2;
    this.clamp();
  }

  /**
   * @param {number} factor
   * @param {number} x What stays where it is.
   */
  zoom(factor, x = this.width / 2) {
    const kept = this.quarters(x);
    this.scale = Math.min(Math.max(this.scale * factor, LEAST_SCALE), MOST_SCALE);
    this.left = kept - (x - GUTTER) / this.scale;
    this.clamp();
  }

  /** @param {number} factor */
  zoomPitch(factor) {
    const middle = (this.bottom - HEAD) / 2;
    const kept = this.top - middle / this.row;
    this.row = Math.min(Math.max(this.row * factor, LEAST_ROW), MOST_ROW);
    this.top = Math.round(kept + middle / this.row);
    this.clamp();
  }

  /**
   * @param {number} quarters
   * @param {number} pitches
   */
  scroll(quarters, pitches) {
    this.left += quarters;
    this.top += pitches;
    this.clamp();
  }

  /**
   * Bring a stretch into sight.
   * @param {number} start
   * @param {number} end
   */
  reveal(start, end) {
    const wide = this.right - this.left;
    if (start < this.left || end - start > wide) this.left = start - wide * 0.06;
    else if (end > this.right) this.left = end - wide * 0.94;
    this.clamp();
  }

  clamp() {
    this.row = Math.min(Math.max(this.row, LEAST_ROW), MOST_ROW);
    const wide = (this.width - GUTTER) / this.scale;
    this.left = Math.max(0, Math.min(this.left, this.length - wide * 0.7));
    const rows = (this.bottom - HEAD) / this.row;
    const highest = this.high + 4;
    const lowest = Math.min(this.low - 4 + rows, highest);
    this.top = Math.round(Math.max(Math.min(this.top, highest), lowest));
  }
}
