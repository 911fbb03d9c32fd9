/** Undo and redo without end, over a tree of states of which none is thrown away. */

/** @import {MusicState} from "./types.js" */
/** @import {Store} from "./store.js" */

/**
 * A new state, after the present one.
 * @param {Store} store
 * @param {Omit<MusicState, "id" | "parent" | "when">} made
 * @returns {MusicState}
 */
export function add(store, made) {
  const { session } = store;
  const state = { ...made, id: crypto.randomUUID(), parent: session.current, when: Date.now() };
  store.states.set(state.id, state);
  session.states.push(state.id);
  if (session.current) session.next[session.current] = state.id;
  goTo(store, state.id);
  return state;
}

/**
 * @param {Store} store
 * @param {string} id
 */
export function goTo(store, id) {
  const { session } = store;
  if (!store.states.has(id)) return;
  session.current = id;
  dropTakes(store);
  for (let state = store.states.get(id); state?.parent; state = store.states.get(state.parent)) {
    session.next[state.parent] = state.id; // redo goes back along the way that leads here
  }
  store.moved();
}

/**
 * Takes belong to the music that they were written for.
 * @param {Store} store
 */
export function dropTakes(store) {
  store.session.takes = [];
  store.session.activeTake = -1;
  store.session.takesOf = "";
}

/**
 * The state at which the present music came in: a file that was opened, or a piece from nothing.
 * @param {Store} store
 */
export function beginning(store) {
  let state = store.current;
  while (state?.parent && state.places.length) state = store.states.get(state.parent) ?? null;
  return state?.id ?? "";
}

/** @param {Store} store */
export function undoTarget(store) {
  return store.states.get(store.current?.parent ?? "") ?? null;
}

/** @param {Store} store */
export function redoTarget(store) {
  return store.states.get(store.session.next[store.session.current ?? ""] ?? "") ?? null;
}
