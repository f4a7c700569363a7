"""The commands that Telegram offers while somebody types, per language and for whom they are."""

from __future__ import annotations

import hashlib
import json
import logging

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)
from telegram.error import TelegramError

from bot.core.texts import Texts, languages, texts_for
from bot.frontends.telegram_bot.notes import Notes
from bot.frontends.telegram_bot.pacing import Pace
from bot.frontends.telegram_bot.sentences import COMMANDS

EVERYBODY = ("search", "stats", "language", "forgetme", "help")
ADMINS = ("search", "add", "remove", "stats", "settings", "language", "forgetme", "help")
_MAX_DESCRIPTION = 256

logger = logging.getLogger(__name__)


async def register(bot: Bot, pace: Pace, notes: Notes) -> None:
    """Give Telegram the commands, unless it has these already; never raises TelegramError."""
    menus = _menus()
    written = json.dumps(
        [
            (scope.type, code, [(one.command, one.description) for one in commands])
            for scope, code, commands in menus
        ]
    )
    digest = hashlib.sha256(written.encode()).hexdigest()
    if await notes.menu() == digest:
        return
    try:
        for scope, code, commands in menus:

            async def register_one(
                _chat: int,
                scope: BotCommandScope = scope,
                code: str = code,
                commands: list[BotCommand] = commands,
            ) -> None:
                await bot.set_my_commands(commands, scope, code or None)

            # They belong to no chat; as if to one of their own, they let the others through.
            await pace.send(0, register_one)
    except TelegramError as error:
        logger.warning("telegram_commands_not_set", extra={"error": type(error).__name__})
        return
    await notes.keep_menu(digest)
    logger.info("telegram_commands_set", extra={"count": len(menus)})


def _menus() -> list[tuple[BotCommandScope, str, list[BotCommand]]]:
    scopes: dict[BotCommandScope, tuple[str, ...]] = {
        BotCommandScopeAllPrivateChats(): ADMINS,
        BotCommandScopeAllGroupChats(): EVERYBODY,
        BotCommandScopeAllChatAdministrators(): ADMINS,
    }
    # English is for all languages without words of their own. Telegram has no regions.
    codes = {"": "en"} | {tag: tag for tag in languages() if len(tag) == 2 and tag != "en"}
    return [
        (scope, code, [_command(name, texts_for(tag)) for name in names])
        for code, tag in codes.items()
        for scope, names in scopes.items()
    ]


def _command(name: str, texts: Texts) -> BotCommand:
    return BotCommand(name, texts.say(COMMANDS[name])[:_MAX_DESCRIPTION])
