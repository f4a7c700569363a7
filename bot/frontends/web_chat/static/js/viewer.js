/** The full picture, with all that is known about it. */

import { altText, isSmall, pictureUrl } from "./card.js";
import { deleteButton, el, iconButton, textButton } from "./dom.js";
import { formatDate, formatNumber, t } from "./strings.js";

const DRAWN_BY_BROWSERS = new Set([
  "image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp",
]);
/** Larger originals are not drawn, only linked: a phone would run out of memory. */
const MOST_PIXELS = 40e6;

export class Viewer {
  #actions;
  #answer = null;
  #hit = null;
  #dialog = el("dialog", { className: "viewer", data: { tLabel: "untitled" } });
  #stage = el("div", { className: "stage" });
  #caption = el("h2", { className: "viewer-caption", dir: "auto", ariaLive: "polite" });
  #facts = el("dl", { className: "facts" });
  #buttons = el("div", { className: "viewer-buttons" });
  #previous = iconButton("back", "previous", () => this.#move(-1), "previous");
  #next = iconButton("forward", "next", () => this.#move(1), "next");

  /** actions: moreLikeThis(hit), remove(hit). */
  constructor(actions) {
    this.#actions = actions;
    this.#dialog.append(
      this.#stage,
      this.#previous,
      this.#next,
      el("div", { className: "viewer-side" }, this.#caption, this.#facts, this.#buttons),
      iconButton("close", "close", () => this.#dialog.close(), "close"),
    );
    document.body.append(this.#dialog);
    this.#dialog.addEventListener("keydown", (event) => this.#onKey(event));
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog || event.target === this.#stage) this.#dialog.close();
    });
    this.#dialog.addEventListener("close", () => this.#closed());
  }

  open(hit, answer) {
    this.#answer = answer;
    this.#draw(hit);
    this.#dialog.showModal();
    this.#dialog.querySelector(".close").focus();
  }

  /** Go on to another picture when the one shown was deleted. */
  forget(imageId) {
    if (this.#hit?.image_id !== imageId) return;
    const heir = this.#answer.hits[Math.min(this.#index, this.#answer.hits.length - 1)];
    if (heir) this.#draw(heir);
    else this.#dialog.close();
  }

  #index = 0;

  #draw(hit) {
    this.#hit = hit;
    this.#index = this.#answer.hits.indexOf(hit);
    this.#dialog.setAttribute("aria-label", altText(hit));
    this.#stage.replaceChildren(picture(hit));
    this.#caption.textContent = hit.caption || t("untitled");
    this.#facts.replaceChildren(...facts(hit));
    const original = el("a", {
      className: "button", href: pictureUrl(hit, "original"), target: "_blank", rel: "noopener",
      data: { t: "open_original" },
    });
    const similar = textButton("similar", "more_like_this", () => {
      this.#dialog.close();
      this.#actions.moreLikeThis(hit);
    }, "primary");
    this.#buttons.replaceChildren(similar, original);
    if (hit.can_delete) this.#buttons.append(deleteButton(() => this.#actions.remove(hit)));
    this.#previous.disabled = this.#index <= 0;
    this.#next.disabled = this.#index >= this.#answer.hits.length - 1;
  }

  #move(step) {
    const hit = this.#answer.hits[this.#index + step];
    if (!hit) return;
    this.#draw(hit);
    // A button that has just been disabled drops the focus out of the dialog's keys.
    if (!this.#dialog.contains(document.activeElement) || document.activeElement.disabled) {
      this.#dialog.querySelector(".close").focus();
    }
  }

  #onKey(event) {
    const isRtl = document.documentElement.dir === "rtl";
    if (event.key === "ArrowRight") this.#move(isRtl ? -1 : 1);
    if (event.key === "ArrowLeft") this.#move(isRtl ? 1 : -1);
  }

  #closed() {
    this.#answer?.tile(this.#hit?.image_id)?.focus();
    this.#stage.replaceChildren();
    this.#hit = null;
  }
}

/** The rendition is there at once; the original replaces it when it has come and can be drawn. */
function picture(hit) {
  const shown = el("img", {
    src: pictureUrl(hit, "rendition"), alt: altText(hit), width: hit.width, height: hit.height,
    className: isSmall(hit) ? "small" : "",
  });
  shown.addEventListener("error", () => {
    shown.replaceWith(el("p", { className: "broken", data: { t: "broken_picture" } }));
  });
  if (DRAWN_BY_BROWSERS.has(hit.media_type) && hit.width * hit.height <= MOST_PIXELS) {
    const original = new Image();
    original.src = pictureUrl(hit, "original");
    original.decode().then(() => { shown.src = original.src; }, () => {});
  }
  return shown;
}

function facts(hit) {
  const pairs = [
    hit.relevance === null
      ? ["similarity", formatNumber(hit.score, { minimumFractionDigits: 3, maximumFractionDigits: 3 })]
      : ["relevance", formatNumber(hit.relevance, { style: "percent" })],
    ["added_by", hit.uploader_name],
    ["added_at", formatDate(hit.added_at)],
    ["size", `${formatNumber(hit.width)} × ${formatNumber(hit.height)}`],
    ["file", hit.source_path],
  ];
  return pairs.filter(([, value]) => value).flatMap(([key, value]) => [
    el("dt", { data: { t: key } }),
    el("dd", { dir: "auto", textContent: value }),
  ]);
}
