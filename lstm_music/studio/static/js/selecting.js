/** Bars and tracks that a command is for. */

/** @import {Store} from "./core/store.js" */
/** @import {Selection} from "./core/types.js" */

export class Selecting {
  /**
   * @param {Store} store
   * @param {(text: string) => void} say
   */
  constructor(store, say) {
    this.store = store;
    this.say = say;
  }

  /** @returns {number[]} Every track of the piece. */
  get allTracks() {
    return this.store.piece.tracks.map((_, track) => track);
  }

  /** How many bars the piece has; a take may have more. */
  get barCount() {
    return this.store.timeline.bars.filter(
      (bar) => bar.start < this.store.piece.length_quarters - 1e-6,
    ).length;
  }

  /**
   * Select bars, in the tracks that are selected, or in all.
   * @param {number} from
   * @param {number} to
   */
  bars(from, to) {
    const last = this.barCount - 1;
    if (last < 0) return;
    const [a, b] = [Math.min(from, last), Math.min(to, last)];
    const tracks = this.store.session.selection?.tracks ?? this.allTracks;
    this.set({ first: Math.min(a, b), last: Math.max(a, b), tracks });
  }

  /**
   * Add a track to the selection, or take it out.
   * @param {number} track
   */
  track(track) {
    const { selection } = this.store.session;
    if (!selection) {
      this.set({ first: 0, last: this.barCount - 1, tracks: [track] });
      return;
    }
    const without = selection.tracks.filter((one) => one !== track);
    const tracks = without.length < selection.tracks.length ? without : [...without, track].sort((a, b) => a - b);
    this.set(tracks.length ? { ...selection, tracks } : null);
  }

  /** @param {number[]} tracks */
  tracks(tracks) {
    const bars = this.store.session.selection ?? { first: 0, last: this.barCount - 1 };
    if (this.barCount) this.set({ first: bars.first, last: bars.last, tracks });
  }

  all() {
    if (this.barCount) this.set({ first: 0, last: this.barCount - 1, tracks: this.allTracks });
  }

  none() {
    this.set(null);
  }

  /**
   * The bar that stays when the selection is extended from the cursor.
   * @param {number} cursor
   */
  anchor(cursor) {
    const { selection } = this.store.session;
    if (!selection) return cursor;
    return cursor === selection.first ? selection.last : selection.first;
  }

  /** @param {Selection | null} selection */
  set(selection) {
    this.store.select(selection);
    this.say(selection ? `Selected: ${this.text(selection)}` : "Nothing is selected");
  }

  /** @param {Selection} selection */
  text(selection) {
    const { timeline, piece } = this.store;
    const bars = timeline.barNames(selection.first, selection.last);
    const names = selection.tracks.map((track) => nameOf(piece.tracks[track], track));
    const all = selection.tracks.length === piece.tracks.length;
    const word = selection.first === selection.last ? "bar" : "bars";
    return `${word} ${bars}, ${all ? "all tracks" : names.join(", ")}`;
  }
}

/**
 * What a track is called.
 * @param {{name: string, instrument: string} | undefined} track
 * @param {number} index
 */
export function nameOf(track, index) {
  return track?.name || track?.instrument || `Track ${index + 1}`;
}
