/** The WebSocket: many requests at once, opened again whenever it is lost. */

import { language } from "./strings.js";

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5000;
const PING_EVERY_MS = 15000;
const PONG_WITHIN_MS = 8000;

export class Connection extends EventTarget {
  #socket = null;
  #pending = new Map();
  #count = 0;
  #delay = FIRST_DELAY_MS;
  #retry = 0;
  #silence = 0;
  state = "connecting";
  status = null;
  csrf;

  constructor(csrf) {
    super();
    this.csrf = csrf;
    for (const moment of ["online", "focus", "pageshow"]) {
      window.addEventListener(moment, () => this.#hurry());
    }
    setInterval(() => this.#ping(), PING_EVERY_MS);
  }

  open() {
    clearTimeout(this.#retry);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.#socket = socket;
    socket.onmessage = (event) => {
      clearTimeout(this.#silence);
      if (socket === this.#socket) this.#take(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#lost();
    };
  }

  /** Send a request; onReply is called for each reply, the promise ends with the last. */
  request(message, onReply) {
    const id = `r${++this.#count}`;
    return new Promise((resolve) => {
      const entry = { message: { ...message, id, language: language() }, onReply, resolve };
      this.#pending.set(id, entry);
      if (this.state === "open") this.#send(entry.message);
    });
  }

  /** Resolve as soon as the server can be reached. */
  async untilOpen() {
    if (this.state === "open") return;
    this.#hurry();
    await new Promise((resolve) => {
      const look = () => {
        if (this.state !== "open") return;
        this.removeEventListener("state", look);
        resolve();
      };
      this.addEventListener("state", look);
    });
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #take(message) {
    const entry = this.#pending.get(message.id);
    switch (message.type) {
      case "hello":
        this.csrf = message.csrf;
        this.#delay = FIRST_DELAY_MS;
        this.#become("open");
        // A question asked twice does no harm, one lost would.
        for (const { message: unanswered } of this.#pending.values()) this.#send(unanswered);
        break;
      case "status":
        this.status = message;
        this.dispatchEvent(new Event("status"));
        break;
      case "reply":
        entry?.onReply(message.reply);
        break;
      case "refused":
        console.error("refused:", message.reason);
        this.#finish(message.id, entry);
        break;
      case "end":
        this.#finish(message.id, entry);
        break;
    }
  }

  #finish(id, entry) {
    this.#pending.delete(id);
    entry?.resolve();
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  async #lost() {
    clearTimeout(this.#silence);
    this.#socket = null;
    this.status = null;
    this.#become("lost");
    const spread = 0.75 + Math.random() / 2;
    this.#retry = setTimeout(() => this.open(), this.#delay * spread);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
    await this.#checkSession();
  }

  /** A socket that is refused does not say why; ask whether we are still signed in. */
  async #checkSession() {
    try {
      const session = await (await fetch("/api/session")).json();
      if (!session.signed_in) location.assign("/login");
    } catch {
      // The server is away; the next attempt will tell.
    }
  }

  #hurry() {
    if (this.state === "lost" && this.#socket === null) this.open();
  }

  #ping() {
    const socket = this.#socket;
    if (this.state !== "open" || !socket) return;
    this.#send({ type: "ping" });
    this.#silence = setTimeout(() => {
      // A network that vanished closes nothing by itself.
      socket.onclose = null;
      socket.close();
      if (socket === this.#socket) this.#lost();
    }, PONG_WITHIN_MS);
  }
}
