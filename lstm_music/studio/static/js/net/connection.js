/** Whether the server is there: asks now and then, and says when it goes and comes back. */

import { reach } from "./reach.js";

const LOOK_MS = 5000;
const LOOK_WHEN_LOST_MS = 1000;

export class Connection {
  /** @param {(isThere: boolean) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    this.isThere = true;
    this.timer = 0;
  }

  /** Ask at once, and from then on. */
  async look() {
    clearTimeout(this.timer);
    try {
      const response = await reach("/api/hello", { signal: AbortSignal.timeout(4000) });
      this.set(response.ok);
    } catch {
      this.set(false);
    }
    const wait = this.isThere ? LOOK_MS : LOOK_WHEN_LOST_MS;
    this.timer = setTimeout(() => void this.look(), wait);
  }

  /** @param {boolean} isThere */
  set(isThere) {
    if (isThere === this.isThere) return;
    this.isThere = isThere;
    this.onChange(isThere);
  }
}
