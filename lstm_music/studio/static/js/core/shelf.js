/** The SoundFont of the user, in the browser's IndexedDB. */

import { answer, open } from "./keep.js";

const DATABASE = "lstm_music studio sounds";
const STORE = "soundfonts";
const ONLY = "soundfont";

/** @typedef {{name: string, file: Blob}} Kept */

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} ask
 */
async function asked(mode, ask) {
  const database = await open(DATABASE, { [STORE]: undefined });
  try {
    const change = database.transaction(STORE, mode);
    const done = new Promise((resolve, reject) => {
      change.oncomplete = resolve;
      change.onabort = () => reject(change.error);
    });
    const [found] = await Promise.all([answer(ask(change.objectStore(STORE))), done]);
    return found;
  } finally {
    database.close();
  }
}

/** @returns {Promise<Kept | undefined>} */
export const keptFont = () => asked("readonly", (store) => store.get(ONLY));

/** @param {Kept} kept In place of the one before. */
export const keepFont = (kept) => asked("readwrite", (store) => store.put(kept, ONLY));

export const dropFont = () => asked("readwrite", (store) => store.delete(ONLY));
