"""Who asks, where, and in which language they are answered."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import TTLCache
from telegram import CallbackQuery, Message, User

from bot.core.errors import CoreError
from bot.core.messages import Incoming, Person, Request
from bot.core.policy import DEFAULT_POLICY, Policy
from bot.core.texts import Texts, texts_for
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot.notes import Notes
from bot.frontends.telegram_bot.people import People
from bot.frontends.telegram_bot.places import Place

_REMEMBERED_S = 60.0
_MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who wants something."""

    person: Person
    place: Place
    language: str
    user_id: int = 0
    """0 for those who speak as a chat: they have no private one."""
    username: str = ""

    @property
    def texts(self) -> Texts:
        """The sentences in their language."""
        return texts_for(self.language)

    def asks(self, request: Request, page_size: int) -> Incoming:
        """Return a request for the core."""
        return Incoming(
            self.place.collection,
            self.person,
            self.language,
            request,
            page_size,
            is_public=self.place.is_group,
            from_anybody=True,
        )


class Askers:
    """Knows the languages that people and groups have chosen, and who has spoken where."""

    def __init__(self, people: People, notes: Notes, conversation: ConversationPort) -> None:
        self._people = people
        self._notes = notes
        self._conversation = conversation
        self._chosen: TTLCache[int, str] = TTLCache(_MAX_REMEMBERED, _REMEMBERED_S)
        self._policies: TTLCache[str, Policy] = TTLCache(_MAX_REMEMBERED, _REMEMBERED_S)
        self._seen: TTLCache[tuple[int, int], bool] = TTLCache(_MAX_REMEMBERED, 3600)

    async def of_message(self, message: Message) -> Asker | None:
        """Return who wrote a message; None for other bots."""
        person = await self._people.sender(message)
        if person is None:
            return None
        user = message.from_user if message.sender_chat is None else None
        return await self._asker(person, Place.of(message), user)

    async def of_press(self, query: CallbackQuery, message: Message) -> Asker:
        """Return who pressed a button."""
        person = await self._people.member(query.from_user, message.chat)
        return await self._asker(person, Place.below(message), query.from_user)

    async def _asker(self, person: Person, place: Place, user: User | None) -> Asker:
        if user is not None and place.is_group:
            await self._note_seen(user, place.chat_id)
        language = await self.language(user, place)
        if user is None:
            return Asker(person, place, language)
        return Asker(person, place, language, user.id, user.username or "")

    async def language(self, user: User | None, place: Place | None = None) -> str:
        """Return the language to answer in: chosen by the person, by the group, of their app."""
        if user is not None and (chosen := await self._choice(user.id)):
            return chosen
        if place is not None and place.is_group:
            policy = await self._policy(place.collection)
            if policy.language:
                return policy.language
        return (user.language_code if user is not None else None) or "en"

    def choice_changed(self, user_id: int) -> None:
        """Look up anew what somebody has chosen."""
        self._chosen.pop(user_id, None)

    def policy_changed(self, collection: str) -> None:
        """Look up anew what a group has chosen."""
        self._policies.pop(collection, None)

    def forget(self, user_id: int) -> None:
        """Forget what is remembered here of a person."""
        self._chosen.pop(user_id, None)
        for known in [one for one in self._seen if one[0] == user_id]:
            self._seen.pop(known, None)

    async def _choice(self, user_id: int) -> str:
        chosen = self._chosen.get(user_id)
        if chosen is None:
            chosen = self._chosen[user_id] = await self._notes.language(user_id)
        return chosen

    async def _policy(self, collection: str) -> Policy:
        policy = self._policies.get(collection)
        if policy is None:
            try:
                policy = await self._conversation.communities.policy(collection)
            except CoreError:
                # The core will say what is wrong; until then the app's language will do.
                return DEFAULT_POLICY
            self._policies[collection] = policy
        return policy

    async def _note_seen(self, user: User, chat_id: int) -> None:
        if (user.id, chat_id) not in self._seen:
            await self._notes.seen(user.id, chat_id, user.username or "", user.full_name)
            self._seen[user.id, chat_id] = True
