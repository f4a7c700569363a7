/** What to do with a picture that was brought, and the captions of those to be added. */

import { el, iconButton, textButton } from "./dom.js";
import { formatSize, t } from "./strings.js";

const LONGEST_CAPTION = 1000;

function dialog(className, titleKey) {
  const title = el("h2", { data: { t: titleKey } });
  const box = el("dialog", { className });
  box.append(
    el("header", { className: "dialog-head" }, title, iconButton("close", "close", () => box.close(), "close")),
  );
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  // Each is made for one use and leaves nothing behind.
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  return box;
}

function shown(file) {
  const picture = el("img", { src: URL.createObjectURL(file), alt: file.name || t("untitled") });
  picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
  return picture;
}

/** Ask whether to find pictures like this one or to add it. */
export function askWhatToDo(file, { onSimilar, onAdd }) {
  const box = dialog("choice", "what_to_do");
  const choose = (action) => () => {
    box.close();
    action();
  };
  const similar = textButton("similar", "find_similar", choose(onSimilar), "primary");
  box.append(
    el("div", { className: "choice-picture" }, shown(file)),
    el("div", { className: "dialog-buttons" }, similar, textButton("add", "add_to_collection", choose(onAdd))),
  );
  box.showModal();
  similar.focus();
}

/**
 * Let the person name the pictures and add them: onAdd(entries of {file, caption}).
 * Returns a function that takes more files into the same dialog.
 */
export function captionPictures(files, { onAdd, onMore, onClose }) {
  const box = dialog("adding", "add_pictures");
  const list = el("ul", { className: "adding-list" });
  const entries = new Map();

  function append(more) {
    for (const file of more) {
      const item = el("li");
      const caption = el("input", {
        type: "text", dir: "auto", maxLength: LONGEST_CAPTION, autocomplete: "off",
        data: { tPlaceholder: "caption_placeholder", tLabel: "caption" },
      });
      const remove = iconButton("trash", "remove", () => {
        const heir = item.nextElementSibling ?? item.previousElementSibling;
        item.remove();
        entries.delete(item);
        if (entries.size === 0) box.close();
        else heir.querySelector("input").focus();
      });
      const name = el("span", { className: "file-name", dir: "auto", textContent: `${file.name} · ${formatSize(file.size)}` });
      item.append(shown(file), el("div", { className: "adding-words" }, caption, name), remove);
      entries.set(item, { file, caption });
      list.append(item);
    }
  }

  const form = el("form", { className: "adding-form" }, list,
    el("div", { className: "dialog-buttons" },
      el("button", { type: "submit", className: "button primary", data: { t: "add" } }),
      textButton("picture", "choose_more", onMore),
      textButton(null, "cancel", () => box.close(), "quiet"),
    ));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = [...entries.values()].map(({ file, caption }) => ({ file, caption: caption.value.trim() }));
    box.close();
    onAdd(chosen);
  });
  append(files);
  box.append(form);
  box.addEventListener("close", onClose);
  box.showModal();
  list.querySelector("input").focus();
  return append;
}
