"""Puts a reply into a message: words, pictures, buttons; and what to do when Discord refuses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import discord

from bot.core.messages import Hit, Reply, Tone
from bot.core.sentences import SENTENCES as CORE
from bot.core.texts import Texts
from bot.frontends.discord_bot.limits import (
    ACKNOWLEDGE_WITHIN_S,
    CONTENT_CHARACTERS,
    LOST,
    TOO_LARGE,
    UNKNOWN_INTERACTION,
    clip,
)
from bot.frontends.discord_bot.outlets import NETWORK_ERRORS, Outlet
from bot.frontends.discord_bot.pictures import Attached
from bot.frontends.discord_bot.sentences import SENTENCES

logger = logging.getLogger(__name__)

PAUSE_S = 0.5
"""Before another attempt where Discord is too busy; short, as an interaction has 3 s."""
PARTING_S = 0.4
"""How long a word of regret may take when the bot is stopped."""
_SERVER_ERROR = 500
_LINKS_CHARACTERS = 1300
"""Ten links need about 1000, so that there is always room for the question."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that is ready to be shown."""

    reply: Reply
    pictures: Mapping[int, Attached] = field(default_factory=dict)
    view: discord.ui.View | None = None
    links: str = ""
    """A line with links to the messages the pictures came with."""
    is_markup: bool = False
    """Whether the words are the bot's own markup, nobody else's among them."""

    @property
    def size_bytes(self) -> int:
        """How much there is to send."""
        return sum(len(picture.content) for picture in self.pictures.values())

    @property
    def text(self) -> str:
        """The words, within Discord's limit; nothing in them is taken for markup."""
        said = self.reply.text
        if not self.is_markup:
            said = discord.utils.escape_markdown(said)
        said = clip(said, CONTENT_CHARACTERS - len(self.links) - bool(self.links))
        return f"{said}\n{self.links}" if self.links else said


async def deliver(
    answer: Answer, outlet: Outlet, texts: Texts, *, can_be_smaller: bool = False
) -> bool:
    """Show an answer; tries twice, the second time saying sorry if need be; False if in vain.

    Raises TooLargeError when Discord wants less at once and the answer ``can_be_smaller``.
    """
    for _attempt in range(2):
        try:
            if answer.reply.tone is Tone.ERROR:
                await outlet.refuse(answer.text)
            else:
                files = [picture.file() for picture in answer.pictures.values()]
                await outlet.show(answer.text, files, answer.view)
        except discord.HTTPException as error:
            if error.code in LOST:
                logger.info("discord_answer_came_too_late", extra={"code": error.code})
                return False
            if error.code == TOO_LARGE and answer.pictures and can_be_smaller:
                raise TooLargeError from error
            details: dict[str, object] = {"status": error.status, "code": error.code}
            if isinstance(error, discord.Forbidden):
                logger.info("discord_answer_not_allowed", extra=details)
                if not answer.pictures:
                    return False
                answer = Answer(Reply(texts.say(SENTENCES["cannot_attach"]), Tone.ERROR))
                continue
            if error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= _SERVER_ERROR:
                logger.warning("discord_answer_put_off", extra=details)
                await asyncio.sleep(PAUSE_S)
                continue
            incident = secrets.token_hex(4)
            logger.warning("discord_answer_refused", extra={**details, "incident": incident})
            answer = Answer(apology(texts, incident))
        except NETWORK_ERRORS as error:
            logger.warning("discord_answer_not_sent", extra={"error": type(error).__name__})
        else:
            return True
    return False


async def acknowledge(outlet: Outlet) -> bool:
    """Tell Discord in time that there will be an answer; False if it is too late for one."""
    try:
        async with asyncio.timeout(ACKNOWLEDGE_WITHIN_S):
            for _attempt in range(2):
                try:
                    await outlet.acknowledge()
                except NETWORK_ERRORS as error:
                    # It may have arrived; then Discord says so to the second.
                    details = {"error": type(error).__name__}
                    logger.info("discord_acknowledgement_lost", extra=details)
                else:
                    break
    except discord.HTTPException as error:
        logger.info("discord_acknowledgement_refused", extra={"code": error.code})
        # "Already acknowledged" can be our own word whose receipt was lost: answer all the same.
        return error.code != UNKNOWN_INTERACTION
    except TimeoutError:
        # Perhaps it has arrived after all, and the person sees "thinking …".
        logger.info("discord_acknowledgement_slow")
    return True


async def part(outlet: Outlet, texts: Texts) -> None:
    """Say in a hurry that there will be no answer, as the bot is being stopped."""
    with contextlib.suppress(discord.DiscordException, *NETWORK_ERRORS):
        async with asyncio.timeout(PARTING_S):
            await outlet.refuse(texts.say(CORE["unavailable"]))


class TooLargeError(Exception):
    """Discord takes less at once than it had said."""


def apology(texts: Texts, incident: str) -> Reply:
    """Say sorry for what nobody foresaw."""
    text = texts.say(CORE["unexpected"], incident=incident)
    return Reply(text, Tone.ERROR, code="unexpected")


def links_to(hits: Iterable[Hit], guild_id: int | None, texts: Texts) -> str:
    """Return a line of links to the messages that pictures came with, empty without any."""
    if guild_id is None:
        return ""
    links = ""
    for hit in hits:
        if hit.source_channel is None or hit.source_message is None:
            continue
        place = (
            hit.source_message
            if "/" in hit.source_message
            else (f"{hit.source_channel}/{hit.source_message}")
        )
        link = f"[{hit.rank}](<https://discord.com/channels/{guild_id}/{place}>)"
        if len(links) + len(link) > _LINKS_CHARACTERS:
            break
        links += f" · {link}" if links else link
    return texts.say(SENTENCES["posted"], links=links) if links else ""
