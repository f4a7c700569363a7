"""What the bot hears and reads of the messages on the fake Discord."""

from __future__ import annotations

from io import BytesIO

import discord
import pytest
from PIL import Image

from tests.acceptance.discord_bare import BareBot, connected
from tests.acceptance.discord_people import DiscordPerson, NotShownError
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild, Overwrite, PictureEmbed, Sticker

PICTURE = UploadedFile("cat.png", b"\x89PNG cat", "a cat")


def reading() -> BareBot:
    """Make a bot that asks for the message content."""
    intents = discord.Intents.default()
    intents.message_content = True
    return BareBot(intents=intents)


async def test_without_the_intent_only_what_is_meant_for_the_bot_is_told(
    server: DiscordServer, guild: Guild, member: DiscordPerson
) -> None:
    mention = f"<@{server.application_id}>"
    async with connected(BareBot()) as bot:
        sticker = Sticker("wave", b"wave")
        other = await member.post("us", PICTURE, stickers=[sticker], embeds=[PictureEmbed(PICTURE)])
        heard = await bot.hear("message")
        assert (heard.content, heard.attachments, heard.stickers, heard.embeds) == ("", [], [], [])
        await member.mention("you", PICTURE)
        heard = await bot.hear("message")
        assert heard.content == f"{mention} you"
        assert heard.mentions[0].id == server.application_id
        assert await heard.attachments[0].read() == PICTURE.content
        await member.in_direct().post("alone")
        assert (await bot.hear("message")).content == "alone"
        await member.edit(other, "changed")
        assert (await bot.hear("raw_message_edit")).data["content"] == ""
        await member.edit(other, f"{mention} changed")
        assert (await bot.hear("raw_message_edit")).data["content"] == f"{mention} changed"
        channel = bot.get_channel(guild.channel_id)
        assert isinstance(channel, discord.TextChannel)
        hidden = await member.post("not for you")
        assert (await channel.fetch_message(hidden.id)).content == ""
        assert (await channel.fetch_message(other.id)).attachments


async def test_replies_mention_unless_that_is_turned_off(
    server: DiscordServer, guild: Guild, member: DiscordPerson
) -> None:
    async with connected(BareBot()) as bot:
        channel = bot.get_channel(guild.channel_id)
        assert isinstance(channel, discord.TextChannel)
        view = discord.ui.View().add_item(discord.ui.Button(label="x", custom_id="old"))
        await channel.send("answer", view=view)
        assert (await bot.hear("message")).author == bot.user
        answer = next(iter(server.messages.values()))
        await member.reply(answer, "and now?")
        heard = await bot.hear("message")
        assert (heard.content, heard.mentions) == ("and now?", [bot.user])
        original = heard.reference.resolved
        assert (original.id, original.content) == (answer.id, "answer")
        assert original.components[0].children[0].custom_id == "old"
        quiet = await member.reply(answer, "and now?", ping=False)
        heard = await bot.hear("message")
        assert (heard.content, heard.mentions) == ("", [])
        assert heard.reference.message_id == answer.id
        await member.edit(quiet, "still")
        assert (await bot.hear("raw_message_edit")).data["edited_timestamp"]


async def test_with_the_intent_all_is_told(
    server: DiscordServer, guild: Guild, member: DiscordPerson
) -> None:
    server.message_content = True
    emoji = server.add_emoji(guild, "blob", b"blob", is_animated=True)
    drawn = BytesIO()
    Image.new("RGB", (3, 2)).save(drawn, "PNG")
    picture = UploadedFile("cat.png", drawn.getvalue())
    async with connected(reading()) as bot:
        assert bot.application_flags.gateway_message_content
        posted = await member.post(
            f"look {emoji.text}",
            picture,
            stickers=[Sticker("wave", b"wave")],
            embeds=[PictureEmbed(PICTURE, "title", "thumbnail")],
        )
        heard = await bot.hear("message")
        assert heard.id == posted.id
        assert await heard.attachments[0].read() == picture.content
        assert (heard.attachments[0].width, heard.attachments[0].height) == (3, 2)
        assert heard.attachments[0].content_type == "image/png"
        assert await heard.stickers[0].read() == b"wave"
        proxied = heard.embeds[0].thumbnail.proxy_url
        assert await bot.http.get_from_cdn(proxied) == PICTURE.content
        found = discord.PartialEmoji.from_str(emoji.text)
        assert await bot.http.get_from_cdn(found.url) == b"blob"
        server.expire_links()
        with pytest.raises(discord.NotFound):
            await heard.attachments[0].read()
        channel = bot.get_channel(guild.channel_id)
        assert isinstance(channel, discord.TextChannel)
        fresh = await channel.fetch_message(posted.id)
        assert await fresh.attachments[0].read() == picture.content


async def test_the_intent_has_to_be_granted(server: DiscordServer) -> None:
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with connected(reading()):
            pass


async def test_the_intent_has_to_be_asked_for_at_the_gateway_only(
    server: DiscordServer, guild: Guild, member: DiscordPerson
) -> None:
    server.message_content = True
    async with connected(BareBot()) as bot:
        posted = await member.post("us")
        assert (await bot.hear("message")).content == ""
        channel = bot.get_channel(guild.channel_id)
        assert isinstance(channel, discord.TextChannel)
        assert (await channel.fetch_message(posted.id)).content == "us"


async def test_deletions_are_told(
    server: DiscordServer, guild: Guild, member: DiscordPerson, admin: DiscordPerson
) -> None:
    async with connected(BareBot()) as bot:
        first, *others = [await member.post(str(number)) for number in range(4)]
        with pytest.raises(NotShownError):
            await DiscordPerson(server, "Kim", guild).delete(first)
        await member.delete(first)
        deleted = await bot.hear("raw_message_delete")
        assert (deleted.message_id, deleted.guild_id) == (first.id, guild.id)
        assert first.is_deleted
        await admin.delete(others[0])
        await bot.hear("raw_message_delete")
        await server.bulk_delete(others[1:])
        deleted = await bot.hear("raw_bulk_message_delete")
        assert deleted.message_ids == {message.id for message in others[1:]}
        assert server.messages == {}
        with pytest.raises(NotShownError):
            await member.reply(first, "?")


async def test_nothing_is_told_of_channels_the_bot_does_not_see(
    server: DiscordServer, guild: Guild, member: DiscordPerson
) -> None:
    hide = Overwrite(server.application_id, 1, deny=1 << 10)
    channel = guild.add_channel("vault", overwrites=[hide])
    async with connected(BareBot()) as bot:
        message = await member.in_channel(channel).mention("hidden")
        await member.in_channel(channel).delete(message)
        await member.mention("seen")
        assert (await bot.hear("message")).content.endswith("seen")
