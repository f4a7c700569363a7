"""Settings, statistics, imports, and coming and going, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from bot.backends import policies
from bot.backends.errors import core_errors
from bot.core.community_ports import Import, Statistics
from bot.core.policy import Policy
from db import changes, communities
from db.collections import collection_state
from db.pool import Database


class PgCommunityStore:
    """Collections as their admins and their platform see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_policy(self, collection: str, policy: Policy) -> None:
        """Replace a collection's settings."""
        with core_errors():
            await communities.save_settings(self._database, collection, policies.write(policy))

    async def statistics(self, collection: str, person_id: str) -> Statistics:
        """Count what a collection holds."""
        with core_errors():
            number = await self._number(collection)
            record = await communities.statistics(self._database, number, person_id)
            preparing = await changes.preparing(self._database, number)
        return Statistics(**asdict(replace(record, preparing=preparing)))

    async def of_messages(
        self, collection: str, channel: str, messages: Sequence[str]
    ) -> Sequence[int]:
        """Take away that pictures came with these messages; returns those nobody sees now."""
        with core_errors():
            number = await self._number(collection)
            return await communities.part_from_messages(self._database, number, channel, messages)

    async def mark_left(self, collection: str) -> None:
        """Note that the bot was removed."""
        with core_errors():
            await communities.mark_left(self._database, collection)

    async def move(self, old: str, new: str) -> None:
        """Give a collection another key."""
        with core_errors():
            await communities.move(self._database, old, new)

    async def mark_present(self, collections: Sequence[str]) -> None:
        """Note that the bot is there."""
        with core_errors():
            await communities.mark_present(self._database, collections)

    async def known(self, prefix: str) -> Sequence[str]:
        """Return the keys of collections that have not been left."""
        with core_errors():
            return await communities.known_keys(self._database, prefix)

    async def long_left(self, days: int) -> Sequence[str]:
        """Return the keys of collections left long ago."""
        with core_errors():
            return await communities.keys_left_before(self._database, days)

    async def drop(self, collection: str) -> None:
        """Remove an empty collection that was left."""
        with core_errors():
            await communities.drop_left(self._database, collection)

    async def image_ids(self, collection: str, limit: int) -> Sequence[int]:
        """Return some pictures of a collection."""
        with core_errors():
            number = await self._number(collection)
            return await communities.image_ids(self._database, number, limit)

    async def uploads_of(self, person_id: str) -> Sequence[tuple[str, int]]:
        """Return all that a person has added, anywhere."""
        with core_errors():
            return await communities.uploads_of(self._database, person_id)

    async def forget_uploader(self, person_id: str) -> None:
        """Take a person's name off their pictures."""
        with core_errors():
            await communities.forget_uploader(self._database, person_id)

    async def get_import(self, collection: str, channel: str) -> Import | None:
        """Return how far an import is."""
        with core_errors():
            record = await communities.get_import(self._database, collection, channel)
        return None if record is None else Import(**asdict(record))

    async def save_import(self, progress: Import) -> None:
        """Keep how far an import is."""
        with core_errors():
            await self._number(progress.collection)  # there may be no such collection yet
            await communities.save_import(self._database, asdict(progress))

    async def running_imports(self) -> Sequence[Import]:
        """Return the imports that are to go on."""
        with core_errors():
            records = await communities.running_imports(self._database)
        return [Import(**asdict(record)) for record in records]

    async def _number(self, collection: str) -> int:
        return (await collection_state(self._database, collection)).id
