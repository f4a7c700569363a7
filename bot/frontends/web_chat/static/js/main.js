/** Put the page together. */

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { el } from "./dom.js";
import { drawIcons } from "./icons.js";
import { Intake } from "./intake.js";
import { Service } from "./service.js";
import { changeLanguage, language, translate, useStrings } from "./strings.js";
import { Viewer } from "./viewer.js";

/** Three questions of three scripts, to show what "any language" means. */
const EXAMPLES = [
  { lang: "ja", text: "黒猫" },
  { lang: "ru", text: "торт ко дню рождения" },
  { lang: "ar", text: "قلب مكسور" },
];

const boot = JSON.parse(document.getElementById("boot").textContent);
useStrings(boot.strings, boot.language_tag);
drawIcons(document);
translate(document);

const connection = new Connection(boot.csrf);
const limits = { maxBytes: boot.max_upload_bytes, maxPictures: boot.max_pictures };
const conversation = new Conversation(document.getElementById("conversation"), connection, limits);
conversation.viewer = new Viewer({
  moreLikeThis: (hit) => conversation.moreLikeThis(hit),
  remove: (hit) => conversation.remove(hit),
});
new Intake(conversation, boot.max_upload_bytes);
new Composer((text) => conversation.ask(text));
const service = new Service(connection);
drawExamples();
drawLanguages();
drawSignOut();
connection.open();

function drawExamples() {
  const buttons = EXAMPLES.map(({ lang, text }) => el("li", {}, el("button", {
    type: "button", className: "example", lang, dir: "auto", textContent: text,
    onclick: () => conversation.ask(text, lang),
  })));
  document.getElementById("examples").append(...buttons);
}

function drawLanguages() {
  const select = document.getElementById("language");
  for (const [code, name] of Object.entries(boot.languages)) {
    select.append(el("option", { value: code, lang: code, textContent: name }));
  }
  select.value = boot.language;
  select.addEventListener("change", async () => {
    try {
      await changeLanguage(select.value);
      service.draw();
    } catch (error) {
      console.error(error);
      select.value = language().split("-")[0];
    }
  });
}

function drawSignOut() {
  const button = document.getElementById("sign-out");
  button.hidden = !boot.can_sign_out;
  button.onclick = async () => {
    await fetch("/api/logout", { method: "POST", headers: { "X-CSRF-Token": connection.csrf } });
    location.assign("/login");
  };
}
