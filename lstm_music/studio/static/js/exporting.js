/** The music as a file: downloaded, or dragged to the desktop or into a DAW. */

/** @import {Store} from "./core/store.js" */
/** @import {Say} from "./panels/status.js" */
/** @import {Sessions} from "./sessions.js" */
/** @import {Player} from "./sound/player.js" */

import { ApiError, call, fromBase64 } from "./net/api.js";
import { cuesOf } from "./sound/score.js";
import { wavOf } from "./sound/wav.js";

/** @typedef {"mid" | "musicxml" | "wav" | "session"} Kind */

const MIDI = "audio/midi";

export class Exporting {
  /**
   * @param {Store} store
   * @param {Sessions} sessions
   * @param {Player} player
   * @param {Say} say
   */
  constructor(store, sessions, player, say) {
    this.store = store;
    this.player = player;
    this.sessions = sessions;
    this.say = say;
  }

  /** @param {string} ending */
  name(ending) {
    const { current } = this.store;
    const stem = (current?.name ?? "music").replace(/\.[^.]*$/, "");
    const isChanged = current !== null && current.parent !== null && current.places.length > 0;
    return `${stem}${isChanged ? "-studio" : ""}.${ending}`;
  }

  /** The file as the server wrote it; every event of the one that was opened is in it. */
  midi() {
    const { current } = this.store;
    return current ? new Blob([fromBase64(current.midi)], { type: MIDI }) : null;
  }

  async musicxml() {
    const { current } = this.store;
    if (!current) return null;
    const music = { data: current.midi };
    const { musicxml } = await call("read", { music, formats: ["musicxml"] });
    return new Blob([musicxml], { type: "application/vnd.recordare.musicxml+xml" });
  }

  wav() {
    const { piece } = this.store;
    const cues = cuesOf(piece, (track) => this.store.isHeard(track));
    return wavOf(cues, piece.length_seconds, this.player.font);
  }

  session() {
    return new Blob([this.sessions.toText()], { type: "application/json" });
  }

  /** @param {Kind} kind */
  async make(kind) {
    const makers = {
      mid: () => this.midi(),
      musicxml: () => this.musicxml(),
      wav: () => this.wav(),
      session: () => this.session(),
    };
    return makers[kind]();
  }

  /** @param {Kind} kind */
  async save(kind) {
    if (!this.store.current) {
      this.say("There is no music yet to save", "error");
      return;
    }
    const name = this.name(kind === "session" ? "studio.json" : kind);
    this.say(`Writing ${name}`);
    try {
      const blob = await this.make(kind);
      if (blob) download(blob, name);
      this.say(`${name} is saved`);
    } catch (error) {
      const why = error instanceof ApiError || error instanceof Error ? error.message : "";
      this.say(`${name} cannot be written: ${why}`, "error");
    }
  }

  /**
   * Let the result be dragged out of the page; Chromium makes a file of it. A drag cannot wait, so
   * MusicXML and WAV are written as soon as the pointer is on the handle.
   * @param {HTMLElement} handle
   * @param {"mid" | "musicxml" | "wav"} kind
   */
  dragFrom(handle, kind) {
    /** @type {Blob | null} */
    let written = null;
    const write = async () => {
      const { current } = this.store;
      written = null;
      const blob = await this.make(kind).catch(() => null); // a click says what is wrong
      if (current === this.store.current) written = blob;
    };
    if (kind !== "mid") handle.addEventListener("pointerenter", write);
    handle.addEventListener("dragstart", (event) => {
      const blob = kind === "mid" ? this.midi() : written;
      if (!blob || !event.dataTransfer) {
        event.preventDefault();
        if (this.store.current) this.say(`${this.name(kind)} is still being written: drag it again`);
        return;
      }
      const url = URL.createObjectURL(blob);
      event.dataTransfer.effectAllowed = "copy";
      event.dataTransfer.setData("DownloadURL", `${blob.type}:${this.name(kind)}:${url}`);
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    });
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
