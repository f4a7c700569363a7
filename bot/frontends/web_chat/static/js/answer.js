/** The bot's side of one exchange: passing words, pictures, what to do next. */

import { card, moveByArrows } from "./card.js";
import { announce, el, textButton } from "./dom.js";
import { icon } from "./icons.js";
import { formatNumber, t } from "./strings.js";

export class Answer {
  #actions;
  #text = el("p", { className: "answer-text", dir: "auto" });
  #grid = el("ol", { className: "grid" });
  #notice = el("div", { className: "notice" });
  #choices = el("div", { className: "choices" });
  hits = [];

  /** actions: open(hit, answer), moreLikeThis(hit), remove(hit), follow(choice, answer). */
  constructor(actions) {
    this.#actions = actions;
    this.element = el("div", { className: "answer" }, this.#text, this.#grid, this.#notice, this.#choices);
    moveByArrows(this.#grid);
  }

  /** Say that work goes on, before the first word has come. */
  wait(key) {
    this.#choices.replaceChildren();
    this.#notice.replaceChildren(waiting(t(key)));
    this.element.setAttribute("aria-busy", "true");
  }

  /** Show a reply; `next` appends its pictures to those that are there, `rest` below a line. */
  show(reply, { next = false, rest = false, retry = null } = {}) {
    if (reply.tone === "progress") {
      this.#notice.replaceChildren(waiting(reply.text, reply.done, reply.total));
      return;
    }
    this.element.removeAttribute("aria-busy");
    this.#notice.replaceChildren();
    this.#choices.replaceChildren();
    if (reply.tone === "error") {
      this.#notice.replaceChildren(errorNotice(reply, retry));
    } else {
      this.#showAnswer(reply, next && this.hits.length > 0, rest);
    }
    announce(reply.hits.length && !reply.text ? t("found", { count: reply.hits.length }) : reply.text);
  }

  #showAnswer(reply, next, rest) {
    const isNothing = reply.tone === "answer" && reply.hits.length === 0 && !next;
    this.element.classList.toggle("nothing", isNothing && reply.choices.length > 0);
    if (!next) {
      this.hits = [];
      this.#grid.replaceChildren();
    }
    // What was said of those above the line stays true.
    const goesOn = next && rest && reply.hits.length > 0;
    if (!goesOn) this.#text.replaceChildren(...(reply.tone === "done" ? [icon("done")] : []));
    if (!next || reply.hits.length === 0) this.#text.append(reply.text);
    if (next && rest) this.#grid.append(el("li", { className: "rule", attributes: { role: "separator" } }));
    this.#append(reply.hits, next);
    for (const choice of reply.choices) {
      const button = textButton(null, "", () => this.#actions.follow(choice, this));
      button.replaceChildren(choice.label);
      this.#choices.append(button);
    }
  }

  #append(hits, next) {
    const known = new Set(this.hits.map((hit) => hit.image_id));
    const fresh = hits.filter((hit) => !known.has(hit.image_id));
    const actions = { ...this.#actions, open: (hit) => this.#actions.open(hit, this) };
    const cards = fresh.map((hit) => card(hit, actions));
    this.hits.push(...fresh);
    this.#grid.append(...cards);
    // The button that was pressed is gone: the keyboard goes on at the first new picture.
    if (next && document.activeElement === document.body) {
      cards[0]?.querySelector(".tile").focus({ preventScroll: true });
    }
  }

  /** Take a deleted picture out. */
  forget(imageId) {
    const index = this.hits.findIndex((hit) => hit.image_id === imageId);
    if (index < 0) return;
    this.hits.splice(index, 1);
    const item = this.#grid.querySelector(`[data-image-id="${imageId}"]`);
    const heir = item.nextElementSibling ?? item.previousElementSibling;
    const hadFocus = item.contains(document.activeElement);
    item.remove();
    if (hadFocus) (heir?.querySelector(".tile") ?? document.getElementById("question")).focus();
  }

  /** The code of the error that is shown, if one is. */
  get errorCode() {
    return this.#notice.querySelector(".error")?.dataset.code;
  }

  tile(imageId) {
    return this.#grid.querySelector(`[data-image-id="${imageId}"] .tile`);
  }
}

function waiting(text, done = 0, total = 0) {
  const notice = el("div", { className: "waiting" },
    el("span", { className: "dots", attributes: { "aria-hidden": "true" } }, el("i"), el("i"), el("i")),
    el("span", { dir: "auto", textContent: text }),
  );
  if (total > 0) {
    notice.append(
      el("progress", { max: total, value: done, attributes: { "aria-label": text } }),
      el("span", { className: "count", textContent: `${formatNumber(done)} / ${formatNumber(total)}` }),
    );
  }
  return notice;
}

function errorNotice(reply, retry) {
  const notice = el("div", { className: "error", data: { code: reply.code } },
    icon("warning"),
    el("p", { dir: "auto", textContent: reply.text }),
  );
  if (reply.retryable && retry) notice.append(textButton("retry", "try_again", retry));
  return notice;
}
