"""Telegram's numbers, each with where it stands, and how it says no.

Sources are the pages of https://core.telegram.org/bots/api, unless another one stands there;
"server" is github.com/tdlib/telegram-bot-api, "library" is telegram.constants.
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

# sendMessage, sendPhoto: after entities parsing
MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_ENTITIES = 100  # library, MessageLimit.MESSAGE_ENTITIES
# sendMediaGroup
ALBUM = range(2, 11)
# sendPhoto
MAX_PHOTO_BYTES = 10 * 10**6
MAX_PHOTO_SIDES = 10_000
MAX_PHOTO_RATIO = 20
PHOTO_FORMATS = {"JPEG", "PNG"}
"""WebP is taken or not, depending on whom one asks: it is not relied on."""
MAX_UPLOAD_BYTES = 50 * 10**6  # sendDocument, sendAnimation
# getFile; server, Client.cpp, MAX_DOWNLOAD_FILE_SIZE
MAX_GET_FILE_BYTES = 20 * 2**20
# InlineKeyboardButton
CALLBACK_DATA_BYTES = range(1, 65)
MAX_BUTTONS, MAX_BUTTONS_A_ROW = 100, 8  # library, InlineKeyboardMarkupLimit
MAX_KEYBOARD_BYTES = 10_000  # as JSON; users' reports, github.com/tginfo/Telegram-Limits, 187
# answerCallbackQuery
MAX_TOAST = 200
PRESS_LIFE_S = 150.0  # server: callback queries wait as long for the bot
PRESS_ANSWER_WITHIN_S = 30.0  # users' reports
# answerInlineQuery, InlineQuery, InlineQueryResult, InlineQueryResultsButton
MAX_RESULTS = 50
RESULT_ID_BYTES = range(1, 65)
MAX_OFFSET_BYTES = 64
MAX_QUERY = 256
INLINE_CACHE_S = 300
INLINE_LIFE_S = 30.0  # server: inline queries wait as long for the bot
INLINE_ANSWER_WITHIN_S = 10.0  # users' reports
START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")
# getUpdates
MAX_POLL_S = 50  # server, Client.h, LONG_POLL_MAX_TIMEOUT
UPDATES_A_POLL = range(1, 101)
UPDATE_LIFE_S = 24 * 3600.0
# setWebhook
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
WEBHOOK_PORTS = {443, 80, 88, 8443}
WEBHOOK_CONNECTIONS = range(1, 101)
# setMyCommands, BotCommand (words: github.com/tdlib/td, BotCommand.cpp), setMyDescription,
# setMyShortDescription, setMyName
MAX_COMMANDS = 100
COMMAND = re.compile(r"[a-z0-9_]+")
MAX_COMMAND, MAX_COMMAND_DESCRIPTION = 32, 256
LANGUAGE = re.compile(r"([a-z]{2})?")
MAX_DESCRIPTION, MAX_SHORT_DESCRIPTION, MAX_NAME = 512, 120, 64
# deleteMessages
MESSAGES_AT_ONCE = range(1, 101)
# library, FloodLimit, and the wiki's "Avoiding flood limits"
FLOOD_OVERALL_A_SECOND, FLOOD_CHAT_A_SECOND, FLOOD_GROUP_A_MINUTE = 30, 1, 20

# What bots are told of unless they choose otherwise (getUpdates, allowed_updates).
UPDATES = frozenset(
    (
        *("message", "edited_message", "channel_post", "edited_channel_post", "inline_query"),
        *("chosen_inline_result", "callback_query", "my_chat_member", "chat_join_request", "poll"),
    )
)
UPDATES_ON_DEMAND = frozenset(("chat_member", "message_reaction", "message_reaction_count"))


class RefusalError(Exception):
    """The server's answer to a bad request."""

    def __init__(self, description: str, code: int = 400, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.is_forgiven = code in {403, 409, 429}
        """Whether a bot may try it without having done anything wrong: it cannot know."""
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def refuse(is_wrong: object, description: str) -> None:
    """Refuse what is wrong."""
    if is_wrong:
        raise RefusalError(f"Bad Request: {description}")


def gone(description: str) -> RefusalError:
    """Refuse what was right before something happened that the bot is not told of."""
    refusal = RefusalError(f"Bad Request: {description}")
    refusal.is_forgiven = True
    return refusal


def length(text: str) -> int:
    """Count as Telegram does, in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
