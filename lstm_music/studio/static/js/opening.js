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
      else await this.read(toBase64(bytes), isMidi(bytes), name);
    } catch (error) {
      if (error instanceof ApiError && error.code === "lost") this.connection.set(false);
      const why = error instanceof Error ? error.message : String(error);
      this.say(`${name} cannot be opened: ${why}`, "error");
    }
  }

  /**
   * @param {string} data
   * @param {boolean} midi Whether it is a MIDI file, whose bytes stay as they are.
   * @param {string} name
   */
  async read(data, midi, name) {
    const formats = midi ? ["piece"] : ["piece", "midi"];
    const read = await call("read", { music: { data }, formats });
    add(this.store, {
      label: `Open ${name}`,
      change: `${read.piece.notes.length} notes`,
      name,
      midi: midi ? data : read.midi,
      source: midi ? null : data,
      piece: read.piece,
      form: read.form,
      places: [],
      report: {},
    });
    const bars = this.store.timeline.bars.length;
    const tracks = read.piece.tracks.length;
    const repairs = read.remarks.length ? ` Repaired: ${read.remarks.join(" ")}` : "";
    this.say(`${name}: ${bars} bars, ${tracks} ${tracks === 1 ? "track" : "tracks"}.${repairs}`);
  }
}

/** @param {ArrayBuffer} bytes */
function isMidi(bytes) {
  const head = String.fromCharCode(...new Uint8Array(bytes.slice(0, 4)));
  return head === "MThd" || head === "RIFF";
}
