"""Messages as they come in from Discord, with the pictures that are in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.core.errors import PictureRefusedError
from bot.frontends.discord_bot.picture_links import PictureLink, download

import discord  # isort: skip - after our own package, which keeps its warning quiet

LIMIT = 1000
CDN = "https://cdn.discordapp.com"
PROXY = "https://images-ext-1.discordapp.net/external/abc/https/example.org/cat.png"
INSIDE = ["http://127.0.0.1/admin", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd"]


@pytest.fixture
async def client() -> AsyncIterator[discord.Client]:
    async with aiohttp.TCPConnector() as connector:
        yield discord.Client(intents=discord.Intents(guilds=True), connector=connector)


def message(client: discord.Client, **more: Any) -> discord.Message:
    """Build a message as it comes in."""
    user = {"id": "7", "username": "max", "discriminator": "0", "avatar": None}
    payload: Any = {"id": "1", "author": user, **written(**more)}
    channel = client.get_partial_messageable(2)
    return discord.Message(state=client._connection, channel=channel, data=payload)


def written(**more: Any) -> dict[str, Any]:
    """Write what a message and a forwarded one have in common."""
    empty: Any = {name: [] for name in ("attachments", "embeds", "mentions", "mention_roles")}
    return {
        **empty,
        "content": "",
        "timestamp": "2026-01-02T03:04:05+00:00",
        "edited_timestamp": None,
        "type": 0,
        "pinned": False,
        "mention_everyone": False,
        "tts": False,
        **more,
    }


def attachment(filename: str, content_type: str | None = None, **more: Any) -> dict[str, Any]:
    address = f"{CDN}/attachments/1/2/{filename}"
    described = {} if content_type is None else {"content_type": content_type}
    named = {"id": "3", "filename": filename, "size": 5, "url": address, "proxy_url": address}
    return {**named, **described, **more}


async def refusal(link: PictureLink | None) -> str:
    """Return why a picture is not downloaded."""
    with pytest.raises(PictureRefusedError) as refused:
        await download(link, LIMIT, 5)
    return refused.value.reason
