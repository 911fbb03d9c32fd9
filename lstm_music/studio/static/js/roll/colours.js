/** Colours: of tracks and of sections in both themes, of the rest from the style sheet. */

const TRACKS = [
  "#4c7fe0", "#e0763c", "#3da374", "#b65fc0", "#c79a1e", "#2aa1ad", "#d8577a", "#7d74e8",
  "#7f9c31", "#a8764f", "#5a8fb0", "#a5628f",
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
