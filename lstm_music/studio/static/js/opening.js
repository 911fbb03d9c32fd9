/** Open a file of music, or a session that was saved as a file. */

/** @import {Store} from "./core/store.js" */
/** @import {Connection} from "./net/connection.js" */
/** @import {Sessions} from "./sessions.js" */
/** @import {Say} from "./panels/status.js" */

import { add } from "./core/history.js";
import { ApiError, call, toBase64 } from "./net/api.js";
import { isSessionFile } from "./sessions.js";

const MOST_BYTES = 6_000_000; // base64 makes 8 MB of it, the most that the server takes

export class Opening {
  /**
   * @param {Store} store
   * @param {Sessions} sessions
   * @param {Connection} connection
   * @param {Say} say
   */
  constructor(store, sessions, connection, say) {
    this.store = store;
    this.sessions = sessions;
    this.connection = connection;
    this.say = say;
  }

  /**
   * Open a file; what was there is one undo away.
   * @param {Blob} file
   * @param {string} name
   */
  async open(file, name) {
    if (file.size > MOST_BYTES) {
      this.say(`${name} is too large: up to ${MOST_BYTES / 1e6} MB can be opened`, "error");
      return;
    }
    this.say(`Opening ${name}`);
    try {
      const bytes = await file.arrayBuffer();
      const text = isSessionFile(bytes);
      if (text) await this.sessions.load(text);
      else {
        const data = toBase64(bytes);
        await this.read({ data }, isMidi(bytes) ? data : null, name);
      }
    } catch (error) {
      if (error instanceof ApiError && error.code === "lost") this.connection.set(false);
      const why = error instanceof Error ? error.message : String(error);
      this.say(`${name} cannot be opened: ${why}`, "error");
    }
  }

  /**
   * Have the server read music, and show it.
   * @param {{data: string} | {piece: object}} music
   * @param {string | null} midi The MIDI file that it is, whose bytes stay as they are.
   * @param {string} name
   */
  async read(music, midi, name) {
    const formats = midi === null ? ["piece", "midi"] : ["piece"];
    const read = await call("read", { music, formats });
    add(this.store, {
      label: `Open ${name}`,
      change: `${read.piece.notes.length} notes`,
      name,
      midi: midi ?? read.midi,
      source: midi === null && "data" in music ? music.data : null,
      piece: read.piece,
      form: read.form,
      places: [],
      report: {},
    });
    const bars = this.store.timeline.bars.length;
    const tracks = read.piece.tracks.length;
    const repairs = read.remarks.length ? ` Repaired: ${read.remarks.join("; ")}.` : "";
    this.say(`${name}: ${bars} bars, ${tracks} ${tracks === 1 ? "track" : "tracks"}.${repairs}`);
  }
}

/** @param {ArrayBuffer} bytes */
function isMidi(bytes) {
  const head = String.fromCharCode(...new Uint8Array(bytes.slice(0, 4)));
  return head === "MThd" || head === "RIFF";
}
