"""What :mod:`bot.core.communities` needs from the outside world; see :mod:`bot.core.ports`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.policy import Policy


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a collection holds."""

    ready: int
    pending: int
    failed: int
    size_bytes: int
    """Of the originals."""
    contributors: int
    tags: tuple[tuple[str, int], ...]
    """The most used tags with how many pictures have them."""
    mine: int
    """Pictures of the person who asks."""
    preparing: tuple[int, int] | None = None
    """How many pictures the next encoder has, and of how many, while there is one."""


@dataclass(frozen=True, slots=True)
class Import:
    """How far a channel's history has been walked."""

    collection: str
    channel: str
    state: str
    """``running``, ``stopped`` or ``done``."""
    cursor: str = ""
    """The last message looked at; the walk goes on after it."""
    seen: int = 0
    """Messages looked at."""
    added: int = 0
    known: int = 0
    refused: int = 0
    language: str = "en"
    progress_channel: str = ""
    progress_message: str = ""
    """The message that shows how far it is."""


class CommunityStore(Protocol):
    """Collections as their admins and the platform see them."""

    async def save_policy(self, collection: str, policy: Policy) -> None:
        """Replace a collection's settings."""
        ...

    async def statistics(self, collection: str, person_id: str) -> Statistics:
        """Count what a collection holds."""
        ...

    async def of_messages(
        self, collection: str, channel: str, messages: Sequence[str]
    ) -> Sequence[int]:
        """Take away that pictures came with these messages; returns those nobody sees now."""
        ...

    async def mark_left(self, collection: str) -> None:
        """Note that the bot is no longer where the collection belongs."""
        ...

    async def mark_present(self, collections: Sequence[str]) -> None:
        """Note that the bot is (again) where these collections belong."""
        ...

    async def known(self, prefix: str) -> Sequence[str]:
        """Return the keys of collections that begin so and have not been left."""
        ...

    async def move(self, old: str, new: str) -> None:
        """Give a collection another key, with all that is in it; what is there stays there."""
        ...

    async def long_left(self, days: int) -> Sequence[str]:
        """Return the keys of collections left at least so many days ago."""
        ...

    async def drop(self, collection: str) -> None:
        """Remove an empty collection that was left."""
        ...

    async def image_ids(self, collection: str, limit: int) -> Sequence[int]:
        """Return some pictures of a collection, whatever their status."""
        ...

    async def uploads_of(self, person_id: str) -> Sequence[tuple[str, int]]:
        """Return (collection, image id) of all that a person has added, anywhere."""
        ...

    async def forget_uploader(self, person_id: str) -> None:
        """Take a person's name off all pictures that they have added."""
        ...

    async def get_import(self, collection: str, channel: str) -> Import | None:
        """Return how far an import is."""
        ...

    async def save_import(self, progress: Import) -> None:
        """Keep how far an import is."""
        ...

    async def running_imports(self) -> Sequence[Import]:
        """Return the imports, of all collections, that are to go on."""
        ...
