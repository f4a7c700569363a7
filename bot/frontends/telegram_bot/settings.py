"""``/settings`` and ``/language``: how the bot answers in a chat, and who may do what there."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, MessageEntity, User

from bot.core.errors import CoreError, NotAllowedError
from bot.core.policy import Policy
from bot.core.texts import Texts
from bot.frontends.base import ConversationPort
from bot.frontends.telegram_bot import languages
from bot.frontends.telegram_bot.adding import explained
from bot.frontends.telegram_bot.answers import Answers
from bot.frontends.telegram_bot.askers import Asker, Askers
from bot.frontends.telegram_bot.limits import MAX_ALBUM
from bot.frontends.telegram_bot.notes import Notes
from bot.frontends.telegram_bot.people import person_id
from bot.frontends.telegram_bot.sentences import SENTENCES

PRESS = re.compile(r"s:(?:p:(\d{1,2})|([el]))")
_PAGE_SIZES = (0, 1, 3, 5, 8, 10)
MAX_NAMED = 100
_SHOWN = 15

Panel = tuple[str, InlineKeyboardMarkup]


class Settings:
    """Shows and changes the settings of chats and the languages of people."""

    def __init__(
        self, conversation: ConversationPort, answers: Answers, askers: Askers, notes: Notes
    ) -> None:
        self._communities = conversation.communities
        self._answers = answers
        self._askers = askers
        self._notes = notes

    async def show(self, asker: Asker, argument: str, message: Message) -> None:
        """Show the settings, or change who may do what; raises CoreErrors."""
        _require_admin(asker)
        if asker.place.is_group and argument:
            refusal = await self._name(asker, argument.split(maxsplit=1)[0].lower(), message)
            if refusal:
                await self._answers.say(asker.place, refusal)
                return
        text, buttons = await self._panel(asker)
        await self._answers.say(asker.place, text, buttons)

    async def press(self, asker: Asker, message_id: int, press: re.Match[str]) -> str:
        """Do what a button says; returns a word for the person alone."""
        try:
            _require_admin(asker)
            if press[2] == "l":
                await self._answers.change(asker.place, message_id, *await self._menu(asker))
                return ""
            policy = await self._communities.policy(asker.place.collection)
            if press[2] == "e":
                policy = replace(policy, search_groups=frozenset())
            else:
                policy = replace(policy, page_size=min(int(press[1]), MAX_ALBUM))
            await self._change(asker, policy)
            await self._answers.change(asker.place, message_id, *await self._panel(asker))
        except CoreError as error:
            return explained(error, asker.texts).text
        return ""

    async def show_languages(self, asker: Asker) -> None:
        """Offer the languages: in a group an admin chooses for all, else all for themselves."""
        await self._answers.say(asker.place, *await self._menu(asker))

    async def choose_language(
        self, asker: Asker, user: User, message_id: int, press: re.Match[str]
    ) -> str:
        """Answer in another language from now on; returns a word for the person alone."""
        whom, tag = press[1], press[2]
        if not languages.is_spoken(tag):
            return ""
        try:
            if whom == "c":
                _require_admin(asker)
                policy = await self._communities.policy(asker.place.collection)
                await self._change(asker, replace(policy, language=tag))
            else:
                await self._notes.choose_language(asker.user_id, tag)
                self._askers.choice_changed(asker.user_id)
        except CoreError as error:
            return explained(error, asker.texts).text
        language = await self._askers.language(user, asker.place)
        asker = replace(asker, language=language)
        said = languages.told(tag, asker.texts)
        if whom == "c" or not asker.place.is_group:
            await self._answers.change(asker.place, message_id, said)
        return said

    async def _menu(self, asker: Asker) -> Panel:
        for_chat = asker.place.is_group and asker.person.is_admin
        if for_chat:
            chosen = (await self._communities.policy(asker.place.collection)).language
        else:
            chosen = await self._notes.language(asker.user_id)
        text = languages.told(chosen, asker.texts)
        return text, languages.menu(chosen, asker.texts, for_chat=for_chat)

    async def _name(self, asker: Asker, what: str, message: Message) -> str:
        """Give somebody a right, or take it back; returns what is wrong."""
        if what not in {"search", "add"}:
            return ""
        meant = await self._meant(message)
        if meant is None:
            return asker.texts.say(SENTENCES["whom"])
        policy = await self._communities.policy(asker.place.collection)
        number, name = meant
        named = {person_id(number)}
        if what == "search":
            groups = policy.search_groups ^ named
            policy = replace(policy, search_groups=frozenset(sorted(groups)[:MAX_NAMED]))
        else:
            groups = policy.add_groups ^ named
            policy = replace(policy, add_groups=frozenset(sorted(groups)[:MAX_NAMED]))
        await self._notes.name_person(person_id(number), name)
        await self._change(asker, policy)
        return ""

    async def _meant(self, message: Message) -> tuple[int, str] | None:
        """Return whom an admin means: mentioned, or the author of what is replied to."""
        for entity, words in message.parse_entities().items():
            if entity.type == MessageEntity.TEXT_MENTION and entity.user is not None:
                return entity.user.id, entity.user.full_name
            if entity.type == MessageEntity.MENTION:
                # Of a name alone Telegram tells bots nothing more.
                return await self._notes.named(message.chat.id, words.removeprefix("@"))
        answered = message.reply_to_message
        if answered is None or answered.sender_chat is not None or answered.from_user is None:
            return None
        user = answered.from_user
        return None if user.is_bot else (user.id, user.full_name)

    async def _change(self, asker: Asker, policy: Policy) -> None:
        await self._communities.change_policy(asker.place.collection, asker.person, policy)
        self._askers.policy_changed(asker.place.collection)

    async def _panel(self, asker: Asker) -> Panel:
        policy, texts = await self._communities.policy(asker.place.collection), asker.texts
        lines, rows = [], []
        if asker.place.is_group:
            searchers = await self._names(policy.search_groups, texts, "everybody")
            adders = await self._names(policy.add_groups, texts, "nobody")
            lines += [
                texts.say(SENTENCES["who_searches"], people=searchers),
                texts.say(SENTENCES["who_adds"], people=adders),
            ]
            if policy.search_groups:
                everybody = texts.say(SENTENCES["everybody"])
                said = texts.say(SENTENCES["who_searches"], people=everybody)
                rows.append([InlineKeyboardButton(said, callback_data="s:e")])
        usual = texts.say(SENTENCES["as_usual"])
        chosen = policy.language
        if not asker.place.is_group:
            chosen = await self._notes.language(asker.user_id)
        count = str(policy.page_size) if policy.page_size else usual
        lines += [
            texts.say(SENTENCES["page_size"], count=count),
            languages.told(chosen, texts),
        ]
        if asker.place.is_group:
            lines += ["", texts.say(SENTENCES["name_people"])]
        rows.append(
            [
                InlineKeyboardButton(
                    _ticked(str(size) if size else usual, is_chosen=size == policy.page_size),
                    callback_data=f"s:p:{size}",
                )
                for size in _PAGE_SIZES
            ]
        )
        rows.append([InlineKeyboardButton(languages.told(chosen, texts), callback_data="s:l")])
        return "\n".join(lines), InlineKeyboardMarkup(rows)

    async def _names(self, people: Collection[str], texts: Texts, if_none: str) -> str:
        if not people:
            return texts.say(SENTENCES[if_none])
        names = sorted(await self._notes.names(sorted(people)))
        return ", ".join([*names[:_SHOWN], *(["…"] if len(names) > _SHOWN else [])])


def _require_admin(asker: Asker) -> None:
    if not asker.person.is_admin:
        raise NotAllowedError


def _ticked(label: str, *, is_chosen: bool) -> str:
    return f"✓ {label}" if is_chosen else label
