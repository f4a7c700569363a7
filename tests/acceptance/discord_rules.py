"""What the fake Discord refuses, with the codes the real one has for it.

The numbers are from discord-api-docs: resources/message, components/reference,
interactions/application-commands and topics/opcodes-and-status-codes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CONTENT_CHARACTERS = 2000
ATTACHMENTS = 10
FILE_BYTES = 10 * 2**20
REQUEST_BYTES = 25 * 2**20
DESCRIPTION_CHARACTERS = 1024
CUSTOM_ID_CHARACTERS = 100
LABEL_CHARACTERS = 80
ROWS = 5
BUTTONS_A_ROW = 5
SELECT_OPTIONS = 25
OPTION_CHARACTERS = 100
PLACEHOLDER_CHARACTERS = 150
COMMAND_OPTIONS = 25
COMMAND_DESCRIPTION_CHARACTERS = 100
ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LIFE_S = 15 * 60.0

EPHEMERAL = 1 << 6
MANAGE_GUILD = 1 << 5
SEND_MESSAGES = 1 << 11
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15

_COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")
_ROW, _BUTTON, _SELECT = 1, 2, 3


class RefusedError(Exception):
    """The request gets this status and code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class UploadedFile:
    """A file as it came in."""

    filename: str
    content: bytes
    description: str | None = None


def check_message(payload: dict[str, Any], files: Sequence[UploadedFile]) -> None:
    """Refuse what Discord would not show."""
    content = payload.get("content") or ""
    _form(len(content) <= CONTENT_CHARACTERS, "content: Must be 2000 or fewer in length.")
    if len(files) > ATTACHMENTS:
        raise RefusedError(400, 30015, "Maximum number of attachments in a message reached (10)")
    for file in files:
        if len(file.content) > FILE_BYTES:
            raise RefusedError(413, 40005, "Request entity too large")
        length = len(file.description or "")
        _form(length <= DESCRIPTION_CHARACTERS, "description: Must be 1024 or fewer in length.")
    if not content and not files and not payload.get("embeds"):
        raise RefusedError(400, 50006, "Cannot send an empty message")
    _check_components(payload.get("components") or [])


def check_deferral(data: dict[str, Any]) -> None:
    """Refuse a deferral that carries more than whether only the person sees it."""
    _form(set(data) <= {"flags"}, "data: a deferral takes flags only")
    _form(data.get("flags", 0) in {0, EPHEMERAL}, "flags: a deferral takes EPHEMERAL only")


def check_commands(commands: Sequence[dict[str, Any]]) -> None:
    """Refuse commands that Discord would not register."""
    names = [(command.get("type", 1), command["name"]) for command in commands]
    _form(len(names) == len(set(names)), "name: Application command names must be unique")
    for command in commands:
        name, description = command["name"], command.get("description", "")
        if command.get("type", 1) != 1:
            _form(1 <= len(name) <= 32 and not description, "context menus have a name only")
            continue
        _form(_COMMAND_NAME.fullmatch(name) and name == name.lower(), "name: String value invalid")
        options = command.get("options", [])
        _form(len(options) <= COMMAND_OPTIONS, "options: Must be 25 or fewer in length.")
        for described in (command, *options):
            length = len(described["description"])
            _form(1 <= length <= COMMAND_DESCRIPTION_CHARACTERS, "description: 1 to 100")


def check_permissions(granted: int, has_files: bool, is_reply: bool) -> None:
    """Refuse a message that the bot may not write there."""
    needed = SEND_MESSAGES | (ATTACH_FILES if has_files else 0)
    if granted & needed != needed:
        raise RefusedError(403, 50013, "Missing Permissions")
    if is_reply and not granted & READ_MESSAGE_HISTORY:
        message = "Cannot reply without permission to read message history"
        raise RefusedError(403, 160002, message)


def _check_components(rows: Sequence[dict[str, Any]]) -> None:
    _form(len(rows) <= ROWS, "components: Must be 5 or fewer in length.")
    seen: set[str] = set()
    for row in rows:
        _form(row["type"] == _ROW, "components: the top level takes action rows")
        parts = row["components"]
        _form(1 <= len(parts) <= BUTTONS_A_ROW, "components: 1 to 5 in a row")
        for part in parts:
            custom_id = part["custom_id"]
            _form(1 <= len(custom_id) <= CUSTOM_ID_CHARACTERS, "custom_id: 1 to 100")
            _form(custom_id not in seen, "custom_id: Component custom id cannot be duplicated")
            seen.add(custom_id)
            if part["type"] == _BUTTON:
                length = len(part.get("label") or "")
                _form(length <= LABEL_CHARACTERS, "label: Must be 80 or fewer in length.")
            elif part["type"] == _SELECT:
                _form(len(parts) == 1, "components: a select fills its row")
                _check_select(part)
            else:
                _form(False, f"type: {part['type']} is not covered by this fake")


def _check_select(select: dict[str, Any]) -> None:
    options = select["options"]
    _form(1 <= len(options) <= SELECT_OPTIONS, "options: Must be between 1 and 25 in length.")
    length = len(select.get("placeholder") or "")
    _form(length <= PLACEHOLDER_CHARACTERS, "placeholder: Must be 150 or fewer in length.")
    for option in options:
        for name in ("label", "value"):
            _form(1 <= len(option[name]) <= OPTION_CHARACTERS, f"{name}: 1 to 100")
    values = [option["value"] for option in options]
    _form(len(values) == len(set(values)), "options: The specified option value is already used")


def _form(is_right: object, message: str) -> None:
    if not is_right:
        raise RefusedError(400, 50035, f"Invalid Form Body: {message}")
