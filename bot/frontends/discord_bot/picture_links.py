"""Pictures on their way in: where a message has them, and their bytes.

Whoever writes a message chooses the addresses in it, and those could lead into the network the
bot runs in. So nothing is fetched but from Discord's own hosts, and no redirect is followed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import aiohttp
import discord
from yarl import URL

from bot.core.errors import PictureRefusedError, UnavailableError

if TYPE_CHECKING:
    from discord.http import HTTPClient

_HOSTS = (
    "cdn.discordapp.com",
    "media.discordapp.net",
    "images-ext-1.discordapp.net",
    "images-ext-2.discordapp.net",
)
_ENDINGS = frozenset(
    {".apng", ".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
_EMOJI = re.compile(r"<(?P<animated>a?):(?P<name>\w{1,32}):(?P<id>\d{13,20})>")
_CHUNK_BYTES = 2**16
_WORTH_ANOTHER_TRY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)

_Written = discord.Message | discord.MessageSnapshot


class LinkKind(StrEnum):
    """What a picture is in the message that it was found in."""

    ATTACHMENT = "attachment"
    EMBED = "embed"
    """From an embed or a gallery: the preview of a link, or what a bot has put there."""
    STICKER = "sticker"
    EMOJI = "emoji"


@dataclass(frozen=True, slots=True)
class PictureLink:
    """A picture that can be downloaded."""

    kind: LinkKind
    url: str
    http: HTTPClient = field(repr=False, compare=False)
    """The client's own, for its connections and its proxy."""
    filename: str = ""
    size_bytes: int | None = None
    """As Discord says; None where it does not."""
    description: str = ""
    """Alt text, or the name of a sticker or an emoji."""
    is_readable: bool = True
    """False for stickers that are programs (Lottie) instead of pictures."""


def pictures_of(message: discord.Message) -> list[PictureLink]:
    """Return a message's pictures, each once: attachments first, forwarded ones last."""
    http = message._state.http
    links: dict[str, PictureLink] = {}
    everything: list[_Written] = [message, *message.message_snapshots]
    for written in everything:
        for link in _written_in(written, http):
            # An attachment can be shown in an embed once more, then from another host.
            links.setdefault(URL(link.url).path, link)
    return list(links.values())


def picture_of(message: discord.Message) -> PictureLink | None:
    """Return the picture that somebody means who points at a message, for ``download``."""
    links = pictures_of(message)
    return next((link for link in links if link.is_readable), links[0] if links else None)


def link_of(attachment: discord.Attachment) -> PictureLink:
    """Return where an attachment is, whatever it is."""
    return PictureLink(
        LinkKind.ATTACHMENT,
        attachment.url,
        attachment._http,
        attachment.filename,
        attachment.size,
        attachment.description or "",
    )


def first_picture(attachments: Iterable[discord.Attachment]) -> discord.Attachment | None:
    """Return the first attachment that looks like a picture."""
    return next(filter(_is_picture, attachments), None)


async def download(
    link: PictureLink | discord.Attachment | None, max_bytes: int, timeout_s: float
) -> bytes:
    """Return a picture's bytes; raises PictureRefusedError, UnavailableError."""
    if link is None:
        raise PictureRefusedError("not_a_picture")
    if isinstance(link, discord.Attachment):
        link = link_of(link)
    if not link.is_readable:
        raise PictureRefusedError("unsupported")
    if link.size_bytes is not None and link.size_bytes > max_bytes:
        raise PictureRefusedError("too_large")
    if not is_discords(link.url):
        raise PictureRefusedError("missing")
    try:
        async with asyncio.timeout(timeout_s):
            return await _fetch(link, max_bytes)
    except (aiohttp.ClientError, OSError) as error:
        raise UnavailableError(part="discord_cdn") from error


def is_discords(address: str) -> bool:
    """Tell whether an address is one of Discord's own file servers."""
    try:
        origin = URL(address).origin()
    except ValueError:
        return False
    ours = (*(f"https://{host}" for host in _HOSTS), discord.Asset.BASE)
    return any(origin == URL(one).origin() for one in ours)


async def _fetch(link: PictureLink, max_bytes: int) -> bytes:
    # The library's ``get_from_cdn`` follows redirects, and reads all there is, however much.
    connector = link.http.connector or None
    if connector is not None and connector.closed:  # the bot is being stopped
        raise UnavailableError(part="discord_cdn")
    async with (
        aiohttp.ClientSession(
            connector=connector,
            connector_owner=connector is None,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session,
        session.get(
            link.url,
            allow_redirects=False,
            proxy=link.http.proxy,
            proxy_auth=link.http.proxy_auth,
            headers={"Accept-Encoding": "identity"},
        ) as response,
    ):
        if response.status >= 500 or response.status in _WORTH_ANOTHER_TRY:
            raise UnavailableError(part="discord_cdn")
        if response.status != HTTPStatus.OK:
            raise PictureRefusedError("missing")
        if (response.content_length or 0) > max_bytes:
            raise PictureRefusedError("too_large")
        content = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            content += chunk
            if len(content) > max_bytes:
                raise PictureRefusedError("too_large")
        return bytes(content)


# --- Where pictures are ---------------------------------------------------------------------


def _written_in(message: _Written, http: HTTPClient) -> Iterator[PictureLink]:
    yield from map(link_of, filter(_is_picture, message.attachments))
    for embed in message.embeds:
        for shown in (embed.image, embed.thumbnail):
            yield from _shown(shown.proxy_url, shown.url, None, http)
    # The library leaves the attribute out where Discord leaves out the field.
    yield from _in_components(getattr(message, "components", ()), http)
    for sticker in message.stickers:
        is_readable = sticker.format is not discord.StickerFormatType.lottie
        yield PictureLink(
            LinkKind.STICKER,
            sticker.url,
            http,
            _filename(sticker.url),
            description=sticker.name,
            is_readable=is_readable,
        )
    for found in _EMOJI.finditer(message.content):
        emoji = discord.PartialEmoji(
            name=found["name"], id=int(found["id"]), animated=bool(found["animated"])
        )
        filename = _filename(emoji.url)
        yield PictureLink(LinkKind.EMOJI, emoji.url, http, filename, description=emoji.name)


def _in_components(
    components: Iterable[discord.Component], http: HTTPClient
) -> Iterator[PictureLink]:
    for component in components:
        match component:
            case discord.MediaGalleryComponent():
                for item in component.items:
                    yield from _media(item.media, item.description, http)
            case discord.ThumbnailComponent():
                yield from _media(component.media, component.description, http)
            case discord.SectionComponent():
                yield from _in_components([component.accessory], http)
            case discord.Container():
                yield from _in_components(component.children, http)


def _media(
    media: discord.UnfurledMediaItem, description: str | None, http: HTTPClient
) -> Iterator[PictureLink]:
    if (media.content_type or "image/").startswith("image/"):
        yield from _shown(media.proxy_url, media.url, description, http)


def _shown(
    proxy_url: str | None, url: str | None, description: str | None, http: HTTPClient
) -> Iterator[PictureLink]:
    for address in (proxy_url, url):
        if address and is_discords(address):
            name = _filename(address)
            yield PictureLink(LinkKind.EMBED, address, http, name, description=description or "")
            return


def _filename(address: str) -> str:
    return URL(address).name


def _is_picture(attachment: discord.Attachment) -> bool:
    if attachment.content_type:
        return attachment.content_type.startswith("image/")
    return PurePosixPath(attachment.filename).suffix.lower() in _ENDINGS
