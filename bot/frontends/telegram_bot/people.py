"""Who is talking, and whether they may add and delete pictures there."""

from __future__ import annotations

import asyncio
import logging

from cachetools import TTLCache
from telegram import Bot, Chat, ChatMember, Message, User
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.core.messages import Person
from bot.frontends.telegram_bot.places import is_group

REMEMBERED_S = 60.0
"""How long a group's admins are believed to be the same."""
MEMBERS_REMEMBERED_S = 600.0
"""How long somebody is believed to be in a group."""
_LOOKUP_TIMEOUT_S = 3.0
_MAX_GROUPS = 10_000
_MAX_MEMBERS = 100_000
_INSIDE = {
    ChatMember.OWNER,
    ChatMember.ADMINISTRATOR,
    ChatMember.MEMBER,
}

logger = logging.getLogger(__name__)


def person_id(user_id: int) -> str:
    """Return what the core calls somebody."""
    return f"telegram:{user_id}"


class People:
    """Knows persons, the admins of groups and who is in which."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._admins: TTLCache[int, frozenset[int]] = TTLCache(_MAX_GROUPS, REMEMBERED_S)
        self._members: TTLCache[tuple[int, int], bool] = TTLCache(
            _MAX_MEMBERS, MEMBERS_REMEMBERED_S
        )

    async def sender(self, message: Message) -> Person | None:
        """Return who wrote a message; None for other bots."""
        if (speaker := message.sender_chat) is not None:
            # An admin who stays anonymous speaks as the group itself, others as their channel.
            is_admin = speaker.id == message.chat.id
            return _named(speaker.id, speaker.title or "", is_admin=is_admin)
        user = message.from_user
        return None if user is None or user.is_bot else await self.member(user, message.chat)

    async def member(self, user: User, chat: Chat) -> Person:
        """Return a person with the rights they have in a chat; their own is theirs."""
        is_admin = not is_group(chat.id) or user.id in await self._admins_of(chat.id)
        return _named(user.id, user.full_name, is_admin=is_admin)

    def stranger(self, user: User) -> Person:
        """Return a person without looking up what they may do anywhere."""
        return _named(user.id, user.full_name, is_admin=False)

    async def is_member(self, user_id: int, chat_id: int) -> bool:
        """Tell whether somebody is in a group; False also when Telegram does not say."""
        known = self._members.get((user_id, chat_id))
        if known is not None:
            return known
        try:
            async with asyncio.timeout(_LOOKUP_TIMEOUT_S):
                member = await self._bot.get_chat_member(chat_id, user_id)
        except (BadRequest, Forbidden):
            is_inside = False
        except (TelegramError, TimeoutError) as error:
            logger.warning("telegram_member_unknown", extra={"error": type(error).__name__})
            return False
        else:
            is_inside = member.status in _INSIDE or getattr(member, "is_member", False)
        self._members[user_id, chat_id] = is_inside
        return is_inside

    def changed(self, user_id: int, chat_id: int) -> None:
        """Look somebody up anew: they have come, gone, or got other rights."""
        self._members.pop((user_id, chat_id), None)
        self._admins.pop(chat_id, None)

    async def _admins_of(self, chat_id: int) -> frozenset[int]:
        known = self._admins.get(chat_id)
        if known is not None:
            return known
        try:
            async with asyncio.timeout(_LOOKUP_TIMEOUT_S):
                # Unlike a look at one member this works for bots that are no admins themselves.
                members = await self._bot.get_chat_administrators(chat_id)
        except (TelegramError, TimeoutError) as error:
            logger.warning("telegram_admins_unknown", extra={"error": type(error).__name__})
            return frozenset()
        admins = frozenset(member.user.id for member in members)
        self._admins[chat_id] = admins
        return admins


def _named(number: int, name: str, *, is_admin: bool) -> Person:
    # On Telegram everybody is a group of their own: admins name people, there are no roles.
    return Person(person_id(number), name, is_admin, frozenset({person_id(number)}))
