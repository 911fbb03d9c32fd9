/** Sessions in the browser's IndexedDB: states are written once, a session at each change. */

/** @import {MusicState, Session} from "./types.js" */

const DATABASE = "lstm_music studio";

/**
 * @param {string} name
 * @param {Record<string, IDBObjectStoreParameters | undefined>} stores
 * @returns {Promise<IDBDatabase>}
 */
export function open(name, stores) {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => {
      for (const [store, options] of Object.entries(stores)) {
        asked.result.createObjectStore(store, options);
      }
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/**
 * @template T
 * @param {IDBRequest<T>} asked
 * @returns {Promise<T>}
 */
export function answer(asked) {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

export class Keeper {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
    /** @type {Set<string>} States that are in the database already. */
    this.kept = new Set();
  }

  static async open() {
    const byIds = { keyPath: "id" };
    return new Keeper(await open(DATABASE, { sessions: byIds, states: byIds }));
  }

  /**
   * @param {Session} session
   * @param {Map<string, MusicState>} states
   * @returns {Promise<void>} Done when it is on disk.
   */
  save(session, states) {
    session.changed = Date.now();
    const fresh = session.states.filter((id) => !this.kept.has(id));
    return new Promise((resolve, reject) => {
      const change = this.database.transaction(["sessions", "states"], "readwrite");
      change.objectStore("sessions").put(session);
      for (const id of fresh) change.objectStore("states").put(states.get(id));
      change.oncomplete = () => {
        // The form comes later, and is the one thing of a state that does.
        for (const id of fresh) if (states.get(id)?.form !== null) this.kept.add(id);
        resolve();
      };
      change.onabort = () => reject(change.error);
    });
  }

  /** @returns {Promise<Session[]>} Those with music, the last one first. */
  async sessions() {
    const store = this.database.transaction("sessions").objectStore("sessions");
    /** @type {Session[]} */
    const all = await answer(store.getAll());
    return all.filter((one) => one.states.length).sort((a, b) => b.changed - a.changed);
  }

  /**
   * @param {Session} session
   * @returns {Promise<MusicState[]>}
   */
  async statesOf(session) {
    const store = this.database.transaction("states").objectStore("states");
    const found = await Promise.all(session.states.map((id) => answer(store.get(id))));
    const states = found.filter(Boolean);
    for (const state of states) if (state.form !== null) this.kept.add(state.id);
    return states;
  }
}

/**
 * Hold a session for this tab. Two tabs never write to one session.
 * @param {string} id
 * @param {number} wait Milliseconds: a tab that is reloaded gives its session back in a moment.
 * @returns {Promise<(() => void) | null>} Gives it back; null: another tab has it.
 */
export function hold(id, wait = 0) {
  return new Promise((resolve) => {
    /** @param {Lock | null} lock */
    const held = (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => resolve(() => release(undefined)));
    };
    const options = wait ? { signal: AbortSignal.timeout(wait) } : { ifAvailable: true };
    const name = `lstm_music session ${id}`;
    navigator.locks.request(name, options, held).catch(() => resolve(null));
  });
}
