/** What the page knows, and who wants to be told of a change. */

/** @import {MusicState, Piece, Selection, Session, Take} from "./types.js" */

import { Timeline } from "./timeline.js";

/** @typedef {"music" | "takes" | "selection" | "tracks" | "history" | "controls"} Topic */

export class Store {
  constructor() {
    /** @type {Session} */
    this.session = emptySession();
    /** @type {Map<string, MusicState>} */
    this.states = new Map();
    /** @type {Map<Topic, (() => void)[]>} */
    this.listeners = new Map();
    this.timeline = new Timeline(NOTHING);
  }

  /**
   * @param {Topic[]} topics
   * @param {() => void} listener
   */
  on(topics, listener) {
    for (const topic of topics) {
      this.listeners.set(topic, [...(this.listeners.get(topic) ?? []), listener]);
    }
  }

  /** @param {Topic[]} topics */
  tell(...topics) {
    const called = new Set(topics.flatMap((topic) => this.listeners.get(topic) ?? []));
    for (const listener of called) listener();
  }

  /** @returns {MusicState | null} */
  get current() {
    return this.states.get(this.session.current ?? "") ?? null;
  }

  /** @returns {Piece} */
  get piece() {
    return this.current?.piece ?? NOTHING;
  }

  /** @returns {Take | null} The take that is shown, if any. */
  get take() {
    return this.session.takes[this.session.activeTake] ?? null;
  }

  /** @returns {Piece} What is heard and seen: the piece, or the take over it. */
  get shown() {
    return this.take?.piece ?? this.piece;
  }

  /**
   * Show another session.
   * @param {Session} session
   * @param {MusicState[]} states
   */
  load(session, states) {
    this.session = session;
    this.states = new Map(states.map((state) => [state.id, state]));
    this.moved();
  }

  /** The music has changed. */
  moved() {
    this.timeline = new Timeline(this.shown);
    const session = this.session;
    const { tracks } = this.piece;
    session.switches.length = Math.min(session.switches.length, 256);
    while (session.switches.length < this.shown.tracks.length) {
      session.switches.push({ lock: false, mute: false, solo: false });
    }
    if (session.selection) session.selection = this.fitting(session.selection, tracks.length);
    this.tell("music", "takes", "selection", "tracks", "history");
  }

  /**
   * @param {Selection} selection
   * @param {number} tracks
   */
  fitting(selection, tracks) {
    const last = new Timeline(this.piece).bars.length - 1;
    const kept = selection.tracks.filter((track) => track < tracks);
    if (selection.first > last || !kept.length) return null;
    return { first: selection.first, last: Math.min(selection.last, last), tracks: kept };
  }

  /** @param {Selection | null} selection */
  select(selection) {
    this.session.selection = selection;
    this.tell("selection");
  }

  /**
   * Show a take, or none (-1).
   * @param {number} index
   */
  showTake(index) {
    this.session.activeTake = index;
    this.timeline = new Timeline(this.shown);
    while (this.session.switches.length < this.shown.tracks.length) {
      this.session.switches.push({ lock: false, mute: false, solo: false });
    }
    this.tell("takes", "tracks");
  }

  /** @param {number} track */
  isHeard(track) {
    const { switches } = this.session;
    if (switches[track]?.mute) return false;
    return switches[track]?.solo || !switches.some((one) => one.solo);
  }
}

/** @type {Piece} */
export const NOTHING = {
  title: "",
  length_quarters: 0,
  length_seconds: 0,
  pickup_quarters: 0,
  tracks: [],
  meters: [{ onset_quarters: 0, onset_seconds: 0, numerator: 4, denominator: 4 }],
  tempos: [{ onset_quarters: 0, onset_seconds: 0, tempo_bpm: 120 }],
  keys: [],
  notes: [],
};

/** @returns {Session} */
export function emptySession() {
  return {
    id: crypto.randomUUID(),
    changed: Date.now(),
    states: [],
    current: null,
    next: {},
    selection: null,
    switches: [],
    controls: {},
    takes: [],
    takesOf: "",
    activeTake: -1,
  };
}
