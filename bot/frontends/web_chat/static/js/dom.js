/** Small helpers to make elements. */

import { icon } from "./icons.js";
import { translate } from "./strings.js";

/** Make an element; properties are set, `data` becomes its dataset, the rest are children. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { data = {}, attributes = {}, ...rest } = properties;
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  Object.assign(element, rest);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return translate(element);
}

/** A button that is only an icon; its name is spoken and shown as a tooltip. */
export function iconButton(name, key, onclick, extraClass = "") {
  const button = el("button", {
    type: "button",
    className: `icon-button ${extraClass}`.trim(),
    data: { tLabel: key, tTitle: key },
    onclick,
  });
  button.append(icon(name));
  return button;
}

export function textButton(name, key, onclick, extraClass = "") {
  const button = el("button", { type: "button", className: `button ${extraClass}`.trim(), onclick });
  if (name) {
    button.classList.add("with-icon");
    button.append(icon(name));
  }
  button.append(el("span", { data: { t: key } }));
  return button;
}

const ARMED_MS = 5000;

/** A delete button that asks once more in place: the second press does it. */
export function deleteButton(onConfirmed) {
  const button = textButton("trash", "delete", press, "delete");
  const words = button.querySelector("span");
  let timer = 0;

  function arm(armed) {
    clearTimeout(timer);
    button.classList.toggle("armed", armed);
    words.dataset.t = armed ? "delete_confirm" : "delete";
    translate(words);
    if (armed) timer = setTimeout(() => arm(false), ARMED_MS);
  }

  function press() {
    const confirmed = button.classList.contains("armed");
    arm(!confirmed);
    if (confirmed) onConfirmed();
  }

  words.setAttribute("aria-live", "polite");
  button.addEventListener("blur", () => arm(false));
  button.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && button.classList.contains("armed")) {
      // Escape takes back the question only, and does not close the dialog around it.
      event.preventDefault();
      event.stopPropagation();
      arm(false);
    }
  });
  return button;
}

/** Show a word that belongs to no exchange, for a while; an open dialog would hide it. */
export function toast(text, tone) {
  const note = el("p", { className: `toast ${tone}`, dir: "auto", role: "alert", textContent: text });
  note.addEventListener("animationend", () => note.remove());
  (document.querySelector("dialog[open]") ?? document.body).append(note);
}

/** Say something to people who hear the page. */
export function announce(text) {
  const live = document.getElementById("live");
  // The same words twice are spoken twice only if the node is new.
  live.replaceChildren(el("p", { textContent: text }));
}
