"""What the fake Discord refuses, with the codes the real one has for it.

The numbers are in ``discord_limits``, what concerns buttons and lists in ``discord_layouts``, what
concerns commands in ``discord_commands``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.acceptance.discord_commands import check_choices, check_commands
from tests.acceptance.discord_layouts import check_components, check_layout, check_modal
from tests.acceptance.discord_limits import (
    ACKNOWLEDGE_WITHIN_S,
    ATTACH_FILES,
    ATTACHMENTS,
    COMPONENTS_V2,
    CONTENT_CHARACTERS,
    DESCRIPTION_CHARACTERS,
    EMBED_AUTHOR_CHARACTERS,
    EMBED_CHARACTERS,
    EMBED_DESCRIPTION_CHARACTERS,
    EMBED_FIELD_NAME_CHARACTERS,
    EMBED_FIELD_VALUE_CHARACTERS,
    EMBED_FIELDS,
    EMBED_FOOTER_CHARACTERS,
    EMBED_LINKS,
    EMBED_TITLE_CHARACTERS,
    EMBEDS,
    EPHEMERAL,
    FILE_BYTES,
    MANAGE_GUILD,
    PRIVILEGED_INTENTS,
    READ_MESSAGE_HISTORY,
    REQUEST_BYTES,
    SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS,
    TOKEN_LIFE_S,
    VIEW_CHANNEL,
    RefusedError,
    UploadedFile,
    form,
    form_length,
)

__all__ = [
    "ACKNOWLEDGE_WITHIN_S",
    "ATTACH_FILES",
    "EMBED_LINKS",
    "EPHEMERAL",
    "FILE_BYTES",
    "MANAGE_GUILD",
    "PRIVILEGED_INTENTS",
    "READ_MESSAGE_HISTORY",
    "REQUEST_BYTES",
    "SEND_MESSAGES",
    "TOKEN_LIFE_S",
    "VIEW_CHANNEL",
    "RefusedError",
    "UploadedFile",
    "check_choices",
    "check_commands",
    "check_deferral",
    "check_message",
    "check_modal",
    "check_permissions",
]


def check_message(
    payload: dict[str, Any],
    files: Sequence[UploadedFile],
    *,
    kept: Sequence[UploadedFile] = (),
    file_bytes: int = FILE_BYTES,
) -> None:
    """Refuse what Discord would not show; ``kept`` are files that were there before."""
    content = payload.get("content") or ""
    form(len(content) <= CONTENT_CHARACTERS, "content: Must be 2000 or fewer in length.")
    if len(files) + len(kept) > ATTACHMENTS:
        raise RefusedError(400, 30015, "Maximum number of attachments in a message reached (10)")
    for file in files:
        if len(file.content) > file_bytes:
            raise RefusedError(413, 40005, "Request entity too large")
        form_length(file.description, "description", DESCRIPTION_CHARACTERS)
    _check_embeds(payload.get("embeds") or ())
    components = payload.get("components") or ()
    names = {file.filename for file in (*kept, *files)}
    if (payload.get("flags") or 0) & COMPONENTS_V2:
        # components/reference: with the flag, content, embeds, stickers and polls do not work.
        form(not content, "content: cannot be used with MESSAGE_FLAGS_IS_COMPONENTS_V2")
        form(not payload.get("embeds"), "embeds: cannot be used with IS_COMPONENTS_V2")
        check_layout(components, names)
    else:
        check_components(components)
    if not content and not names and not payload.get("embeds") and not components:
        raise RefusedError(400, 50006, "Cannot send an empty message")


def check_deferral(data: dict[str, Any]) -> None:
    """Refuse a deferral that carries more than whether only the person sees it."""
    form(set(data) <= {"flags"}, "data: a deferral takes flags only")
    form(data.get("flags", 0) in {0, EPHEMERAL}, "flags: a deferral takes EPHEMERAL only")


def check_permissions(
    granted: int,
    has_files: bool,
    is_reply: bool,
    *,
    has_embeds: bool = False,
    in_thread: bool = False,
) -> None:
    """Refuse a message that the bot may not write there."""
    needed = SEND_MESSAGES_IN_THREADS if in_thread else SEND_MESSAGES
    needed |= (ATTACH_FILES if has_files else 0) | (EMBED_LINKS if has_embeds else 0)
    if granted & needed != needed:
        raise RefusedError(403, 50013, "Missing Permissions")
    if is_reply and not granted & READ_MESSAGE_HISTORY:
        message = "Cannot reply without permission to read message history"
        raise RefusedError(403, 160002, message)


def _check_embeds(embeds: Sequence[dict[str, Any]]) -> None:
    form(len(embeds) <= EMBEDS, "embeds: Must be 10 or fewer in length.")
    total = 0
    for embed in embeds:
        author, footer = embed.get("author") or {}, embed.get("footer") or {}
        fields = embed.get("fields") or ()
        form(len(fields) <= EMBED_FIELDS, "fields: Must be 25 or fewer in length.")
        limited = [
            ("title", embed.get("title"), EMBED_TITLE_CHARACTERS),
            ("description", embed.get("description"), EMBED_DESCRIPTION_CHARACTERS),
            ("author.name", author.get("name"), EMBED_AUTHOR_CHARACTERS),
            ("footer.text", footer.get("text"), EMBED_FOOTER_CHARACTERS),
        ]
        for item in fields:
            form(item.get("name") and item.get("value"), "fields: name and value are required")
            limited.append(("fields.name", item["name"], EMBED_FIELD_NAME_CHARACTERS))
            limited.append(("fields.value", item["value"], EMBED_FIELD_VALUE_CHARACTERS))
        for name, text, most in limited:
            form_length(text, f"embeds.{name}", most)
            total += len(text or "")
    form(total <= EMBED_CHARACTERS, "embeds: Embed size exceeds maximum size of 6000")
