/** Which notes are in sight: notes by stretches of time, so that only those are looked at. */

/** @import {Note} from "../core/types.js" */

const STRETCH = 4; // quarter notes

export class NoteIndex {
  /** @param {Note[]} notes */
  constructor(notes) {
    this.notes = notes;
    /** @type {number[][]} Notes that begin in a stretch. */
    this.begin = [];
    this.longest = 0;
    notes.forEach((note, i) => {
      const stretch = Math.floor(note.onset_quarters / STRETCH);
      (this.begin[stretch] ??= []).push(i);
      this.longest = Math.max(this.longest, note.duration_quarters);
    });
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
      for (const i of this.begin[stretch] ?? []) {
        const note = this.notes[i];
        const onset = note.onset_quarters;
        if (onset < end && onset + note.duration_quarters > start) visit(note);
      }
    }
  }
}
