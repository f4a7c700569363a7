"""What the buttons and lists below an answer do."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord

from bot.core.commands import Command
from bot.core.messages import Delete, More, MoreLikeThis, NotThis, Reply, Tone
from bot.core.texts import texts_for
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.askers import Asker
from bot.frontends.discord_bot.components import place_of
from bot.frontends.discord_bot.outlets import (
    NETWORK_ERRORS,
    InteractionOutlet,
    Outlet,
    PageOutlet,
)
from bot.frontends.discord_bot.sentences import SENTENCES

Source = Callable[[Asker], Awaitable[Reply]]


class Presses:
    """Does what the components say, for those they are meant for."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def on_press(
        self,
        interaction: discord.Interaction[Any],
        request: Command | None,
        owner: int,
        *,
        share: bool = False,
    ) -> None:
        """Do one thing; ``owner`` 0 means that anybody may."""
        message = interaction.message
        if request is None or message is None:
            await self._answers.say_expired(interaction)
        elif owner not in {0, interaction.user.id}:
            texts = texts_for(str(interaction.locale))
            await self._answers.tell(interaction, texts.say(SENTENCES["not_yours"]))
        elif share and isinstance(request, More):
            await self._answers.to_interaction(interaction, self._shared(interaction, request))
        elif isinstance(request, MoreLikeThis):
            is_private = message.flags.ephemeral
            await self._answers.to_interaction(interaction, request, only_for_them=is_private)
        elif isinstance(request, Delete):
            await self._delete(interaction, message, request)
        else:
            await self._answers.in_place(interaction, self._page(interaction, request))

    def _page(self, interaction: discord.Interaction[Any], request: More | NotThis) -> Source:
        outlet = PageOutlet(interaction)

        async def page(asker: Asker) -> Reply:
            reply = await self._found(asker, request, outlet)
            if reply.hits or isinstance(request, NotThis):
                return reply
            # What is shown is better than nothing: leave it, and say why beside it.
            return replace(reply, tone=Tone.ERROR)

        return page

    def _shared(self, interaction: discord.Interaction[Any], request: More) -> Source:
        outlet = InteractionOutlet(interaction, is_private=False)

        async def page(asker: Asker) -> Reply:
            reply = await self._found(asker, request, outlet)
            if reply.hits or reply.tone is not Tone.ANSWER:
                return reply
            # Nothing of it may be shown to everybody; that is nobody else's business.
            texts = texts_for(asker.language)
            return Reply(texts.say(SENTENCES["nothing_to_share"]), Tone.ERROR)

        return page

    async def _found(self, asker: Asker, request: More | NotThis, outlet: Outlet) -> Reply:
        """Return a page; where it is empty, for instance by deletions, the first one."""
        reply = await self._answers.last_reply(asker, request, outlet)
        if reply.hits or reply.tone is not Tone.ANSWER or not request.offset:
            return reply
        return await self._answers.last_reply(asker, replace(request, offset=0), outlet)

    async def _delete(
        self, interaction: discord.Interaction[Any], message: discord.Message, request: Delete
    ) -> None:
        shown = place_of(message)
        outlet = PageOutlet(interaction)
        aside = ""

        async def rest(asker: Asker) -> Reply:
            nonlocal aside
            reply = await self._answers.last_reply(asker, request, outlet)
            if reply.tone is not Tone.DONE or shown is None:
                return reply
            left = await self._found(asker, shown, outlet)
            if left.hits:
                aside = reply.text
                return left
            # With nothing to put in its place, the others stay rather than go with it.
            return replace(reply, tone=Tone.ERROR) if left.tone is Tone.ERROR else reply

        await self._answers.in_place(interaction, rest)
        if aside:
            with contextlib.suppress(discord.DiscordException, *NETWORK_ERRORS):
                await interaction.followup.send(
                    discord.utils.escape_markdown(aside), ephemeral=True
                )
