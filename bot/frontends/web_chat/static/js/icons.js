/** Line icons, drawn here so that the page needs no further file and no inline markup. */

const SHAPES = {
  add: ["M12 5v14", "M5 12h14"],
  back: ["M15 5l-7 7 7 7"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  done: ["M5 12.5l4.5 4.5L19 7.5"],
  forward: ["M9 5l7 7-7 7"],
  globe: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M3.5 12h17", "M12 3c2.5 2.5 3.7 5.5 3.7 9s-1.2 6.5-3.7 9c-2.5-2.5-3.7-5.5-3.7-9S9.5 5.5 12 3z"],
  open: ["M14 4h6v6", "M20 4l-9 9", "M18 14v4a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h4"],
  picture: ["M6 4h12a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z", "M4 16l4.5-4.5 4 4 3-3L20 17", "M9 9.5a1 1 0 1 1-2 0 1 1 0 0 1 2 0z"],
  retry: ["M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.5", "M20 4.5v5h-5"],
  send: ["M12 19V6", "M6 11.5L12 5.5l6 6"],
  similar: ["M17.5 10.7a6.8 6.8 0 1 1-13.6 0 6.8 6.8 0 0 1 13.6 0z", "M15.7 15.7L20.5 20.5", "M7.6 9.5c1-1.1 2-1.1 3.1-.3s2.1.8 3.1-.3", "M7.6 12.6c1-1.1 2-1.1 3.1-.3s2.1.8 3.1-.3"],
  trash: ["M4.5 7h15", "M9.5 7V5a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1v2", "M6.5 7l.8 11.2a2 2 0 0 0 2 1.8h5.4a2 2 0 0 0 2-1.8L17.5 7", "M10.3 11v5", "M13.7 11v5"],
  warning: ["M12 4l9 15.5H3z", "M12 10v4.5", "M12 17v.1"],
};

const MIRRORED = new Set(["back", "forward"]);
const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  svg.classList.toggle("mirrored", MIRRORED.has(name));
  for (const shape of SHAPES[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}

/** Put the icons where the page's markup names them. */
export function drawIcons(root) {
  for (const place of root.querySelectorAll("[data-icon]")) {
    place.replaceChildren(icon(place.dataset.icon));
  }
}
