/** The session of this tab: found again after a reload, saved at each change, and as a file. */

/** @import {Store} from "./core/store.js" */
/** @import {MusicState, Session} from "./core/types.js" */
/** @import {Say} from "./panels/status.js" */

import { Keeper, hold } from "./core/keep.js";
import { emptySession } from "./core/store.js";

const FORMAT = "lstm_music studio session";
const VERSION = 1;
const MINE = "lstm_music session";
const SOON_MS = 150;
const RELOAD_MS = 1500;

export class Sessions {
  /**
   * @param {Store} store
   * @param {Keeper | null} keeper Without one (a browser that keeps nothing) only files are left.
   * @param {Say} say
   */
  constructor(store, keeper, say) {
    this.store = store;
    this.keeper = keeper;
    this.say = say;
    this.timer = 0;
    /** Gives the session back to other tabs. */
    this.release = () => {};
    /** @type {Promise<void>} The last write. */
    this.written = Promise.resolve();
  }

  /**
   * A tab that is reloaded has its own session again. A new tab takes up the last one that no tab
   * has; if there is none, it begins an empty one.
   */
  async start() {
    const { keeper, store } = this;
    if (keeper) {
      const all = await keeper.sessions();
      const mine = sessionStorage.getItem(MINE);
      const own = all.find((one) => one.id === mine);
      let found = own && (await this.hold(own.id, RELOAD_MS)) ? own : null;
      for (const one of found ? [] : all) {
        if (!found && (await this.hold(one.id))) found = one;
      }
      if (found) store.load(found, await keeper.statesOf(found));
      else await this.hold(store.session.id);
    }
    this.mark();
    store.on(["music", "takes", "selection", "tracks", "history", "controls"], () => this.soon());
    addEventListener("pagehide", () => void this.save());
    document.addEventListener("visibilitychange", () => void this.save());
  }

  /**
   * Hold another session in place of the present one.
   * @param {string} id
   * @param {number} wait
   * @returns {Promise<boolean>} Whether no other tab has it.
   */
  async hold(id, wait = 0) {
    const release = await hold(id, wait);
    if (!release) return false;
    this.release();
    this.release = release;
    return true;
  }

  /** Which session this tab has, for when it is reloaded. */
  mark() {
    sessionStorage.setItem(MINE, this.store.session.id);
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), SOON_MS);
  }

  save() {
    clearTimeout(this.timer);
    const { session, states } = this.store;
    if (this.keeper && session.states.length) {
      this.written = this.keeper.save(session, states).catch(() => {
        this.say("The browser could not keep the session: save it as a file (Menu)", "error");
      });
    }
    return this.written;
  }

  /** Begin an empty session; the present one stays in the browser. */
  async fresh() {
    await this.save();
    await this.take(emptySession(), []);
    this.say("A new session. The one before is in the menu");
  }

  /**
   * @param {Session} session
   * @param {MusicState[]} states
   */
  async take(session, states) {
    await this.hold(session.id);
    this.store.load(session, states);
    this.mark();
    await this.save();
  }

  /** @returns {Promise<Session[]>} The sessions of this browser but this one. */
  async others() {
    const all = (await this.keeper?.sessions()) ?? [];
    return all.filter((one) => one.id !== this.store.session.id);
  }

  /** @param {Session} session */
  async switchTo(session) {
    await this.save();
    if (!this.keeper) return;
    if (!(await this.hold(session.id))) {
      this.say("That session is open in another tab", "error");
      return;
    }
    this.store.load(session, await this.keeper.statesOf(session));
    this.mark();
    this.say("The session is open");
  }

  /** The session as the text of a file. */
  toText() {
    const { session, states } = this.store;
    return JSON.stringify({ format: FORMAT, version: VERSION, session, states: [...states.values()] });
  }

  /** @param {string} text Of `toText`. */
  async load(text) {
    const whole = JSON.parse(text);
    if (whole.version !== VERSION) throw new Error(`a session of version ${whole.version}`);
    await this.save();
    await this.take({ ...whole.session, id: crypto.randomUUID() }, whole.states);
    this.say("The session is open");
  }
}

/**
 * The text of a session's file, or null.
 * @param {ArrayBuffer} bytes
 */
export function isSessionFile(bytes) {
  const head = new TextDecoder().decode(bytes.slice(0, 100));
  return head.startsWith(`{"format":"${FORMAT}"`) ? new TextDecoder().decode(bytes) : null;
}
