"""The commands below /library."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.core.library import MAX_CAPTION_CHARACTERS
from bot.core.messages import Browse, Filters, Request
from bot.core.texts import texts_for
from bot.frontends.base import ConversationPort, FrontendOptions
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.askers import Asker, person_id_of
from bot.frontends.discord_bot.library import adding, removing, statistics
from bot.frontends.discord_bot.library.channels import ChannelId, ChannelOrThreadId
from bot.frontends.discord_bot.library.parts import (
    RefusedError,
    ShowsAnswers,
    client_of,
    kindly,
    require_admin,
)
from bot.frontends.discord_bot.library.settings_panel import panel
from bot.frontends.discord_bot.library.watch_list import importing, watching

_TAGS_CHARACTERS = 1000


def library_group(
    answers: Answers, conversation: ConversationPort, options: FrontendOptions
) -> app_commands.Group:
    """Build the commands; Discord shows them to those who manage the server."""
    group = app_commands.Group(
        name="library",
        description="Look after the pictures of this server",
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=False, private_channel=False
        ),
    )
    group.add_command(_add(answers, conversation, options))
    _add_channel_commands(group, answers)
    _add_looking_commands(group, answers, conversation)
    return group


def _add(
    answers: Answers, conversation: ConversationPort, options: FrontendOptions
) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(description="Add up to ten pictures")
    @app_commands.describe(
        **{f"image{n}": "A picture" for n in range(1, 11)},
        caption="What they show, for people and for the search",
        tags="Words to find them by, with spaces or commas in between",
    )
    async def add(  # noqa: PLR0917 - Discord has no lists
        interaction: discord.Interaction[Any],
        image1: discord.Attachment,
        image2: discord.Attachment | None = None,
        image3: discord.Attachment | None = None,
        image4: discord.Attachment | None = None,
        image5: discord.Attachment | None = None,
        image6: discord.Attachment | None = None,
        image7: discord.Attachment | None = None,
        image8: discord.Attachment | None = None,
        image9: discord.Attachment | None = None,
        image10: discord.Attachment | None = None,
        caption: app_commands.Range[str, 1, MAX_CAPTION_CHARACTERS] = "",
        tags: app_commands.Range[str, 1, _TAGS_CHARACTERS] = "",
    ) -> None:
        given = (image1, image2, image3, image4, image5, image6, image7, image8, image9, image10)
        images = [image for image in given if image is not None]

        async def work(asker: Asker, outlet: ShowsAnswers) -> None:
            offered = adding.offers(interaction, images, caption, tags)
            await adding.add(conversation, asker, outlet, offered, options.max_upload_bytes)

        await answers.attend(interaction, kindly(work))

    return add


def _add_channel_commands(group: app_commands.Group, answers: Answers) -> None:
    @group.command(name="import", description="Add the pictures that were posted in a channel")
    @app_commands.describe(channel="Which channel, forum or thread")
    async def import_(interaction: discord.Interaction[Any], channel: ChannelOrThreadId) -> None:
        await answers.attend(interaction, importing(interaction, channel))

    @group.command(description="Add the pictures of a channel as they are posted")
    @app_commands.describe(channel="Which channel or forum")
    async def watch(interaction: discord.Interaction[Any], channel: ChannelId) -> None:
        await answers.attend(interaction, watching(interaction, channel, begins=True))

    @group.command(description="Stop watching a channel")
    @app_commands.describe(channel="Which channel or forum")
    async def unwatch(interaction: discord.Interaction[Any], channel: ChannelId) -> None:
        await answers.attend(interaction, watching(interaction, channel, begins=False))


def _add_looking_commands(
    group: app_commands.Group, answers: Answers, conversation: ConversationPort
) -> None:
    @group.command(description="Find pictures and delete some of them")
    @app_commands.describe(query="What the pictures show")
    async def remove(interaction: discord.Interaction[Any], query: str) -> None:
        async def work(asker: Asker, outlet: ShowsAnswers) -> None:
            await removing.show_choice(conversation, query, asker, outlet)

        await answers.attend(interaction, kindly(work))

    @group.command(name="list", description="Look at all pictures, the newest first")
    @app_commands.describe(
        tag="Only pictures with this tag", member="Only pictures that this person has added"
    )
    @app_commands.rename(member="from")
    async def list_(
        interaction: discord.Interaction[Any],
        tag: str = "",
        member: discord.User | None = None,
    ) -> None:
        async def browse(asker: Asker) -> Request:
            require_admin(asker)
            return Browse(Filters(tag, person_id_of(member.id) if member is not None else ""))

        await answers.to_interaction(interaction, browse, only_for_them=True)

    @group.command(description="How many pictures there are, and what else I keep")
    async def stats(interaction: discord.Interaction[Any]) -> None:
        async def work(asker: Asker, outlet: ShowsAnswers) -> None:
            require_admin(asker)
            communities = conversation.communities
            counted = await communities.statistics(asker.collection, asker.person)
            policy = await communities.policy(asker.collection)
            imports = client_of(interaction).importer.running_in(asker.collection)
            text = statistics.told(counted, policy, imports, texts_for(asker.language))
            await outlet.show(text, [], None)

        await answers.attend(interaction, kindly(work))

    @group.command(description="Who may search and add, watched channels, answers")
    async def settings(interaction: discord.Interaction[Any]) -> None:
        async def work(asker: Asker, outlet: ShowsAnswers) -> None:
            require_admin(asker)
            if interaction.guild is None:
                raise RefusedError("no_such_channel")
            policy = await conversation.communities.policy(asker.collection)
            text, view = panel(policy, interaction.guild, texts_for(asker.language))
            await outlet.show(text, [], view)

        await answers.attend(interaction, kindly(work))
