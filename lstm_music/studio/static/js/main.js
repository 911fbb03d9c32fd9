/** Puts the page together. */

/** @import {Say} from "./panels/status.js" */
/** @import {TrackSwitches} from "./core/types.js" */

import { Composing } from "./composing.js";
import { byId, make } from "./core/dom.js";
import { Keeper } from "./core/keep.js";
import { Store } from "./core/store.js";
import { Exporting } from "./exporting.js";
import { keysOf } from "./keymap.js";
import { listenToKeys } from "./keys.js";
import { Connection } from "./net/connection.js";
import { reach } from "./net/reach.js";
import { Opening } from "./opening.js";
import { Controls } from "./panels/controls.js";
import { redo, showPast, undo } from "./panels/past.js";
import { Sounds } from "./panels/sounds.js";
import { makeStatus, showConnection } from "./panels/status.js";
import { showTable } from "./panels/table.js";
import { showTakes } from "./panels/takes.js";
import { showTracks } from "./panels/tracks.js";
import { showTransport } from "./panels/transport.js";
import { Playing } from "./playing.js";
import { listenToPointer } from "./roll/pointer.js";
import { Recording } from "./recording.js";
import { Roll } from "./roll/roll.js";
import { Selecting, nameOf } from "./selecting.js";
import { Sessions } from "./sessions.js";
import { Player } from "./sound/player.js";
import { isSoundFont } from "./sound/soundfont.js";

async function start() {
  const say = makeStatus();
  const store = new Store();
  const player = new Player(() => undefined);
  const roll = new Roll(store, player);
  const controls = new Controls(store, say);
  const connection = new Connection((isThere) => {
    showConnection(isThere);
    say(isThere ? "The server is back" : "The server does not answer; your work is safe here");
    if (isThere) void load();
  });
  const load = async () => {
    if (!Object.keys(controls.rows).length) await controls.load();
    await composing.findForm(store.session.current ?? "");
  };
  const selecting = new Selecting(store, say);
  const playing = new Playing(store, player, say);
  const composing = new Composing(store, controls, selecting, connection, say);
  const keeper = await Keeper.open().catch(() => null);
  const sessions = new Sessions(store, keeper, say);
  const opening = new Opening(store, sessions, connection, say);
  const sounds = new Sounds(player, say);
  const recording = new Recording(store, player, opening, say);
  const exporting = new Exporting(store, sessions, player, say);

  /**
   * @param {number} track
   * @param {keyof TrackSwitches} name
   */
  const flip = (track, name) => {
    const switches = store.session.switches[track];
    switches[name] = !switches[name];
    store.tell("tracks");
    const words = { lock: "locked", mute: "muted", solo: "alone" };
    say(`${nameOf(store.shown.tracks[track], track)} is ${switches[name] ? "" : "not "}${words[name]}`);
  };

  await Promise.all([sessions.start(), sounds.start()]);
  showTracks(store, selecting, flip);
  showTakes(store, composing, playing);
  showPast(store, say);
  showTable(store);
  showTransport(store, player, playing, roll);
  listenToPointer(roll, selecting, playing);
  /** @param {File} file */
  const take = async (file) =>
    (await isSoundFont(file)) ? sounds.use(file) : opening.open(file, file.name);
  const pick = () => byId("file", HTMLInputElement).click();
  const app = { store, roll, player, selecting, playing, composing, exporting, say, flip, pick };
  listenToKeys(keysOf(app));
  listenToButtons();
  listenToFiles(take);
  exporting.dragFrom(byId("drag", HTMLElement), "mid");
  exporting.dragFrom(byId("save-musicxml", HTMLElement), "musicxml");
  exporting.dragFrom(byId("save-wav", HTMLElement), "wav");
  store.on(["music"], () => controls.renew());
  store.on(["music", "takes"], showEmpty);
  store.on(["music", "selection"], () => {
    const { selection } = store.session;
    const text = selection ? `For ${selecting.text(selection)}` : "Nothing is selected";
    byId("selected", HTMLElement).textContent = text;
  });
  store.tell("selection");
  showEmpty();
  Object.assign(globalThis, { lstmStudio: { ...app, sessions, connection, controls, sounds } });

  void connection.look();
  await controls.load().catch(() => connection.set(false));
  await openAsked(opening);
  void composing.findForm(store.session.current ?? "");
  document.body.dataset.ready = "yes";

  function showEmpty() {
    byId("empty", HTMLElement).hidden = store.current !== null || store.take !== null;
    const hasMusic = store.current !== null;
    byId("task-generate-name", HTMLElement).textContent = hasMusic ? "Continue" : "Compose";
    byId("task-generate", HTMLButtonElement).classList.toggle("primary", !hasMusic);
    byId("task-infill", HTMLButtonElement).classList.toggle("primary", hasMusic);
  }

  function listenToButtons() {
    /** @type {Record<string, () => unknown>} */
    const acts = {
      open: pick,
      "open-big": pick,
      undo: () => undo(store, say),
      redo: () => redo(store, say),
      "task-generate": () => composing.run("generate"),
      "task-infill": () => composing.run("infill"),
      "task-accompany": () => composing.run("accompany"),
      "task-vary": () => composing.run("vary"),
      cancel: () => composing.cancel(),
      "save-mid": () => exporting.save("mid"),
      "save-musicxml": () => exporting.save("musicxml"),
      "save-wav": () => exporting.save("wav"),
      "save-session": () => exporting.save("session"),
      "new-session": () => sessions.fresh(),
      "pick-font": () => byId("font-file", HTMLInputElement).click(),
      "remove-font": () => sounds.remove(),
      record: () => record(recording),
      keys: () => byId("help", HTMLDialogElement).showModal(),
      "select-all": () => selecting.all(),
      "select-none": () => selecting.none(),
    };
    for (const [id, act] of Object.entries(acts)) {
      byId(id, HTMLButtonElement).addEventListener("click", () => {
        void act();
        const menu = byId(id, HTMLButtonElement).closest("details.menu");
        if (menu instanceof HTMLDetailsElement) menu.open = false;
      });
    }
    const menu = byId("menu", HTMLDetailsElement);
    menu.addEventListener("toggle", () => {
      if (menu.open) void showSessions(sessions);
    });
    addEventListener("click", (event) => {
      if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation(); // the selection stays
      menu.open = false;
      menu.querySelector("summary")?.focus();
    });
  }
}

