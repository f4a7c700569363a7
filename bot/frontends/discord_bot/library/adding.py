"""Adding pictures that an admin, or somebody with a role for it, hands over."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import discord
from discord import app_commands

from bot.core.errors import CoreError, NotAllowedError, PictureRefusedError
from bot.core.messages import Add, Incoming, Reply, Tone, Upload
from bot.core.policy import may_add
from bot.core.replies import explain
from bot.core.sentences import SENTENCES as CORE_SENTENCES
from bot.core.texts import texts_for
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot.answers import PROGRESS_EVERY_S, Answers
from bot.frontends.discord_bot.askers import Asker
from bot.frontends.discord_bot.library.channels import age_restricted
from bot.frontends.discord_bot.library.intake import upload_of
from bot.frontends.discord_bot.library.parts import ShowsAnswers, kindly, shown
from bot.frontends.discord_bot.library.patience import NETWORK_ERRORS
from bot.frontends.discord_bot.picture_links import (
    LinkKind,
    PictureLink,
    download,
    link_of,
    pictures_of,
)
from bot.frontends.discord_bot.visibility import source_channel_of

DOWNLOAD_TIMEOUT_S = 60.0
"""A picture to keep is worth waiting for; the person sees that it takes a while."""
_BETWEEN_TAGS = re.compile(r"[\s,;،、，；]+")


@dataclass(frozen=True, slots=True)
class Offered:
    """A picture to add: where it is, and the upload that it will be."""

    link: PictureLink
    upload: Upload


class _Shower:
    """Shows passing words, not too often, and none of what takes no time."""

    def __init__(self, outlet: ShowsAnswers) -> None:
        self._outlet = outlet
        self._shown_at = asyncio.get_running_loop().time()

    async def show(self, text: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._shown_at >= PROGRESS_EVERY_S:
            self._shown_at = now
            try:
                await self._outlet.show_progress(text)
            except (discord.DiscordException, *NETWORK_ERRORS):
                return


def add_to_library_menu(
    answers: Answers, conversation: ConversationPort, options: FrontendOptions
) -> app_commands.ContextMenu:
    """Build the command in the menu of a message."""

    @app_commands.context_menu(name="Add to library")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def add_to_library(
        interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        async def work(asker: Asker, outlet: ShowsAnswers) -> None:
            offered = [Offered(link, upload_of(message, link, b"")) for link in _meant(message)]
            await add(conversation, asker, outlet, offered, options.max_upload_bytes)

        await answers.attend(interaction, kindly(work))

    return add_to_library


def offers(
    interaction: discord.Interaction[Any],
    attachments: Sequence[discord.Attachment],
    caption: str,
    tags: str,
) -> list[Offered]:
    """Make offers of what was given with a command: for everybody, from wherever it came."""
    confined_to: str | None = None
    if age_restricted(interaction):
        place = interaction.channel or discord.Object(interaction.channel_id or 0)
        confined_to = source_channel_of(place)
    words = tuple(filter(None, _BETWEEN_TAGS.split(tags)))
    return [
        Offered(
            link_of(attachment),
            Upload(b"", attachment.filename, caption, words, source_channel=confined_to),
        )
        for attachment in attachments
    ]


async def add(
    conversation: ConversationPort,
    asker: Asker,
    outlet: ShowsAnswers,
    offered: Sequence[Offered],
    max_bytes: int,
) -> None:
    """Download pictures and add them, for those who may; show what became of each."""
    policy = await conversation.communities.policy(asker.collection)
    if not may_add(asker.person, policy):
        raise NotAllowedError
    texts, shower = texts_for(asker.language), _Shower(outlet)
    total, done = len(offered), 0

    async def fetch(offer: Offered) -> Upload | CoreError:
        nonlocal done
        try:
            content = await download(offer.link, max_bytes, DOWNLOAD_TIMEOUT_S)
        except CoreError as error:
            return error
        finally:
            done += 1
            await shower.show(texts.say(CORE_SENTENCES["adding"], done=done, total=total))
        return replace(offer.upload, content=content)

    fetched = await asyncio.gather(*(fetch(offer) for offer in offered))
    uploads = tuple(item for item in fetched if isinstance(item, Upload))
    lines = []
    if uploads or not offered:
        request = Incoming(asker.collection, asker.person, asker.language, Add(uploads))
        lines.append((await _last(conversation, request, shower)).text)
    for offer, item in zip(offered, fetched, strict=True):
        if isinstance(item, CoreError):
            reason = explain(item, texts).text
            if not isinstance(item, PictureRefusedError):
                reason = texts.say(CORE_SENTENCES["unavailable"])
            name = offer.upload.filename
            lines.append(f"{name}: {reason}" if name else reason)
    await outlet.show(shown("\n".join(lines)), [], None)


async def _last(conversation: ConversationPort, request: Incoming, shower: _Shower) -> Reply:
    reply = Reply("")
    async for reply in conversation.handle(request):
        if reply.tone is Tone.PROGRESS:
            await shower.show(shown(reply.text))
    return reply


def _meant(message: discord.Message) -> list[PictureLink]:
    """Return the pictures of a message; its stickers and emojis only if there is nothing else."""
    links = pictures_of(message)
    pictures = [link for link in links if link.kind in {LinkKind.ATTACHMENT, LinkKind.EMBED}]
    return pictures or links
