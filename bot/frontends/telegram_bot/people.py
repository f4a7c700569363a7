"""Who is talking, and whether they may add and delete pictures there."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic

from telegram import Bot, Chat, Message, User
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.core.messages import Person

REMEMBERED_S = 60.0
"""How long a group's admins are believed to be the same."""
_LOOKUP_TIMEOUT_S = 3.0
_MAX_GROUPS = 10_000

logger = logging.getLogger(__name__)


class People:
    """Knows persons and the admins of groups."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._admins: dict[int, tuple[float, frozenset[int]]] = {}

    async def sender(self, message: Message) -> Person | None:
        """Return who wrote a message; None for other bots."""
        if (speaker := message.sender_chat) is not None:
            # An admin who stays anonymous speaks as the group itself, others as their channel.
            is_group = speaker.id == message.chat.id
            return Person(f"telegram:{speaker.id}", speaker.title or "", is_admin=is_group)
        user = message.from_user
        return None if user is None or user.is_bot else await self.member(user, message.chat)

    async def member(self, user: User, chat: Chat) -> Person:
        """Return a person with the rights they have in a chat; their own is theirs."""
        is_admin = chat.type == ChatType.PRIVATE or user.id in await self._admins_of(chat)
        return Person(f"telegram:{user.id}", user.full_name, is_admin)

    async def _admins_of(self, chat: Chat) -> frozenset[int]:
        known = self._admins.get(chat.id)
        if known is not None and known[0] > monotonic():
            return known[1]
        try:
            async with asyncio.timeout(_LOOKUP_TIMEOUT_S):
                # Unlike a look at one member this works for bots that are no admins themselves.
                members = await self._bot.get_chat_administrators(chat.id)
        except (TelegramError, TimeoutError) as error:
            logger.warning("telegram_admins_unknown", extra={"error": type(error).__name__})
            return frozenset()
        if len(self._admins) >= _MAX_GROUPS:
            self._admins.clear()
        admins = frozenset(member.user.id for member in members)
        self._admins[chat.id] = (monotonic() + REMEMBERED_S, admins)
        return admins
