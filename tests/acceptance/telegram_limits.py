"""What the fake Bot API server refuses, because Telegram does.

Sources are the pages of https://core.telegram.org/bots/api, unless another one stands there.
"""

from __future__ import annotations

import io
import json

from PIL import Image

from tests.acceptance.telegram_chats import Json, Sent

MAX_TEXT = 4096
MAX_CAPTION = 1024
ALBUM = range(2, 11)
MAX_PHOTO_BYTES = 10 * 10**6
MAX_PHOTO_SIDES = 10_000
MAX_PHOTO_RATIO = 20
PHOTO_FORMATS = {"JPEG", "PNG"}
"""WebP is taken or not, depending on whom one asks: it is not relied on."""
CALLBACK_DATA_BYTES = range(1, 65)
MAX_BUTTONS, MAX_BUTTONS_A_ROW = 100, 8  # telegram.constants.InlineKeyboardMarkupLimit
MAX_TOAST = 200
MAX_GET_FILE_BYTES = 20 * 2**20
MAX_POLL_S = 50  # tdlib/telegram-bot-api


class RefusalError(Exception):
    """The server's answer to a bad request."""

    def __init__(self, description: str, code: int = 400, **parameters: int) -> None:
        super().__init__(description)
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def photo(content: bytes | str, caption: str) -> Sent:
    if isinstance(content, str):
        raise RefusalError("Bad Request: wrong file identifier/HTTP URL specified")
    if length(caption) > MAX_CAPTION:
        raise RefusalError("Bad Request: message caption is too long")
    if len(content) > MAX_PHOTO_BYTES:
        raise RefusalError("Bad Request: file is too big")
    try:
        with Image.open(io.BytesIO(content)) as image:
            (width, height), kind = image.size, image.format
    except OSError as error:
        raise RefusalError("Bad Request: IMAGE_PROCESS_FAILED") from error
    if kind not in PHOTO_FORMATS:
        raise RefusalError("Bad Request: IMAGE_PROCESS_FAILED")
    is_long = max(width, height) > MAX_PHOTO_RATIO * min(width, height)
    if width + height > MAX_PHOTO_SIDES or is_long:
        raise RefusalError("Bad Request: PHOTO_INVALID_DIMENSIONS")
    return Sent(0, caption, content)


def buttons(call: Json) -> list[list[Json]]:
    rows: list[list[Json]] = json.loads(call.get("reply_markup", "{}")).get("inline_keyboard", [])
    if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_BUTTONS_A_ROW for row in rows):
        raise RefusalError("Bad Request: too many buttons")
    for button in (button for row in rows for button in row):
        if len(button["callback_data"].encode()) not in CALLBACK_DATA_BYTES:
            raise RefusalError("Bad Request: BUTTON_DATA_INVALID")
        if not button["text"]:
            raise RefusalError("Bad Request: text buttons are unallowed to be empty")
    return rows


def length(text: str) -> int:
    """Count as Telegram does, in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
