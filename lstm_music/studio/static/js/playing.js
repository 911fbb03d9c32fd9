/** Hear the piece, a selection, or a take in its place. */

/** @import {Store} from "./core/store.js" */
/** @import {Player} from "./sound/player.js" */
/** @import {Say} from "./panels/status.js" */

import { cuesOf } from "./sound/score.js";

const TAIL = 1.2; // seconds: the last notes fade

export class Playing {
  /**
   * @param {Store} store
   * @param {Player} player
   * @param {Say} say
   */
  constructor(store, player, say) {
    this.store = store;
    this.player = player;
    this.say = say;
    store.on(["takes", "tracks", "music"], () => player.change(this.cues()));
  }

  cues() {
    return cuesOf(this.store.shown, (track) => this.store.isHeard(track));
  }

  /** Seconds at the end of what is shown. */
  get end() {
    const { shown } = this.store;
    return Math.max(shown.length_seconds, this.store.timeline.seconds(this.store.timeline.end));
  }

  /** Play from where the playhead is, or stop there. */
  toggle() {
    if (this.player.isPlaying) this.pause();
    else void this.play(this.player.start < this.end - 0.05 ? this.player.start : 0, this.end + TAIL);
  }

  pause() {
    const at = this.player.position;
    this.player.stop();
    this.player.start = Math.min(at, this.end);
    this.store.tell("selection");
  }

  /** Stop, and go back to the beginning. */
  rewind() {
    this.player.stop();
    this.goTo(0);
  }

  /** @param {number} quarters */
  goTo(quarters) {
    const start = Math.max(this.store.timeline.seconds(quarters), 0);
    if (this.player.isPlaying) void this.play(start, this.end + TAIL);
    else this.player.start = start;
    this.store.tell("selection");
  }

  /** The selection alone; everything if there is none. */
  selection() {
    const { timeline, session } = this.store;
    const { selection } = session;
    if (!selection) {
      void this.play(0, this.end + TAIL);
      return;
    }
    const [first, last] = [timeline.bars[selection.first], timeline.bars[selection.last]];
    void this.play(timeline.seconds(first.start), timeline.seconds(last.end));
  }

  /** The take that is shown, from a bar before it to a bar after. */
  take() {
    const { take, timeline } = this.store;
    if (!take?.places.length) return;
    const start = Math.min(...take.places.map((one) => one.start_quarters));
    const end = Math.max(...take.places.map((one) => one.end_quarters));
    const first = Math.max(timeline.barAt(start) - 1, 0);
    const last = Math.min(timeline.barAt(end), timeline.bars.length - 1);
    const [from, to] = [timeline.bars[first].start, timeline.bars[last].end];
    void this.play(timeline.seconds(from), timeline.seconds(to) + 0.5);
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  async play(start, end) {
    try {
      await this.player.play(this.cues(), start, end);
    } catch (error) {
      this.say(`Nothing can be heard: ${error instanceof Error ? error.message : error}`, "error");
    }
  }
}
