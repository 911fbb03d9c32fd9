/** The controls, made from the server's table: one widget a row, in the groups of the table. */

/** @import {Store} from "../core/store.js" */
/** @import {Say} from "./status.js" */

import { byId, make } from "../core/dom.js";
import { call } from "../net/api.js";
import { formFile, takeForm } from "./form_file.js";

/**
 * A row of the table as the server tells it.
 * @typedef {{description?: string, enum?: string[], minimum?: number, maximum?: number,
 *   default?: unknown, "x-kind": string, "x-group": string, "x-tasks": string[],
 *   "x-unit"?: string}} Row
 */

// These have a place of their own on the page, or mean nothing there.
const ELSEWHERE = new Set(["task", "bars", "tracks", "with_", "n", "keep", "amount", "threads"]);
const SHORT = /** @type {Record<string, string>} */ ({
  generate: "Continue", infill: "Infill", accompany: "Accompany", vary: "Vary",
});

export class Controls {
  /**
   * @param {Store} store
   * @param {Say} say
   */
  constructor(store, say) {
    this.store = store;
    this.say = say;
    /** @type {Record<string, Row>} */
    this.rows = {};
    this.box = byId("controls", HTMLElement);
    this.model = byId("model", HTMLSelectElement);
    for (const id of ["n", "bars", "keep", "amount", "with", "model"]) this.bind(id);
  }

  /** Ask the server for the table; the page works without it, too, until it is there. */
  async load() {
    const [schema, models] = await Promise.all([call("schema"), call("models")]);
    this.rows = schema.properties;
    this.model.replaceChildren(
      ...models.map((/** @type {any} */ one) =>
        make("option", {
          value: one.name,
          text: one.name,
          title: one.description,
          selected: one.default,
        }),
      ),
    );
    const groups = new Set(Object.values(this.rows).map((row) => row["x-group"]));
    this.box.replaceChildren(...[...groups].filter(Boolean).map((name) => this.group(name)));
    this.renew();
  }

  /** Show the values of the session. */
  renew() {
    const { controls } = this.store.session;
    for (const [name, widget] of this.widgets()) widget.value = controls[name] ?? usual(widget);
    this.mark();
  }

  /** @returns {[string, HTMLInputElement | HTMLSelectElement][]} */
  widgets() {
    const all = document.querySelectorAll("[data-control]");
    return [...all].flatMap((one) => (isValued(one) ? [[one.dataset.control ?? "", one]] : []));
  }

  /** @param {string} name */
  group(name) {
    const rows = Object.entries(this.rows).filter(
      ([key, row]) => row["x-group"] === name && !ELSEWHERE.has(key),
    );
    const count = make("span", { class: "count" });
    const summary = make("summary", {}, [name, " ", count]);
    return make("details", { class: "group" }, [
      summary,
      make("div", { class: "fields" }, rows.map(([key, row]) => this.field(key, row))),
    ]);
  }

  /**
   * @param {string} name
   * @param {Row} row
   */
  field(name, row) {
    const id = `control-${name}`;
    const unit = row["x-unit"]?.replace(/[()]/g, "");
    const words = name.split("_").filter((word) => word && word !== unit);
    const label = words.join(" ") + (unit ? ` (${unit})` : "");
    const widgets = name === "form_of" ? this.formFile(id) : [widgetOf(row, id)];
    const [widget] = widgets;
    widget.dataset.control = name;
    widget.setAttribute("aria-describedby", `${id}-help`);
    if (isValued(widget)) this.listen(name, widget);
    const only = row["x-tasks"].length < 4 ? ` Only for ${row["x-tasks"].map((t) => SHORT[t]).join(", ")}.` : "";
    const help = make("p", { id: `${id}-help`, class: "help", text: `${row.description ?? ""}${only}` });
    return make("div", { class: "field" }, [make("label", { for: id, text: label }), ...widgets, help]);
  }

  /** @param {string} id */
  formFile(id) {
    return formFile(id, async (file) => {
      await takeForm(file, this.store, this.say);
      this.renew();
    });
  }

  /** @param {string} id Of a widget that is in the page already. */
  bind(id) {
    const widget = document.getElementById(id);
    if (isValued(widget)) this.listen(widget.dataset.control ?? id, widget);
  }

  /**
   * @param {string} name
   * @param {HTMLInputElement | HTMLSelectElement} widget
   */
  listen(name, widget) {
    widget.addEventListener("change", () => {
      this.store.session.controls[name] = widget.value;
      this.mark();
      this.store.tell("controls");
    });
  }

  /** Say in each group how many controls are set. */
  mark() {
    for (const group of this.box.querySelectorAll("details")) {
      const widgets = [...group.querySelectorAll("[data-control]")];
      const set = widgets.filter((one) => isValued(one) && one.value);
      const count = group.querySelector(".count");
      if (count) count.textContent = set.length ? `${set.length} set` : "";
    }
  }

  /**
   * What is asked for, of a task.
   * @param {string} task
   * @param {boolean} hasSeed
   * @returns {Record<string, unknown>}
   */
  request(task, hasSeed) {
    /** @type {Record<string, unknown>} */
    const request = {};
    for (const [name, widget] of this.widgets()) {
      const row = this.rows[name];
      if (!row || widget.value === "" || !row["x-tasks"].includes(task)) continue;
      if (name === "bars" && task !== "generate") continue; // the selection says which
      if (name === "with_" && task === "generate" && hasSeed) continue;
      request[name] = valueOf(row, widget.value);
    }
    return request;
  }

  /** The model that was chosen, or the server's own. */
  get modelName() {
    return this.model.value || undefined;
  }
}

/**
 * @param {Row} row
 * @param {string} id
 */
function widgetOf(row, id) {
  const options = row["x-kind"] === "switch" ? ["on", "off"] : row.enum;
  if (options) {
    const usual = row.default === undefined ? "" : `(${textOf(row.default)})`;
    const empty = make("option", { value: "", text: usual || "—" });
    return make("select", { id }, [empty, ...options.map((o) => make("option", { value: o, text: o }))]);
  }
  const isNumber = row["x-kind"] === "number" || row["x-kind"] === "integer";
  return make("input", {
    id,
    type: isNumber ? "number" : "text",
    min: isNumber ? row.minimum : undefined,
    max: isNumber ? row.maximum : undefined,
    step: row["x-kind"] === "integer" ? 1 : "any",
    placeholder: row.default === undefined ? "" : textOf(row.default),
    autocomplete: "off",
    spellcheck: "false",
  });
}

/**
 * @param {Element | null} one
 * @returns {one is HTMLInputElement | HTMLSelectElement}
 */
function isValued(one) {
  return one instanceof HTMLInputElement || one instanceof HTMLSelectElement;
}

/** @param {unknown} value */
function textOf(value) {
  return value === true ? "on" : value === false ? "off" : String(value);
}

/**
 * @param {Row} row
 * @param {string} text
 */
function valueOf(row, text) {
  const kind = row["x-kind"];
  if (kind === "switch") return text === "on";
  return kind === "number" || kind === "integer" ? Number(text) : text;
}

/** @param {HTMLInputElement | HTMLSelectElement} widget */
function usual(widget) {
  if (widget instanceof HTMLInputElement) return widget.defaultValue;
  return [...widget.options].find((option) => option.defaultSelected)?.value ?? "";
}
