/** The state of the search and of the connection, in words. */

import { formatNumber, t } from "./strings.js";

const GLAD_MS = 2500;

export class Service {
  #connection;
  #line = document.getElementById("service");
  #banner = document.getElementById("connection");
  #wasLost = false;
  #timer = 0;

  constructor(connection) {
    this.#connection = connection;
    connection.addEventListener("status", () => this.draw());
    connection.addEventListener("state", () => this.#onState());
    this.draw();
  }

  /** Say it again, as after a change of language. */
  draw() {
    const { status, state } = this.#connection;
    if (state === "lost") this.#banner.textContent = t("connection_lost");
    const [mood, text] = describe(status);
    this.#line.dataset.mood = mood;
    this.#line.textContent = text;
    this.#line.title = text;
    const isEmpty = status?.ready && status.image_count + status.pending_count === 0;
    document.body.classList.toggle("collection-empty", Boolean(isEmpty));
    document.getElementById("welcome-empty").hidden = !isEmpty;
  }

  #onState() {
    clearTimeout(this.#timer);
    const { state } = this.#connection;
    this.#banner.classList.toggle("lost", state === "lost");
    if (state === "lost") {
      this.#wasLost = true;
    } else if (this.#wasLost) {
      this.#wasLost = false;
      this.#banner.textContent = t("connected_again");
      this.#timer = setTimeout(() => { this.#banner.textContent = ""; }, GLAD_MS);
    }
    this.draw();
  }
}

function describe(status) {
  if (!status) return ["waiting", t("connecting")];
  if (status.warming_up) return ["waiting", t("warming_up")];
  if (!status.ready) return ["down", t("unavailable")];
  const parts = [t("pictures", { count: formatNumber(status.image_count) })];
  if (status.pending_count > 0) parts.push(t("preparing", { count: formatNumber(status.pending_count) }));
  return [status.pending_count > 0 ? "busy" : "ready", parts.join(" · ")];
}
