/** Send pictures by POST; replies come back one JSON a line. */

import { language, t } from "./strings.js";

const ATTEMPTS = 4;

class ConnectionLostError extends Error {}

/** Send one form, again if the connection breaks: the server knows pictures it already has. */
export async function upload(connection, kind, entries, onReply) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await send(connection, kind, entries, onReply);
      return;
    } catch (error) {
      if (!(error instanceof ConnectionLostError) || attempt === ATTEMPTS) {
        onReply({ tone: "error", text: t("failed"), code: "upload_failed", retryable: true, hits: [], choices: [] });
        return;
      }
      await connection.untilOpen();
    }
  }
}

async function send(connection, kind, entries, onReply) {
  const form = new FormData();
  form.append("kind", kind);
  for (const { file, caption } of entries) {
    form.append("caption", caption ?? "");
    form.append("picture", file, file.name || "picture");
  }
  let response;
  try {
    response = await fetch(`/api/upload?language=${encodeURIComponent(language())}`, {
      method: "POST",
      headers: { "X-CSRF-Token": connection.csrf },
      body: form,
    });
  } catch (error) {
    throw new ConnectionLostError("not sent", { cause: error });
  }
  if (response.status === 401) location.assign("/login");
  if (response.status === 403) {
    // The server was restarted: its greeting on the socket brings the new token.
    await connection.untilOpen();
    throw new ConnectionLostError("out of date");
  }
  await readLines(response, onReply);
}

async function readLines(response, onReply) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let last = null;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        last = JSON.parse(line);
        onReply(last);
      }
    }
  } catch (error) {
    throw new ConnectionLostError("broken off", { cause: error });
  }
  if (last === null || last.tone === "progress") throw new ConnectionLostError("no final reply");
}

/** Cut a list of entries into forms that stay within the server's limits. */
export function inBatches(entries, maxBytes, maxPictures) {
  const batches = [];
  let room = 0;
  for (const entry of entries) {
    const current = batches.at(-1);
    if (!current || entry.file.size > room || current.length === maxPictures) {
      batches.push([entry]);
      room = maxBytes - entry.file.size;
    } else {
      current.push(entry);
      room -= entry.file.size;
    }
  }
  return batches;
}
