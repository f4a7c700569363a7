/** Pictures that are dropped, pasted or chosen. */

import { toast } from "./dom.js";
import { askWhatToDo, captionPictures } from "./picture-dialogs.js";
import { formatSize, t } from "./strings.js";

export class Intake {
  #conversation;
  #maxBytes;
  #one = document.getElementById("file-one");
  #many = document.getElementById("file-many");
  #target = document.getElementById("drop-target");
  /** While pictures are being named: takes more of them. */
  #append = null;

  constructor(conversation, maxBytes) {
    this.#conversation = conversation;
    this.#maxBytes = maxBytes;
    document.getElementById("attach").onclick = () => this.#one.click();
    for (const id of ["add-pictures", "add-first"]) {
      document.getElementById(id).onclick = () => this.#many.click();
    }
    this.#listenForFiles(this.#one, (files) => this.#offer(files));
    this.#listenForFiles(this.#many, (files) => {
      if (this.#append) this.#append(files);
      else this.#caption(files);
    });
    this.#listenForDrops();
    document.addEventListener("paste", (event) => {
      const { files: pasted, types } = event.clipboardData;
      const files = [...pasted];
      // Office programs put a picture of the text beside the text: the text is meant.
      if (files.length === 0 || types.includes("text/plain") || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      this.#offer(this.#usable(files));
    });
  }

  #listenForFiles(input, take) {
    input.addEventListener("change", () => {
      const files = this.#usable([...input.files]);
      // The same file may be chosen again.
      input.value = "";
      take(files);
    });
  }

  /** One picture may be meant either way; several can only be meant to be added. */
  #offer(files) {
    if (files.length !== 1) {
      this.#caption(files);
      return;
    }
    const [file] = files;
    askWhatToDo(file, {
      onSimilar: () => this.#conversation.findSimilar(file),
      onAdd: () => this.#caption(files),
    });
  }

  #caption(files) {
    if (files.length === 0) return;
    this.#append = captionPictures(files, {
      onAdd: (entries) => this.#conversation.add(entries),
      onMore: () => this.#many.click(),
      onClose: () => { this.#append = null; },
    });
  }

  /** Leave out what cannot be sent, and say so. Whether it is a sound picture, the core decides. */
  #usable(files) {
    const pictures = files.filter((file) => file.type === "" || file.type.startsWith("image/"));
    const small = pictures.filter((file) => file.size <= this.#maxBytes);
    const names = (some, all) => all.filter((file) => !some.includes(file)).map((file) => file.name).join(", ");
    if (pictures.length < files.length) toast(t("left_out_not_pictures", { names: names(pictures, files) }), "error");
    if (small.length < pictures.length) {
      toast(t("left_out_too_large", { limit: formatSize(this.#maxBytes), names: names(small, pictures) }), "error");
    }
    return small;
  }

  #listenForDrops() {
    let depth = 0;
    const show = (visible) => { this.#target.hidden = !visible; };
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    window.addEventListener("dragenter", (event) => {
      if (!carriesFiles(event) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      depth += 1;
      show(true);
    });
    window.addEventListener("dragleave", () => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) show(false);
    });
    // Without this the browser would leave the page and open the picture.
    window.addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
    window.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      show(false);
      if (!document.querySelector("dialog[open]")) this.#offer(this.#usable([...event.dataTransfer.files]));
    });
  }
}
