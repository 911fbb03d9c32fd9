/** Which notes are in sight: notes by stretches of time, so that only those are looked at. */

/** @import {Note} from "../core/types.js" */

const STRETCH = 4; // quarter notes

export class NoteIndex {
  /** @param {Note[]} notes */
  constructor(notes) {
    this.notes = notes;
    /** @type {Note[][]} Notes that begin in a stretch, track by track. */
    this.begin = [];
    this.longest = 0;
    for (const note of notes) {
      const stretch = Math.floor(note.onset_quarters / STRETCH);
      (this.begin[stretch] ??= []).push(note);
      this.longest = Math.max(this.longest, note.duration_quarters);
    }
    for (const stretch of this.begin) stretch?.sort((a, b) => a.track - b.track);
  }

  /**
   * How many notes begin between two positions, to a stretch.
   * @param {number} start
   * @param {number} end
   */
  countBetween(start, end) {
    const [first, last] = [Math.floor(start / STRETCH), Math.floor(end / STRETCH)];
    let count = 0;
    for (let stretch = Math.max(first, 0); stretch <= last; stretch++) {
      count += this.begin[stretch]?.length ?? 0;
    }
    return count;
  }

  /**
   * Call with each note that sounds between two positions.
   * @param {number} start
   * @param {number} end
   * @param {(note: Note) => void} visit
   */
  between(start, end, visit) {
    const first = Math.max(Math.floor((start - this.longest) / STRETCH), 0);
    const last = Math.min(Math.floor(end / STRETCH), this.begin.length - 1);
    for (let stretch = first; stretch <= last; stretch++) {
      for (const note of this.begin[stretch] ?? []) {
        const onset = note.onset_quarters;
        if (onset < end && onset + note.duration_quarters > start) visit(note);
      }
    }
  }
}
