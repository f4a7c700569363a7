"""Messages on the fake Discord: what is written, shown, attached, and kept from the bot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_attachments import (
    Links,
    PictureEmbed,
    Sticker,
    attachment_payload,
)
from tests.acceptance.discord_limits import UploadedFile
from tests.acceptance.discord_places import snowflake, timestamp

MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")
TEXT_DISPLAY = 10
PLAIN, REPLY, COMMAND_ANSWER, MENU_ANSWER = 0, 19, 20, 23
_CREATE_FLAGS = (
    limits.SUPPRESS_EMBEDS | limits.EPHEMERAL | limits.SUPPRESS_NOTIFICATIONS | limits.COMPONENTS_V2
)
_EDIT_FLAGS = limits.SUPPRESS_EMBEDS | limits.COMPONENTS_V2


@dataclass
class Message:
    """A message as it is seen right now."""

    channel_id: int
    author: dict[str, Any]
    content: str = ""
    files: tuple[UploadedFile, ...] = ()
    components: Sequence[dict[str, Any]] = ()
    flags: int = 0
    is_loading: bool = False
    """Whether "thinking …" is shown."""
    allowed_mentions: dict[str, Any] | None = None
    reply_to: int | None = None
    nonce: str | None = None
    edits: list[str] = field(default_factory=list)
    """Every text it has had."""
    embeds: Sequence[dict[str, Any] | PictureEmbed] = ()
    stickers: Sequence[Sticker] = ()
    mentions: Sequence[dict[str, Any]] = ()
    """The users whom it notifies."""
    type: int = PLAIN
    seen_by: int | None = None
    """The only person who sees it, if it is ephemeral."""
    interaction_metadata: dict[str, Any] | None = None
    edited_at: str | None = None
    is_deleted: bool = False
    id: int = field(default_factory=snowflake)

    def __post_init__(self) -> None:
        self.files = tuple(_with_ids(self.files))

    @property
    def is_ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & limits.EPHEMERAL)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Its buttons, lists and whatever else is laid out, without what holds them."""
        return [part for part in all_parts(self.components) if "components" not in part]

    @property
    def text(self) -> str:
        """What it says, in whichever way it is laid out."""
        laid_out = [part["content"] for part in self.parts if part["type"] == TEXT_DISPLAY]
        return "\n".join([*([self.content] if self.content else []), *laid_out])

    def set(self, payload: dict[str, Any], files: Sequence[UploadedFile]) -> None:
        """Take over what a request names; files and those that it keeps."""
        if "content" in payload:
            self.content = payload["content"] or ""
        if "embeds" in payload:
            self.embeds = [{"type": "rich", **embed} for embed in payload["embeds"] or ()]
        if "components" in payload:
            self.components = payload["components"] or ()
        self.files = tuple(_with_ids(self.kept(payload, files)))
        self.allowed_mentions = payload.get("allowed_mentions")
        asked = payload.get("flags") or 0
        if self.edits:
            self.flags = self.flags & ~limits.SUPPRESS_EMBEDS | asked & _EDIT_FLAGS
        elif not self.is_loading:
            self.flags = asked & _CREATE_FLAGS
        else:
            self.flags |= asked & _EDIT_FLAGS
        self.is_loading = False
        self.edits.append(self.content)

    def kept(self, payload: dict[str, Any], files: Sequence[UploadedFile]) -> list[UploadedFile]:
        """Return the files that there are after a request."""
        described = payload.get("attachments")
        if described is None:
            return [*self.files, *files]
        known = {str(file.id): file for file in self.files}
        kept = [known[str(item["id"])] for item in described if str(item["id"]) in known]
        return [*kept, *files]

    def after(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return what an edit would make of it, for the rules to judge."""
        now = {"content": self.content, "embeds": self.embeds, "components": self.components}
        merged = now | {name: payload[name] for name in now if name in payload}
        return merged | {"flags": self.flags | (payload.get("flags") or 0)}

    def touch(self) -> None:
        """Note that it was edited."""
        self.edited_at = datetime.now(UTC).isoformat()

    def payload(self, links: Links) -> dict[str, Any]:
        """Write it as Discord does."""
        bot = self.author["bot"]
        app = self.author["id"] if bot and self.interaction_metadata else None
        replied = {"message_id": str(self.reply_to), "channel_id": str(self.channel_id)}
        folder = "ephemeral-attachments" if self.is_ephemeral else "attachments"
        return {
            "id": str(self.id),
            "channel_id": str(self.channel_id),
            "author": self.author,
            "content": self.content,
            "timestamp": timestamp(self.id),
            "edited_timestamp": self.edited_at,
            "tts": False,
            "mention_everyone": False,
            "mentions": list(self.mentions),
            "mention_roles": [] if bot else _ROLE_MENTION.findall(self.content),
            "pinned": False,
            "type": REPLY if self.reply_to else self.type,
            "components": with_ids(self.components, self, links),
            "flags": self.flags | (limits.LOADING if self.is_loading else 0),
            "nonce": self.nonce,
            "embeds": [
                embed.payload(links) if isinstance(embed, PictureEmbed) else embed
                for embed in self.embeds
            ],
            "sticker_items": [sticker.payload() for sticker in self.stickers],
            **({"message_reference": {"type": 0, **replied}} if self.reply_to else {}),
            **({"application_id": app, "webhook_id": app} if app else {}),
            **({"interaction_metadata": self.interaction_metadata} if app else {}),
            "attachments": [
                attachment_payload(file, links.attachment(folder, self.channel_id, file))
                | ({"ephemeral": True} if self.is_ephemeral else {})
                for file in self.files
            ],
        }


def all_parts(components: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Go through a layout, the rows and boxes before what is in them."""
    for part in components:
        yield part
        yield from all_parts(part.get("components", ()))
        for name in ("accessory", "component"):
            if name in part:
                yield from all_parts([part[name]])


def with_ids(
    components: Sequence[dict[str, Any]], message: Message, links: Links
) -> list[dict[str, Any]]:
    """Write a layout as Discord answers it: parts numbered, attachments with addresses."""
    numbers = iter(range(1, 1000))
    by_name = {file.filename: file for file in message.files}

    def told(value: Any) -> Any:
        if isinstance(value, list):
            return [told(item) for item in value]
        if not isinstance(value, dict):
            return value
        if str(value.get("url", "")).startswith("attachment://") and "type" not in value:
            file = by_name.get(value["url"].removeprefix("attachment://"))
            if file is not None:
                address = links.attachment("attachments", message.channel_id, file)
                return {**value, **address, "attachment_id": str(file.id)}
        numbered = {"id": next(numbers)} if isinstance(value.get("type"), int) else {}
        return {**numbered, **{name: told(item) for name, item in value.items()}}

    return [told(part) for part in components]


def hide_content(payload: dict[str, Any], bot_id: int) -> dict[str, Any]:
    """Empty what an app without the message content intent is not told (topics/gateway)."""
    written = payload.get("referenced_message")
    if written is not None:
        payload = {**payload, "referenced_message": hide_content(written, bot_id)}
    is_own = payload["author"]["id"] == str(bot_id)
    if is_own or any(user["id"] == str(bot_id) for user in payload["mentions"]):
        return payload
    empty = ("attachments", "embeds", "components", "sticker_items")
    return {**payload, "content": "", **{name: [] for name in empty}}


def _with_ids(files: Sequence[UploadedFile]) -> Iterator[UploadedFile]:
    for file in files:
        yield file if file.id else replace(file, id=snowflake())
