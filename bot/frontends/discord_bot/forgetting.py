"""``/forgetme``: what is stored about a person is deleted, and at their wish their uploads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self, cast

import discord
from discord import app_commands, ui

from bot.core.messages import Reply, Tone
from bot.core.texts import texts_for
from bot.frontends.base import ConversationPort
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.askers import Asker
from bot.frontends.discord_bot.outlets import InteractionOutlet
from bot.frontends.discord_bot.sentences import SENTENCES

if TYPE_CHECKING:
    from bot.frontends.discord_bot.client import BotClient

_FORGET = re.compile(r"forget-(?P<what>questions|all|nothing)")


class ForgetButton(ui.DynamicItem[ui.Button[ui.View]], template=_FORGET):
    """Decides what is deleted; stands in a message that only one person sees."""

    def __init__(
        self, label: str, what: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary
    ) -> None:
        super().__init__(ui.Button(label=label, custom_id=f"forget-{what}", style=style))
        self._what = what

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message."""
        return cls(cast("ui.Button[ui.View]", item).label or "", match["what"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Delete, or leave it."""
        client = cast("BotClient", interaction.client)
        communities, what = client.conversation.communities, self._what

        async def done(asker: Asker) -> Reply:
            texts = texts_for(asker.language)
            if what == "nothing":
                return Reply(texts.say(SENTENCES["kept"]), Tone.DONE)
            await communities.forget(asker.person, with_uploads=what == "all")
            return Reply(texts.say(SENTENCES["forgotten"]), Tone.DONE)

        await client.answers.in_place(interaction, done)


def is_known(custom_id: str) -> bool:
    """Tell whether a component is one of these buttons."""
    return _FORGET.fullmatch(custom_id) is not None


def forgetme_command(
    answers: Answers, conversation: ConversationPort
) -> app_commands.Command[Any, ..., None]:
    """Return the command."""

    async def offer(asker: Asker, outlet: InteractionOutlet) -> None:
        texts = texts_for(asker.language)
        count = await conversation.communities.uploads_of(asker.person)
        lines = [texts.say(SENTENCES["forget"])]
        view = ui.View(timeout=None)
        view.add_item(ForgetButton(texts.say(SENTENCES["forget_questions"]), "questions"))
        if count:
            lines.append(
                texts.count(
                    "You have added {number} picture, here and elsewhere together.",
                    "You have added {number} pictures, here and elsewhere together.",
                    count,
                )
            )
            label = texts.say(SENTENCES["forget_all"])
            view.add_item(ForgetButton(label, "all", discord.ButtonStyle.danger))
        view.add_item(ForgetButton(texts.say(SENTENCES["forget_cancel"]), "nothing"))
        await outlet.show("\n".join(lines), [], view)

    @app_commands.command(description="Delete what I keep about you")
    async def forgetme(interaction: discord.Interaction[Any]) -> None:
        await answers.attend(interaction, offer)

    return forgetme
