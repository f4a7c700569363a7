"""What the fake Telegram refuses in pictures, keyboards and names, because Telegram does."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from PIL import Image

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_limits import Json, RefusalError, length, refuse

_ACTIONS = (
    *("callback_data", "url", "switch_inline_query", "switch_inline_query_current_chat"),
    *("switch_inline_query_chosen_chat", "web_app", "login_url", "copy_text", "pay"),
)


def check_photo(content: bytes) -> None:
    """Refuse what is no photo, by its bytes."""
    refuse(not content, "file must be non-empty")
    refuse(len(content) > limits.MAX_PHOTO_BYTES, "file is too big")
    try:
        with Image.open(io.BytesIO(content)) as image:
            (width, height), kind = image.size, image.format
            refuse(kind not in limits.PHOTO_FORMATS, "IMAGE_PROCESS_FAILED")
            is_long = max(width, height) > limits.MAX_PHOTO_RATIO * min(width, height)
            too_large = width + height > limits.MAX_PHOTO_SIDES
            refuse(too_large or is_long, "PHOTO_INVALID_DIMENSIONS")
            image.load()
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise RefusalError("Bad Request: IMAGE_PROCESS_FAILED") from error


def buttons(call: Json) -> list[list[Json]]:
    """Return the inline keyboard of a call."""
    markup = structure(call, "reply_markup", {})
    rows: list[list[Json]] = markup.get("inline_keyboard", [])
    too_many = sum(map(len, rows)) > limits.MAX_BUTTONS
    is_wide = any(len(row) > limits.MAX_BUTTONS_A_ROW for row in rows)
    is_large = len(json.dumps(rows, ensure_ascii=False).encode()) > limits.MAX_KEYBOARD_BYTES
    refuse(too_many or is_wide or is_large, "reply markup is too long")
    for button in (button for row in rows for button in row):
        refuse(not button.get("text"), "text buttons are unallowed to be empty")
        uses = [name for name in _ACTIONS if name in button]
        refuse(len(uses) != 1, "Text buttons are unallowed in the inline keyboard")
        data = button.get("callback_data")
        is_wrong = data is not None and len(data.encode()) not in limits.CALLBACK_DATA_BYTES
        refuse(is_wrong, "BUTTON_DATA_INVALID")
        for name in ("switch_inline_query", "switch_inline_query_current_chat"):
            refuse(length(button.get(name) or "") > limits.MAX_QUERY, "BUTTON_DATA_INVALID")
    return [row for row in rows if row]


def structure(call: Json, name: str, default: Any) -> Any:
    """Return a parameter that is JSON, written as text in forms."""
    value = call.get(name, default)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise RefusalError(f"Bad Request: can't parse {name} JSON object") from error


def number(call: Json, name: str, default: int = 0) -> int:
    """Return a parameter that is a number."""
    try:
        return int(call.get(name, default))
    except ValueError as error:
        raise RefusalError(f"Bad Request: {name} must be a number") from error


def flag(call: Json, name: str) -> bool:
    """Return a parameter that is yes or no."""
    return str(call.get(name, "")).lower() in {"true", "yes", "1"}


def check_commands(commands: Sequence[Json]) -> None:
    """Refuse commands that cannot be set."""
    refuse(len(commands) > limits.MAX_COMMANDS, "BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        name = command["command"].removeprefix("/")
        refuse(not name, "command must be non-empty")
        refuse(len(name) > limits.MAX_COMMAND, "command length must not exceed 32")
        refuse(not limits.COMMAND.fullmatch(name), "BOT_COMMAND_INVALID")
        told = len(command["description"].strip())
        refuse(not told, "command description must be non-empty")
        too_long = told > limits.MAX_COMMAND_DESCRIPTION
        refuse(too_long, "command description length must not exceed 256")
    names = [command["command"] for command in commands]
    refuse(len(set(names)) < len(names), "BOT_COMMAND_INVALID")


def language(call: Json) -> str:
    """Return the language of a call: none, or two letters and no more."""
    code = call.get("language_code") or ""
    refuse(not limits.LANGUAGE.fullmatch(code), "invalid language code specified")
    return str(code)
