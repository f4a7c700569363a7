/** The login page. */

import { t, translate, useStrings } from "./strings.js";

const boot = JSON.parse(document.getElementById("boot").textContent);
const form = document.getElementById("login");
const password = document.getElementById("password");
const error = document.getElementById("error");

useStrings(boot.strings, boot.language_tag);
translate(document);

/** Whoever follows a link from another site arrives here although they are signed in. */
async function session() {
  const answer = await (await fetch("/api/session")).json();
  if (answer.signed_in) location.replace("/");
  return answer;
}

async function signIn() {
  const { csrf } = await session();
  const response = await fetch("/api/login", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify({ password: password.value, language: boot.language_tag }),
  });
  if (response.ok) {
    location.replace("/");
    return;
  }
  const answer = await response.json();
  error.textContent = answer.text;
  password.select();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  error.textContent = "";
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await signIn();
  } catch {
    error.textContent = t("failed");
  } finally {
    button.disabled = false;
  }
});

session().catch(() => {});
