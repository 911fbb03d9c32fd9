/** The piano roll: two canvases, one with the music, one with what moves over it. */

/** @import {Store} from "../core/store.js" */
/** @import {Player} from "../sound/player.js" */

import { byId } from "../core/dom.js";
import { beginning } from "../core/history.js";
import { sectionsOf } from "../core/sections.js";
import { themeNow } from "./colours.js";
import { drawMusic } from "./draw.js";
import { NoteIndex } from "./notes.js";
import { drawOver } from "./overlay.js";
import { View } from "./view.js";

export class Roll {
  /**
   * @param {Store} store
   * @param {Player} player
   */
  constructor(store, player) {
    this.store = store;
    this.player = player;
    this.view = new View();
    this.box = byId("roll", HTMLElement);
    this.music = byId("roll-music", HTMLCanvasElement);
    this.over = byId("roll-over", HTMLCanvasElement);
    this.theme = themeNow();
    this.given = new NoteIndex([]);
    /** @type {NoteIndex | null} */
    this.ghost = null;
    /** The bar that the arrow keys move. */
    this.cursor = 0;
    /** How often what was drawn, for those who measure. */
    this.work = { music: 0, over: 0, notes: 0 };
    this.stale = { music: false, over: false };
    this.fitted = "";
    store.on(["music", "takes"], () => this.renew());
    store.on(["tracks"], () => this.redraw());
    store.on(["selection", "history"], () => this.redrawOver());
    new ResizeObserver(() => this.resize()).observe(this.box);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => {
      this.theme = themeNow();
      this.redraw();
    });
    this.resize();
  }

  /** The music, or what is shown of it, is another. */
  renew() {
    const { piece, take, shown, timeline } = this.store;
    if (this.given.notes !== piece.notes) this.given = new NoteIndex(piece.notes);
    this.ghost = take ? new NoteIndex(take.notes) : null;
    let low = 127;
    let high = 0;
    for (const note of shown.notes) {
      low = Math.min(low, note.pitch);
      high = Math.max(high, note.pitch);
    }
    if (!shown.notes.length) [low, high] = [48, 84];
    this.view.setMusic(Math.max(timeline.end, 16), low, high);
    this.cursor = Math.min(this.cursor, Math.max(timeline.bars.length - 1, 0));
    const first = beginning(this.store);
    if (this.fitted !== first) this.view.fit(); // other music
    this.fitted = first;
    this.redraw();
  }

  resize() {
    const { clientWidth, clientHeight } = this.box;
    const ratio = devicePixelRatio;
    for (const canvas of [this.music, this.over]) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
    }
    const wasEmpty = this.view.width === 0;
    this.view.width = clientWidth;
    this.view.height = clientHeight;
    if (wasEmpty) this.view.fit();
    this.view.clamp();
    this.stale.music = this.stale.over = true;
    this.draw(); // at once: a canvas that has another size is empty
  }

  redraw() {
    this.stale.music = true;
    this.redrawOver();
  }

  redrawOver() {
    if (!this.stale.over) requestAnimationFrame(() => this.draw());
    this.stale.over = true;
  }

  draw() {
    if (this.stale.music) {
      const { store } = this;
      this.work.notes = drawMusic(this.pen(this.music), this.view, {
        timeline: store.timeline,
        given: this.given,
        ghost: this.ghost,
        places: store.take?.places ?? [],
        changed: store.take ? [] : (store.current?.places ?? []),
        heard: store.shown.tracks.map((_, track) => store.isHeard(track)),
        theme: this.theme,
      });
      this.work.music++;
    }
    if (this.stale.over) this.drawOver();
    this.stale.music = this.stale.over = false;
  }

  drawOver() {
    const { store, player } = this;
    const { timeline } = store;
    drawOver(this.pen(this.over), this.view, {
      timeline,
      selection: store.session.selection,
      cursor: this.cursor,
      playhead: timeline.quarters(player.position),
      sections: sectionsOf(store.current?.form ?? null, timeline),
      hasFocus: document.activeElement === this.box,
      theme: this.theme,
    });
    this.work.over++;
  }

  /** Follow the playhead: page by page, so that the music is drawn once a page. */
  follow() {
    const at = this.store.timeline.quarters(this.player.position);
    const { view } = this;
    if (at > view.right || at < view.left) {
      view.left = at - (view.right - view.left) * 0.04;
      view.clamp();
      this.redraw();
    }
    this.redrawOver();
  }

  /** @param {HTMLCanvasElement} canvas */
  pen(canvas) {
    const pen = canvas.getContext("2d", { alpha: canvas === this.over });
    if (!pen) throw new Error("this browser has no canvas");
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    return pen;
  }
}
