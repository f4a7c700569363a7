"""Taking in the pictures that were posted in a channel."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import discord
from yarl import URL

from bot.core.errors import PictureRefusedError, UnavailableError
from bot.core.messages import Person, Upload
from bot.frontends.base import ConversationPort
from bot.frontends.discord_bot.askers import person_id_of
from bot.frontends.discord_bot.library.parts import collection_of
from bot.frontends.discord_bot.library.patience import Pace, insist
from bot.frontends.discord_bot.limits import clip
from bot.frontends.discord_bot.picture_links import LinkKind, PictureLink, download, pictures_of
from bot.frontends.discord_bot.visibility import source_channel_of, source_message_of

AT_ONCE = 4
"""Pictures in memory for one import, and downloads under way for it."""
DOWNLOAD_TRIES = 3
CAPTION_CHARACTERS = 200
DELETED_KEPT = 20_000
_BY_PEOPLE = (discord.MessageType.default, discord.MessageType.reply)
_NOT_WORDS = re.compile(r"<a?:\w+:\d+>|https?://\S+")


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of pictures."""

    added: int = 0
    known: int = 0
    refused: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.added + other.added, self.known + other.known, self.refused + other.refused
        )


class Deletions:
    """Messages deleted of late, so that none of their pictures comes in afterwards."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, None] = OrderedDict()

    def note(self, message_ids: Iterable[int]) -> None:
        """Remember deleted messages."""
        self._known.update(dict.fromkeys(message_ids))
        while len(self._known) > DELETED_KEPT:
            self._known.popitem(last=False)

    def among(self, messages: Iterable[discord.Message]) -> list[str]:
        """Return the ids of those that are deleted."""
        return [str(message.id) for message in messages if message.id in self._known]


class Intake:
    """Downloads pictures and hands them to the core."""

    def __init__(
        self,
        conversation: ConversationPort,
        deletions: Deletions,
        max_upload_bytes: int,
        pace: Pace,
    ) -> None:
        self._communities = conversation.communities
        self._deletions = deletions
        self._max_bytes = max_upload_bytes
        self._pace = pace

    async def take(self, guild_id: int, messages: Sequence[discord.Message]) -> Tally:
        """Store the pictures of messages; when it returns they are safe.

        Raises UnavailableError; nothing is lost or doubled by trying again.
        """
        collection, tally = collection_of(guild_id), Tally()
        pairs = ((message, link) for message in messages for link in posted_pictures(message))
        while chunk := list(islice(pairs, AT_ONCE)):
            contents = await asyncio.gather(*(self._fetch(link) for _, link in chunk))
            fetched = [
                (message, upload_of(message, link, content))
                for (message, link), content in zip(chunk, contents, strict=True)
                if content is not None
            ]
            tally += Tally(refused=len(chunk) - len(fetched))
            for _, group in groupby(fetched, key=lambda pair: pair[0].author.id):
                tally += await self._store(collection, list(group))
        await self._leave_out_deleted(collection, messages)
        return tally

    async def _fetch(self, link: PictureLink) -> bytes | None:
        """Return a picture, None for one that cannot be had."""

        async def attempt() -> bytes:
            return await download(link, self._max_bytes, self._pace.download_timeout_s)

        try:
            return await insist(attempt, self._pace.pauses(DOWNLOAD_TRIES - 1))
        except (PictureRefusedError, UnavailableError):
            return None

    async def _store(
        self, collection: str, pictures: Sequence[tuple[discord.Message, Upload]]
    ) -> Tally:
        author = pictures[0][0].author
        person = Person(person_id_of(author.id), author.display_name)
        uploads = [upload for _, upload in pictures]
        added = await self._communities.take_in(collection, person, uploads)
        if any(item.refusal == "unavailable" for item in added):
            raise UnavailableError(part="store")
        refused = sum(item.refusal is not None for item in added)
        new = sum(item.is_new and item.refusal is None for item in added)
        return Tally(new, len(added) - new - refused, refused)

    async def _leave_out_deleted(
        self, collection: str, messages: Sequence[discord.Message]
    ) -> None:
        gone = self._deletions.among(messages)
        if gone:
            place = messages[0].channel
            written = [source_message_of(place, int(number)) for number in gone]
            await self._communities.messages_deleted(collection, source_channel_of(place), written)


def posted_pictures(message: discord.Message) -> list[PictureLink]:
    """Return the pictures that a person has posted: no previews of links, emojis or stickers."""
    if not (message.attachments or message.embeds or message.message_snapshots):
        return []  # nearly all messages
    is_persons = not message.author.bot and message.webhook_id is None
    if not is_persons or message.type not in _BY_PEOPLE:
        return []
    links = pictures_of(message)
    shown: set[str] | None = None
    posted = []
    for link in links:
        if link.kind is LinkKind.EMBED and shown is None:
            shown = set(_bare_pictures(message))
        is_bare = link.kind is LinkKind.EMBED and shown and URL(link.url).path in shown
        if link.is_readable and (link.kind is LinkKind.ATTACHMENT or is_bare):
            posted.append(link)
    return posted


def upload_of(
    message: discord.Message, link: PictureLink, content: bytes, tags: tuple[str, ...] = ()
) -> Upload:
    """Make an upload of a picture in a message."""
    return Upload(
        content,
        link.filename,
        caption_of(message, link),
        tags,
        source_channel=source_channel_of(message.channel),
        source_message=source_message_of(message.channel, message.id),
    )


def caption_of(message: discord.Message, link: PictureLink) -> str:
    """Return what a picture shows: its alt text, else the beginning of what was said with it."""
    if link.description:
        return link.description
    said = discord.utils.remove_markdown(_NOT_WORDS.sub(" ", message.clean_content))
    said = " ".join(said.split())
    if len(said) <= CAPTION_CHARACTERS:
        return said
    words = said[:CAPTION_CHARACTERS].rpartition(" ")[0]
    return f"{words.rstrip(' ,;:')} …" if words else clip(said, CAPTION_CHARACTERS)


def _bare_pictures(message: discord.Message) -> Iterator[str]:
    """Yield where the pictures are whose bare address was posted."""
    everything: list[discord.Message | discord.MessageSnapshot] = [message]
    for written in everything + list(message.message_snapshots):
        for embed in written.embeds:
            if embed.type == "image":
                for picture in (embed.image, embed.thumbnail):
                    for address in (picture.proxy_url, picture.url):
                        if address:
                            yield URL(address).path
