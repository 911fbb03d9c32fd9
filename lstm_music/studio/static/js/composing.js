/** The commands: ask the server for takes, and keep or reject what comes. */

/** @import {Store} from "./core/store.js" */
/** @import {Connection} from "./net/connection.js" */
/** @import {Controls} from "./panels/controls.js" */
/** @import {Take} from "./core/types.js" */
/** @import {Selecting} from "./selecting.js" */
/** @import {Say} from "./panels/status.js" */

import { changeOf } from "./core/change.js";
import { add, dropTakes } from "./core/history.js";
import { ApiError, call, compose } from "./net/api.js";

/** @typedef {"generate" | "infill" | "accompany" | "vary"} Task */

const FORMATS = ["notes", "midi", "piece"];
/** @type {Record<Task, string>} */
const VERBS = { generate: "Continue", infill: "Infill", accompany: "Accompany", vary: "Vary" };

export class Composing {
  /**
   * @param {Store} store
   * @param {Controls} controls
   * @param {Selecting} selecting
   * @param {Connection} connection
   * @param {Say} say
   */
  constructor(store, controls, selecting, connection, say) {
    this.store = store;
    this.controls = controls;
    this.selecting = selecting;
    this.connection = connection;
    this.say = say;
    /** @type {AbortController | null} */
    this.running = null;
    this.label = "";
    this.progress = "";
    store.on(["music"], () => this.cancel(true));
  }

  /** @param {Task} task */
  async run(task) {
    const refused = this.refusal(task);
    if (refused) {
      this.say(refused, "error");
      return;
    }
    this.cancel(true);
    const { store } = this;
    dropTakes(store);
    const running = new AbortController();
    this.running = running;
    this.label = this.labelOf(task);
    this.progress = "";
    store.session.takesOf = this.label;
    store.showTake(-1);
    this.say(`${this.label}: composing`);
    const state = store.current;
    const seed = state ? { data: state.source ?? state.midi } : undefined;
    const model = this.controls.modelName;
    const params = { request: this.request(task), seed, model, formats: FORMATS };
    try {
      const result = await compose(params, (kind, data) => this.news(kind, data), running.signal);
      const count = result.n === 1 ? "1 take is" : `${result.n} takes are`;
      const remarks = result.remarks.length ? ` Remarks: ${result.remarks.join("; ")}.` : "";
      this.say(`${this.label}: ${count} ready. K keeps the one that is shown.${remarks}`);
    } catch (error) {
      this.failed(error);
    } finally {
      if (this.running === running) this.running = null;
      if (!store.session.takes.length && !this.running) store.session.takesOf = "";
      store.tell("takes");
    }
  }

  /**
   * @param {string} kind
   * @param {any} data
   */
  news(kind, data) {
    const { store } = this;
    if (kind === "take") {
      store.session.takes.push(data);
      if (store.session.activeTake < 0) store.showTake(0);
      else store.tell("takes");
    } else if (kind === "progress") {
      this.progress = data.state === "waiting" ? "waiting" : `${data.seconds.toFixed(0)} s`;
      store.tell("takes");
    }
  }

  /** @param {unknown} error */
  failed(error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      return; // whoever cancelled it has said so
    }
    if (error instanceof ApiError && error.code === "lost") this.connection.set(false);
    this.say(error instanceof Error ? error.message : String(error), "error");
  }

  /**
   * Why a command cannot be, or "".
   * @param {Task} task
   */
  refusal(task) {
    const { current, session } = this.store;
    if (task === "generate") return "";
    if (!current) return "Open a file first, or press C to compose from nothing";
    if (task === "infill" && !session.selection) {
      return "Select the bars to write anew: drag over the roll, or use Shift and the arrow keys";
    }
    if (task !== "accompany" && !this.openTracks().length) {
      return "Every selected track is locked. Unlock one, or select another";
    }
    return "";
  }

  /** Tracks that are selected and not locked. */
  openTracks() {
    const { session } = this.store;
    const tracks = session.selection?.tracks ?? this.selecting.allTracks;
    return tracks.filter((track) => !session.switches[track]?.lock);
  }

  /** @param {Task} task */
  request(task) {
    const { selection } = this.store.session;
    const { current, timeline } = this.store;
    /** @type {Record<string, unknown>} */
    const request = { ...this.controls.request(task, current !== null), task };
    if (task === "generate") return request;
    if (selection) {
      const [first, last] = [timeline.bars[selection.first], timeline.bars[selection.last]];
      request.bars = [first.number, last.number];
    }
    const open = this.openTracks();
    if (task !== "accompany" && open.length < this.selecting.allTracks.length) {
      request.tracks = open.map((track) => track + 1);
    }
    return request;
  }

  /** @param {Task} task */
  labelOf(task) {
    const { current, session } = this.store;
    if (!current) return "Compose from nothing";
    if (task === "generate" || !session.selection) return VERBS[task];
    const { selection } = session;
    const tracks = task === "accompany" ? this.selecting.allTracks : this.openTracks();
    return `${VERBS[task]} ${this.selecting.text({ ...selection, tracks })}`;
  }

  /** @param {boolean} isQuiet */
  cancel(isQuiet = false) {
    if (!this.running) return;
    this.running.abort();
    this.running = null;
    if (!isQuiet) this.say("Cancelled");
    this.store.tell("takes");
  }

  /**
   * Show another take: 1 the next, -1 the one before.
   * @param {number} step
   */
  step(step) {
    const { takes, activeTake } = this.store.session;
    if (takes.length) this.show((activeTake + step + takes.length) % takes.length);
  }

  /** @param {number} index */
  show(index) {
    const { takes, activeTake } = this.store.session;
    if (!takes[index]) return;
    this.store.showTake(index === activeTake ? -1 : index);
    const isShown = this.store.session.activeTake === index;
    this.say(`Take ${index + 1} of ${takes.length} is ${isShown ? "shown" : "hidden"}`);
  }

  /** Put the take that is shown into the piece. */
  keep() {
    const { store } = this;
    const { take } = store;
    if (!take) {
      this.say("No take is shown: a command makes some", "error");
      return;
    }
    const number = store.session.activeTake + 1;
    const change = changeOf(store.piece.notes, take);
    const state = add(store, {
      label: store.session.takesOf,
      change,
      name: store.current?.name ?? "composed.mid",
      midi: take.midi,
      source: null,
      piece: take.piece,
      form: null,
      places: take.places,
      report: take.report,
    });
    this.say(`Take ${number} is kept: ${change}`);
    void this.findForm(state.id);
  }

  /** Throw the take away that is shown. */
  reject() {
    const { session } = this.store;
    if (!this.store.take) return;
    const number = session.activeTake + 1;
    session.takes.splice(session.activeTake, 1);
    this.store.showTake(Math.min(session.activeTake, session.takes.length - 1));
    this.say(`Take ${number} is rejected; ${session.takes.length} left`);
  }

  /**
   * Ask for the form of a state that we made.
   * @param {string} id
   */
  async findForm(id) {
    const state = this.store.states.get(id);
    if (!state || state.form !== null) return;
    try {
      const { form } = await call("read", { music: { data: state.midi }, formats: [] });
      state.form = form;
      this.store.tell("history");
    } catch (error) {
      if (error instanceof ApiError && error.code === "lost") this.connection.set(false);
    }
  }
}
