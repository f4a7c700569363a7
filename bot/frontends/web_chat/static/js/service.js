/** The state of the search and of the connection, in words. */

import { formatNumber, t } from "./strings.js";

const GLAD_MS = 2500;

export class Service {
  #connection;
  #line = document.getElementById("service");
  #banner = document.getElementById("connection");
  #wasLost = false;
  #isGlad = false;
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
    const trouble = describeTrouble(status, state);
    this.#say(this.#banner, trouble ?? (this.#isGlad ? t("connected_again") : ""));
    this.#banner.classList.toggle("lost", trouble !== null && !status?.warming_up);
    const mood = describeMood(status, state);
    this.#line.dataset.mood = mood;
    this.#say(this.#line, trouble ? "" : describeCounts(status));
    const isEmpty = status?.ready && status.image_count + status.pending_count === 0;
    document.body.classList.toggle("collection-empty", Boolean(isEmpty));
    document.getElementById("welcome-empty").hidden = !isEmpty;
  }

  /** Unchanged words are left alone: they would be read aloud again. */
  #say(place, text) {
    if (place.textContent !== text) place.textContent = text;
  }

  #onState() {
    clearTimeout(this.#timer);
    const { state } = this.#connection;
    this.#isGlad = state === "open" && this.#wasLost;
    this.#wasLost = state === "lost";
    if (this.#isGlad) {
      this.#timer = setTimeout(() => {
        this.#isGlad = false;
        this.draw();
      }, GLAD_MS);
    }
    this.draw();
  }
}

function describeTrouble(status, state) {
  if (state === "lost") return t("connection_lost");
  if (status?.warming_up) return t("warming_up");
  if (status && !status.ready) return t("unavailable");
  return null;
}

function describeMood(status, state) {
  if (state === "lost") return "down";
  if (!status || status.warming_up) return "waiting";
  if (!status.ready) return "down";
  return status.pending_count > 0 || status.preparing ? "busy" : "ready";
}

function describeCounts(status) {
  if (!status) return t("connecting");
  const parts = [t("pictures", { count: formatNumber(status.image_count) })];
  if (status.pending_count > 0) parts.push(t("preparing", { count: formatNumber(status.pending_count) }));
  if (status.preparing) {
    const [done, number] = status.preparing.map(formatNumber);
    parts.push(t("next_encoder", { done, number }));
  }
  return parts.join(" · ");
}
