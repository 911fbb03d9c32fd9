/** Colours: of tracks and of sections in both themes, of the rest from the style sheet. */

// Those of lstm_music/evaluate/track_colours.py, so that every picture of a piece has the same.
const TRACKS = [
  "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
  "#bcbd22", "#17becf", "#760aff", "#ff00e2", "#0062ff", "#62620a", "#ff0080", "#0a764e",
  "#9327c4", "#9d5800", "#e26276", "#ba0093", "#0089ff", "#934e76", "#a79362", "#006c76",
];
const SECTIONS = ["#5b83d6", "#d48a4e", "#4fa07c", "#ab6bb4", "#b99a35", "#3f9ea8", "#c96b84"];

/** @param {number} track */
export function trackColour(track) {
  return TRACKS[track % TRACKS.length];
}

/** @param {string} name Of a section: "B'" has the colour of "B". */
export function sectionColour(name) {
  return SECTIONS[(name.toUpperCase().charCodeAt(0) - 65) % SECTIONS.length];
}

/**
 * The colours of the theme, as the style sheet has them now.
 * @typedef {{paper: string, dark: string, line: string, bar: string, text: string, muted: string,
 *   accent: string, change: string}} Theme
 * @returns {Theme}
 */
export function themeNow() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    paper: colour("--roll"),
    dark: colour("--roll-dark"),
    line: colour("--roll-line"),
    bar: colour("--roll-bar"),
    text: colour("--text"),
    muted: colour("--muted"),
    accent: colour("--accent"),
    change: colour("--change"),
  };
}
