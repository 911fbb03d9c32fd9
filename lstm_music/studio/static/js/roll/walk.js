/** The arrow keys: a cursor over bars, and which tracks are selected. */

/** @import {Roll} from "./roll.js" */
/** @import {Selecting} from "../selecting.js" */
/** @import {Playing} from "../playing.js" */

export class Walk {
  /**
   * @param {Roll} roll
   * @param {Selecting} selecting
   * @param {Playing} playing
   */
  constructor(roll, selecting, playing) {
    this.roll = roll;
    this.selecting = selecting;
    this.playing = playing;
  }

  /**
   * Select one bar alone: the next, or the one before.
   * @param {number} step
   */
  to(step) {
    const isSelected = this.selecting.store.session.selection !== null;
    this.go(isSelected ? this.roll.cursor + step : step === 1 ? this.roll.cursor : this.roll.cursor + step);
    this.selecting.bars(this.roll.cursor, this.roll.cursor);
    this.reveal();
  }

  /**
   * Move one end of the selection.
   * @param {number} step
   */
  extend(step) {
    const anchor = this.selecting.anchor(this.roll.cursor);
    const isSelected = this.selecting.store.session.selection !== null;
    if (isSelected) this.go(this.roll.cursor + step);
    this.selecting.bars(anchor, this.roll.cursor);
    this.reveal();
  }

  /** @param {number} bar */
  go(bar) {
    this.roll.cursor = Math.max(0, Math.min(bar, this.selecting.barCount - 1));
  }

  /** Bring the cursor into sight, and have the next playing start there. */
  reveal() {
    const bar = this.roll.store.timeline.bars[this.roll.cursor];
    if (!bar) return;
    if (!this.playing.player.isPlaying) this.playing.goTo(bar.start);
    const { view } = this.roll;
    const { left } = view;
    view.reveal(bar.start, bar.end);
    if (view.left !== left) this.roll.redraw();
  }

  /** The tracks that are selected, or all. */
  tracks() {
    return this.selecting.store.session.selection?.tracks ?? this.selecting.allTracks;
  }

  /**
   * Select one track alone, the next below or above those that are selected.
   * @param {number} step
   */
  track(step) {
    const next = this.nextTrack(step);
    if (next >= 0) this.selecting.tracks([next]);
  }

  /** @param {number} step */
  alsoTrack(step) {
    const next = this.nextTrack(step);
    const both = new Set([...this.tracks(), next]);
    if (next >= 0) this.selecting.tracks([...both].sort((a, b) => a - b));
  }

  /** @param {number} step */
  nextTrack(step) {
    const all = this.selecting.allTracks;
    const now = this.tracks();
    if (!all.length) return -1;
    if (now.length === all.length && all.length > 1) return step > 0 ? 0 : all.length - 1;
    const edge = step > 0 ? Math.max(...now) : Math.min(...now);
    return Math.max(0, Math.min(edge + step, all.length - 1));
  }
}
