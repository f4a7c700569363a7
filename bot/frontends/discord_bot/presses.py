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
from bot.frontends.discord_bot.outlets import NETWORK_ERRORS, PageOutlet
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
        elif share or isinstance(request, MoreLikeThis):
            is_private = message.flags.ephemeral and not share
            await self._answers.to_interaction(interaction, request, only_for_them=is_private)
        elif isinstance(request, Delete):
            await self._delete(interaction, message, request)
        else:
            await self._answers.in_place(interaction, self._page(interaction, request))

    def _page(self, interaction: discord.Interaction[Any], request: More | NotThis) -> Source:
        outlet = PageOutlet(interaction)

        async def page(asker: Asker) -> Reply:
            reply = await self._answers.last_reply(asker, request, outlet)
            if reply.hits:
                return reply
            if isinstance(request, More) and reply.tone is Tone.ANSWER:
                # The page has become empty, for instance by deletions: begin again.
                return await self._answers.last_reply(asker, More(request.token, 0), outlet)
            # What is shown is better than nothing: leave it, and say why beside it.
            return replace(reply, tone=Tone.ERROR)

        return page

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
            for page in (shown, More(shown.token, 0)):
                left = await self._answers.last_reply(asker, page, outlet)
                if left.hits:
                    aside = reply.text
                    return left
            return reply

        await self._answers.in_place(interaction, rest)
        if aside:
            with contextlib.suppress(discord.DiscordException, *NETWORK_ERRORS):
                await interaction.followup.send(
                    discord.utils.escape_markdown(aside), ephemeral=True
                )
