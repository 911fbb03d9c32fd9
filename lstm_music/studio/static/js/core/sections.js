/** The form of a piece, from text as "A8 B4 A8'". */

/** @import {Timeline} from "./timeline.js" */

/** @typedef {{name: string, first: number, last: number}} Section Bars from 0, both included. */

/**
 * @param {string | null} form
 * @param {Timeline} timeline
 * @returns {Section[]}
 */
export function sectionsOf(form, timeline) {
  let bar = timeline.bars[0]?.number === 0 ? 1 : 0; // sections begin after the pickup
  /** @type {Section[]} */
  const sections = [];
  for (const [, letter, primes, bars, after] of (form ?? "").matchAll(/([A-Za-z])('*)(\d+)('*)/g)) {
    sections.push({ name: letter + primes + after, first: bar, last: bar + Number(bars) - 1 });
    bar += Number(bars);
  }
  return sections;
}
