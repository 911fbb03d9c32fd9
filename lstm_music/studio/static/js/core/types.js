/**
 * The shapes of what the server sends and the page keeps; docs/serve.md and docs/formats.md have the
 * fields.
 *
 * @typedef {{track: number, pitch: number, velocity: number, onset_quarters: number,
 *   duration_quarters: number, onset_seconds: number, duration_seconds: number}} Note
 * @typedef {{program: number, is_drum: boolean, name: string, instrument: string}} Track
 * @typedef {{onset_quarters: number, onset_seconds: number, numerator: number,
 *   denominator: number}} Meter
 * @typedef {{onset_quarters: number, onset_seconds: number, tempo_bpm: number}} Tempo
 * @typedef {{onset_quarters: number, onset_seconds: number, name: string}} Key
 * @typedef {{title: string, length_quarters: number, length_seconds: number,
 *   pickup_quarters: number, tracks: Track[], meters: Meter[], tempos: Tempo[], keys: Key[],
 *   notes: Note[]}} Piece
 * @typedef {{track: number, start_quarters: number, end_quarters: number}} Place
 * @typedef {{asked: unknown, came_out: unknown, kept?: boolean}} Promise_
 * @typedef {Record<string, Promise_>} Report
 * @typedef {{index: number, new_notes: number, nats_a_note: number | null,
 *   join_nats: number | null, report: Report, places: Place[], notes: Note[], midi: string,
 *   piece: Piece}} Take
 *
 * A state of the music: `midi` is the file in base64, and `source` the one it came from if that was
 * no MIDI file. States form a tree: each but the first has a parent, and none is ever thrown away.
 * @typedef {{id: string, parent: string | null, label: string, change: string, name: string,
 *   midi: string, source: string | null, piece: Piece, form: string | null, places: Place[],
 *   report: Report, when: number}} MusicState
 *
 * @typedef {{first: number, last: number, tracks: number[]}} Selection Bars from 0, both included.
 * @typedef {{lock: boolean, mute: boolean, solo: boolean}} TrackSwitches
 * @typedef {{id: string, changed: number, states: string[], current: string | null,
 *   next: Record<string, string>, selection: Selection | null, switches: TrackSwitches[],
 *   controls: Record<string, string>, takes: Take[], takesOf: string, activeTake: number}} Session
 */

export {};
