"""Where the bot is: groups it joins, is thrown out of, and that get another number."""

from __future__ import annotations

import logging

from cachetools import TTLCache
from telegram import ChatMemberUpdated, Message

from bot.core.errors import CoreError
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot.people import People
from bot.frontends.telegram_bot.places import PREFIX, collection_of

_OUTSIDE = {"left", "kicked"}
_MAX_CHATS = 50_000
_DAY_S = 24 * 3600

logger = logging.getLogger(__name__)


class Comings:
    """Tells the core where the bot comes and goes."""

    def __init__(self, conversation: ConversationPort, people: People) -> None:
        self._communities = conversation.communities
        self._people = people
        self._present: TTLCache[int, bool] = TTLCache(_MAX_CHATS, _DAY_S)

    async def on_change(self, change: ChatMemberUpdated) -> None:
        """Note that the bot has come to a chat or gone from it, blocked ones included."""
        chat_id = change.chat.id
        self._people.changed(change.new_chat_member.user.id, chat_id)
        try:
            if change.new_chat_member.status in _OUTSIDE:
                await self.left(chat_id)
            else:
                await self._note(chat_id)
        except CoreError as error:
            logger.warning("telegram_coming_not_noted", extra={"code": error.code})

    async def on_message(self, message: Message) -> bool:
        """Note where a message came from; True if it tells of nothing but a move."""
        if (old := message.migrate_from_chat_id) is not None:
            await self.moved(old, message.chat.id)
            return True
        if (new := message.migrate_to_chat_id) is not None:
            await self.moved(message.chat.id, new)
            return True
        return False

    async def present(self, message: Message, me: int) -> None:
        """Note that the bot is in a chat, should it have missed that it was called back."""
        gone, chat_id = message.left_chat_member, message.chat.id
        is_farewell = gone is not None and gone.id == me
        if chat_id not in self._present and not is_farewell:
            try:
                await self._note(chat_id)
            except CoreError as error:
                logger.warning("telegram_coming_not_noted", extra={"code": error.code})

    async def left(self, chat_id: int) -> None:
        """Note that nothing can be said in a chat any more; raises CoreErrors."""
        self._present.pop(chat_id, None)
        await self._communities.left(collection_of(chat_id))
        logger.info("telegram_chat_left")

    async def moved(self, old: int, new: int) -> None:
        """Take a group's pictures along to its new number."""
        try:
            await self._communities.moved(collection_of(old), collection_of(new))
        except CoreError as error:
            logger.warning("telegram_move_not_noted", extra={"code": error.code})
        else:
            logger.info("telegram_chat_moved")

    async def _note(self, chat_id: int) -> None:
        await self._communities.present(PREFIX, [collection_of(chat_id)], all_of_them=False)
        self._present[chat_id] = True
