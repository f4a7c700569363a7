/** The exchanges on the page, and what the person can do in them. */

import { Answer } from "./answer.js";
import { altText, pictureUrl } from "./card.js";
import { el, toast } from "./dom.js";
import { t } from "./strings.js";
import { inBatches, upload } from "./upload.js";

/** Far above what the core takes, so that it still answers "too long" to an enormous paste. */
const MOST_CHARACTERS = 20000;
const MOST_THUMBNAILS = 8;

export class Conversation {
  #log;
  #connection;
  #limits;
  #answers = new Set();
  viewer = null;

  constructor(log, connection, limits) {
    this.#log = log;
    this.#connection = connection;
    this.#limits = limits;
  }

  ask(text, lang = "") {
    const words = el("p", { dir: "auto", textContent: text.slice(0, MOST_CHARACTERS), lang });
    const message = { type: "ask", text: text.slice(0, MOST_CHARACTERS) };
    this.#run(this.#exchange(words), "searching", (onReply) => this.#connection.request(message, onReply));
  }

  moreLikeThis(hit) {
    const picture = el("img", { src: pictureUrl(hit, "rendition"), alt: altText(hit) });
    const message = { type: "more_like_this", image_id: hit.image_id };
    const answer = this.#exchange(picture, el("p", { data: { t: "more_like_this" } }));
    this.#run(answer, "searching", (onReply) => this.#connection.request(message, onReply));
  }

  findSimilar(file) {
    const answer = this.#exchange(preview(file), el("p", { data: { t: "find_similar" } }));
    const entries = [{ file }];
    this.#run(answer, "uploading", (onReply) => upload(this.#connection, "similar", entries, onReply));
  }

  /** Add pictures: entries of {file, caption}. */
  add(entries) {
    const previews = entries.slice(0, MOST_THUMBNAILS).map(({ file, caption }) => preview(file, caption));
    const answer = this.#exchange(...previews, el("p", { data: { t: "add_pictures" } }));
    const { maxBytes, maxPictures } = this.#limits;
    const batches = inBatches(entries, maxBytes, maxPictures);
    this.#run(answer, "uploading", (onReply) => this.#addAll(batches, entries.length, onReply));
  }

  async #addAll(batches, total, onReply) {
    const results = [];
    let before = 0;
    for (const batch of batches) {
      await upload(this.#connection, "add", batch, (reply) => {
        if (reply.tone === "progress") onReply({ ...reply, done: before + reply.done, total });
        else results.push(reply);
      });
      before += batch.length;
    }
    onReply(inOne(results));
  }

  /** Delete a picture everywhere on the page. */
  async remove(hit) {
    await this.#connection.request({ type: "delete", image_id: hit.image_id }, (reply) => {
      if (reply.tone === "progress") return;
      // Gone already (asked twice over a broken connection, or by somebody else) is gone, too.
      if (reply.tone !== "error" || reply.code === "image_gone") this.#forget(hit.image_id);
      toast(reply.text, reply.tone);
    });
  }

  #forget(imageId) {
    for (const answer of this.#answers) answer.forget(imageId);
    this.viewer?.forget(imageId);
  }

  #exchange(...question) {
    const answer = new Answer({
      open: (hit, from) => this.viewer.open(hit, from),
      moreLikeThis: (hit) => this.moreLikeThis(hit),
      remove: (hit) => this.remove(hit),
      follow: (choice, from) => this.#follow(choice, from),
    });
    this.#answers.add(answer);
    const bubble = el("div", { className: "question" },
      el("span", { className: "hidden", data: { t: "you" } }), ...question);
    const exchange = el("li", { className: "exchange" }, bubble, answer.element);
    this.#log.append(exchange);
    document.body.classList.add("talking");
    exchange.scrollIntoView({ block: "start" });
    return answer;
  }

  #follow({ request, label, is_rest: rest }, answer) {
    if (request.type === "more") {
      const ask = (onReply) => this.#connection.request(request, onReply);
      this.#run(answer, "searching", ask, { next: true, rest });
      return;
    }
    const fresh = this.#exchange(el("p", { dir: "auto", textContent: label }));
    this.#run(fresh, "searching", (onReply) => this.#connection.request(request, onReply));
  }

  /** Let an answer be filled by `ask`, which can be repeated. */
  #run(answer, waitingKey, ask, { next = false, rest = false } = {}) {
    const again = () => this.#run(answer, waitingKey, ask, { next, rest });
    answer.wait(waitingKey);
    ask((reply) => {
      answer.show(reply, { next, rest, retry: again });
      if (reply.code === "warming_up") this.#whenReady(answer, again);
    }).catch((error) => {
      console.error(error);
      answer.show({ tone: "error", text: t("failed"), code: "page", retryable: true, hits: [], choices: [] }, { retry: again });
    });
  }

  /** Ask by itself once the search has warmed up. */
  #whenReady(answer, again) {
    const look = () => {
      if (!this.#connection.status?.ready) return;
      this.#connection.removeEventListener("status", look);
      // Unless the person has pressed "try again" meanwhile.
      if (answer.errorCode === "warming_up") again();
    };
    this.#connection.addEventListener("status", look);
  }
}

/** What became of the parts of an upload, as one reply. */
function inOne(replies) {
  const worst = replies.find((reply) => reply.tone === "error") ?? replies.at(-1);
  return {
    ...worst,
    text: replies.map((reply) => reply.text).join("\n"),
    hits: replies.flatMap((reply) => reply.hits),
    retryable: replies.some((reply) => reply.retryable),
  };
}

function preview(file, caption = "") {
  const url = URL.createObjectURL(file);
  return el("img", { src: url, alt: caption || file.name || t("untitled") });
}
