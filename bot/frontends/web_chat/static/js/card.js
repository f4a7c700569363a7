/** One picture of an answer. */

import { deleteButton, el, iconButton } from "./dom.js";
import { t } from "./strings.js";

/** Up to this many pixels a side a picture is shown whole, with air around it. */
const SMALL = 320;

export function pictureUrl(hit, kind) {
  return `/images/${hit.image_id}/${kind}?v=${hit.sha256.slice(0, 16)}`;
}

export function altText(hit) {
  return hit.alt_text || hit.caption || t("untitled");
}

export function isSmall(hit) {
  return Math.max(hit.width, hit.height) <= SMALL;
}

/** Photos fill their tile; what may be see-through and what is very long stays whole. */
function fit(hit) {
  if (isSmall(hit)) return "small";
  const shape = hit.width / hit.height;
  const isPhoto = ["image/jpeg", "image/webp", "image/avif"].includes(hit.media_type);
  return isPhoto && shape > 0.55 && shape < 1.8 ? "fills" : "whole";
}

export function thumbnail(hit) {
  const picture = el("img", {
    src: pictureUrl(hit, "rendition"),
    alt: altText(hit),
    width: hit.width,
    height: hit.height,
    decoding: "async",
    className: fit(hit),
  });
  picture.addEventListener("error", () => picture.classList.add("broken"), { once: true });
  return picture;
}

/** Draw a hit; actions: open(hit), moreLikeThis(hit), remove(hit). */
export function card(hit, actions) {
  const tile = el("button", {
    type: "button",
    className: "tile",
    onclick: () => actions.open(hit),
  }, thumbnail(hit));

  const similar = iconButton("similar", "more_like_this", () => actions.moreLikeThis(hit));
  const foot = el("div", { className: "card-foot" },
    el("span", { className: "card-caption", dir: "auto", textContent: hit.caption }),
    similar,
  );
  const item = el("li", { className: "card", data: { imageId: hit.image_id } }, tile, foot);
  if (hit.can_delete) item.append(deleteButton(() => actions.remove(hit)));
  return item;
}

/** Arrow keys move between the pictures of a grid, as they lie on the screen. */
export function moveByArrows(grid) {
  grid.addEventListener("keydown", (event) => {
    const tiles = [...grid.querySelectorAll(".tile")];
    const here = tiles.indexOf(event.target);
    if (here < 0) return;
    const target = neighbour(tiles, here, event.key);
    if (!target) return;
    event.preventDefault();
    target.focus();
  });
}

function neighbour(tiles, here, key) {
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  const top = (tile) => tile.getBoundingClientRect().top;
  const columns = tiles.filter((tile) => Math.abs(top(tile) - top(tiles[0])) < 2).length;
  const steps = { [forward]: 1, [back]: -1, ArrowDown: columns, ArrowUp: -columns };
  return tiles[here + steps[key]];
}
