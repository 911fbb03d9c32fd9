/** Bars, beats and seconds of a piece. Positions are quarter notes from its start. */

/** @import {Piece} from "./types.js" */

/** @typedef {{start: number, end: number, number: number, beat: number}} Bar beat: its length. */

const MOST_BARS = 20000;

export class Timeline {
  /** @param {Piece} piece */
  constructor(piece) {
    this.tempos = piece.tempos;
    this.bars = barsOf(piece);
    this.end = this.bars.length ? this.bars[this.bars.length - 1].end : 0;
  }

  /**
   * The bar at a position, within the piece.
   * @param {number} quarters
   */
  barAt(quarters) {
    let low = 0;
    let high = this.bars.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.bars[middle].start <= quarters + 1e-6) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** @param {number} quarters */
  seconds(quarters) {
    const tempo = lastBefore(this.tempos, (one) => one.onset_quarters <= quarters);
    return tempo.onset_seconds + ((quarters - tempo.onset_quarters) * 60) / tempo.tempo_bpm;
  }

  /** @param {number} seconds */
  quarters(seconds) {
    const tempo = lastBefore(this.tempos, (one) => one.onset_seconds <= seconds);
    return tempo.onset_quarters + ((seconds - tempo.onset_seconds) * tempo.tempo_bpm) / 60;
  }

  /**
   * Bar and beat as a musician counts them; the beat may have a fraction.
   * @param {number} quarters
   */
  place(quarters) {
    const bar = this.bars[this.barAt(quarters)];
    if (!bar) return { bar: 1, beat: 1 };
    return { bar: bar.number, beat: (quarters - bar.start) / bar.beat + 1 };
  }

  /**
   * Bars as text: "5–8", or "5".
   * @param {number} first
   * @param {number} last
   */
  barNames(first, last) {
    const [from, to] = [this.bars[first], this.bars[last]];
    if (!from || !to) return "";
    return first === last ? `${from.number}` : `${from.number}–${to.number}`;
  }
}

/**
 * @template T
 * @param {T[]} sorted
 * @param {(one: T) => boolean} isBefore
 */
function lastBefore(sorted, isBefore) {
  let found = sorted[0];
  for (const one of sorted) {
    if (!isBefore(one)) break;
    found = one;
  }
  return found;
}

/**
 * @param {Piece} piece
 * @returns {Bar[]}
 */
function barsOf(piece) {
  /** @type {Bar[]} */
  const bars = [];
  const pickup = piece.pickup_quarters;
  let start = 0;
  let meter = 0;
  while ((start < piece.length_quarters - 1e-6 || !bars.length) && bars.length < MOST_BARS) {
    while (piece.meters[meter + 1] && piece.meters[meter + 1].onset_quarters <= start + 1e-6) meter++;
    const { numerator, denominator } = piece.meters[meter];
    let end = start + (numerator * 4) / denominator;
    if (!bars.length && pickup > 0) end = start + pickup;
    const next = piece.meters[meter + 1];
    if (next && next.onset_quarters < end - 1e-6) end = next.onset_quarters;
    bars.push({ start, end, number: bars.length + (pickup > 0 ? 0 : 1), beat: 4 / denominator });
    start = end;
  }
  return bars;
}
