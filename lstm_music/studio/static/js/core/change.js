/** What a take changes. */

/** @import {Note, Take} from "./types.js" */

/** @param {Note} note */
const nameOf = (note) =>
  `${note.track} ${note.pitch} ${note.onset_quarters} ${note.duration_quarters}`;

/**
 * @param {Note[]} before The piece.
 * @param {Take} take
 * @returns {string} "53 notes new, 61 gone, 4 the same"
 */
export function changeOf(before, take) {
  const gone = before.filter((note) =>
    take.places.some(
      (place) =>
        place.track === note.track &&
        note.onset_quarters >= place.start_quarters - 1e-6 &&
        note.onset_quarters < place.end_quarters - 1e-6,
    ),
  );
  const old = new Set(gone.map(nameOf));
  const same = take.notes.filter((note) => old.has(nameOf(note))).length;
  const parts = [`${take.notes.length - same} notes new`];
  if (gone.length) parts.push(`${gone.length - same} gone`, `${same} the same`);
  return parts.join(", ");
}
