/** What is to be played of a piece: notes by time, with their sounds. */

/** @import {Piece} from "../core/types.js" */
/** @import {Played} from "./synth.js" */

/** @typedef {Played & {track: number, channel: number}} Cue `when` counts from the piece's start. */

const DRUM_CHANNEL = 9;

/**
 * @param {Piece} piece
 * @param {(track: number) => boolean} isHeard
 * @returns {Cue[]} By time.
 */
export function cuesOf(piece, isHeard) {
  const heard = piece.tracks.map((_, track) => isHeard(track));
  const channels = channelsOf(piece);
  const spread = piece.tracks.length > 1 ? 0.5 / (piece.tracks.length - 1) : 0;
  return piece.notes
    .filter((note) => heard[note.track])
    .map((note) => {
      const track = piece.tracks[note.track];
      return {
        track: note.track,
        channel: channels[note.track],
        program: track.program,
        isDrum: track.is_drum,
        pitch: note.pitch,
        velocity: note.velocity,
        when: note.onset_seconds,
        duration: note.duration_seconds,
        pan: track.is_drum || !spread ? 0 : note.track * spread - 0.25,
      };
    })
    .sort((a, b) => a.when - b.when);
}

/**
 * A MIDI channel for each track, 9 for drums; beyond fifteen they are shared.
 * @param {Piece} piece
 */
function channelsOf(piece) {
  const free = Array.from({ length: 16 }, (_, channel) => channel);
  free.splice(DRUM_CHANNEL, 1);
  let used = 0;
  return piece.tracks.map((track) => (track.is_drum ? DRUM_CHANNEL : free[used++ % free.length]));
}
