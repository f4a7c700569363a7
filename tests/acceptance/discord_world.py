"""What there is on the fake Discord, under one name: servers, messages, interactions."""

from __future__ import annotations

from tests.acceptance.discord_attachments import CustomEmoji, Links, PictureEmbed, Sticker
from tests.acceptance.discord_guilds import Guild
from tests.acceptance.discord_interactions import Interaction
from tests.acceptance.discord_messages import Message
from tests.acceptance.discord_places import (
    CATEGORY,
    EVERYONE,
    JOINED,
    OWNER_ID,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    Channel,
    Member,
    Overwrite,
    Role,
    snowflake,
    user_payload,
)

__all__ = [
    "CATEGORY",
    "EVERYONE",
    "JOINED",
    "OWNER_ID",
    "PRIVATE_THREAD",
    "PUBLIC_THREAD",
    "Channel",
    "CustomEmoji",
    "Guild",
    "Interaction",
    "Links",
    "Member",
    "Message",
    "Overwrite",
    "PictureEmbed",
    "Role",
    "Sticker",
    "snowflake",
    "user_payload",
]