/** @param {Recording} recording */
async function record(recording) {
  await recording.toggle();
  const text = recording.isOn ? "Stop recording" : "Record from a MIDI keyboard";
  byId("record", HTMLButtonElement).textContent = text;
}

/** @param {Sessions} sessions */
async function showSessions(sessions) {
  const others = await sessions.others();
  byId("sessions", HTMLElement).replaceChildren(
    ...others.slice(0, 8).map((one) => {
      const when = new Date(one.changed).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
      const open = make("button", { type: "button", text: `${when}, ${one.states.length} steps` });
      open.addEventListener("click", () => {
        byId("menu", HTMLDetailsElement).open = false;
        void sessions.switchTo(one);
      });
      return make("li", {}, [open]);
    }),
  );
  byId("sessions-none", HTMLElement).hidden = others.length > 0;
}

/** @param {(file: File) => unknown} take */
function listenToFiles(take) {
  for (const id of ["file", "font-file"]) {
    const input = byId(id, HTMLInputElement);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) void take(file);
      input.value = "";
    });
  }
  const over = document.body.classList;
  addEventListener("dragover", (event) => {
    event.preventDefault();
    over.toggle("is-dropping", event.dataTransfer?.types.includes("Files") ?? false);
  });
  addEventListener("dragleave", () => over.remove("is-dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    over.remove("is-dropping");
    const file = event.dataTransfer?.files[0];
    if (file) void take(file);
  });
}

/**
 * The file that the command named; once, so that a reload shows the session.
 * @param {Opening} opening
 */
async function openAsked(opening) {
  const name = new URLSearchParams(location.search).get("open");
  if (!name) return;
  history.replaceState(null, "", location.pathname);
  const response = await reach("/opened");
  if (response.ok) await opening.open(await response.blob(), name);
}

await start();
