/** Find and make elements. */

/**
 * The element with this id.
 * @template {Element} T
 * @param {string} id
 * @param {{new (): T}} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | boolean | number | undefined>} attributes "text" is its text.
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === "text") made.textContent = String(value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * A picture of the sprite in index.html; it says nothing to a screen reader.
 * @param {string} name
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * A button.
 * @param {string} label
 * @param {() => void} act
 * @param {{icon?: string, title?: string, pressed?: boolean, class?: string, disabled?: boolean}} more
 *   With an icon the label is its name for a screen reader.
 */
export function button(label, act, more = {}) {
  const made = make("button", {
    type: "button",
    class: more.class,
    title: more.title,
    "aria-label": more.icon ? label : undefined,
    "aria-pressed": more.pressed === undefined ? undefined : String(more.pressed),
    disabled: more.disabled,
  });
  made.append(more.icon ? icon(more.icon) : label);
  made.addEventListener("click", act);
  return made;
}
