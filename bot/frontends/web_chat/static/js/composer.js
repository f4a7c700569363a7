/** The field to ask in. */

const KEPT_QUESTIONS = 50;

export class Composer {
  #form = document.getElementById("composer");
  #field = document.getElementById("question");
  #asked = [];
  #recalled = 0;

  constructor(onAsk) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(onAsk);
    });
    this.#field.addEventListener("input", () => this.#fit());
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #submit(onAsk) {
    const text = this.#field.value;
    // On a phone the keyboard would cover the answer.
    if (text !== "" && matchMedia("(hover: none) and (pointer: coarse)").matches) this.#field.blur();
    else this.#field.focus();
    if (text === "") return;
    this.#asked = [...this.#asked.slice(1 - KEPT_QUESTIONS), text];
    this.#recalled = this.#asked.length;
    this.#put("");
    onAsk(text);
  }

  #onKey(event) {
    // While an input method composes (Japanese, Chinese, Korean), Enter chooses a word.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#form.requestSubmit();
    }
    const isRecalled = this.#field.value === "" || this.#field.value === this.#asked[this.#recalled];
    if (event.key === "ArrowUp" && isRecalled) this.#recall(event, -1);
    if (event.key === "ArrowDown" && isRecalled) this.#recall(event, 1);
  }

  #recall(event, step) {
    const place = Math.min(this.#recalled + step, this.#asked.length);
    if (place < 0) return;
    event.preventDefault();
    this.#recalled = place;
    this.#put(this.#asked[place] ?? "");
  }

  #put(text) {
    this.#field.value = text;
    this.#fit();
  }

  /** Grow with the text where the browser does not do it by itself. */
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }
}
