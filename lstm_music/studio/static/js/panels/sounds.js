/** The choice of what plays: the sounds of the page, a SoundFont of the user, or a MIDI port. */

/** @import {Player} from "../sound/player.js" */
/** @import {Kept} from "../core/shelf.js" */
/** @import {Say} from "./status.js" */

import { byId, make } from "../core/dom.js";
import { dropFont, keepFont, keptFont } from "../core/shelf.js";
import { askForPorts, hasMidi, portOf } from "../sound/ports.js";

export class Sounds {
  /**
   * @param {Player} player
   * @param {Say} say
   */
  constructor(player, say) {
    this.player = player;
    this.say = say;
    /** @type {Kept | null} */
    this.font = null;
    this.select = byId("port", HTMLSelectElement);
    this.select.addEventListener("change", () => void this.choose());
    if (hasMidi()) return;
    this.select.title = "This browser has no WebMIDI; Chrome, Edge and Firefox have";
    this.select.querySelector('[value="ask"]')?.remove();
    byId("record", HTMLButtonElement).hidden = true;
  }

  /** Take up the SoundFont that this browser has kept. */
  async start() {
    const kept = await keptFont().catch(() => undefined);
    if (kept) this.show(kept);
  }

  /**
   * Play with a SoundFont from now on, also after a reload.
   * @param {File} file
   */
  async use(file) {
    const before = this.player.font;
    this.say(`Reading ${file.name}`);
    this.player.use(file);
    try {
      await this.player.ready();
    } catch (error) {
      this.player.use(before);
      this.say(`${file.name} cannot be used: ${textOf(error)}`, "error");
      return;
    }
    const kept = { name: file.name, file };
    this.show(kept);
    try {
      await keepFont(kept);
      this.say(`The page plays with ${file.name}`);
    } catch (error) {
      const until = "it is used until the page is closed";
      this.say(`The browser cannot keep ${file.name}, so ${until}: ${textOf(error)}`, "error");
    }
  }

  /** Play with the sounds of the page again, and forget the SoundFont. */
  async remove() {
    const name = this.font?.name;
    this.show(null);
    await dropFont().catch(() => undefined);
    this.say(`${name} is removed`);
  }

  /** @param {Kept | null} font */
  show(font) {
    this.font = font;
    this.player.port = null;
    this.player.use(font?.file ?? null);
    this.select.querySelector('[value="font"]')?.remove();
    if (font) this.select.options[0].after(make("option", { value: "font", text: font.name }));
    this.select.value = font ? "font" : "synth";
    const remove = byId("remove-font", HTMLButtonElement);
    remove.hidden = !font;
    remove.textContent = font ? `Remove ${font.name}` : "";
  }

  /** What the list says is to play. Ports are asked for only when the user wants one. */
  async choose() {
    const { player, select } = this;
    const { value } = select;
    player.stop();
    player.port = null;
    if (value === "synth" || value === "font") {
      player.use(value === "font" ? this.font?.file ?? null : null);
      return;
    }
    try {
      const outputs = [...(await askForPorts()).outputs.values()];
      const chosen = outputs.find((one) => one.id === value);
      if (chosen) {
        player.port = portOf(chosen);
        this.say(`Playing through ${chosen.name ?? chosen.id}`);
        return;
      }
      const known = [...select.options].map((option) => option.value);
      for (const output of outputs.filter((one) => !known.includes(one.id))) {
        select.append(make("option", { value: output.id, text: output.name ?? output.id }));
      }
      this.say(outputs.length ? `${outputs.length} MIDI ports: choose one` : "There is no MIDI port");
    } catch (error) {
      this.say(`MIDI ports cannot be used: ${textOf(error)}`, "error");
    }
    select.value = player.font ? "font" : "synth";
  }
}

/** @param {unknown} error */
function textOf(error) {
  return error instanceof Error ? error.message : String(error);
}
