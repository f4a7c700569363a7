"""Collections as their admins and their platform see them: settings, coming and going, imports."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.community_ports import CommunityStore, Import, Statistics
from bot.core.errors import ImageGoneError, NotAllowedError
from bot.core.library import Library
from bot.core.messages import Person, Upload
from bot.core.policy import Policy
from bot.core.ports import Added, History, ImageIndex, ImageStore

KEPT_AFTER_LEAVING_DAYS = 30
_BATCH = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted at a person's wish."""

    pictures: int
    """Of their uploads; those that stay do not carry their name any more."""


class Communities:
    """Everything about a collection but its pictures' contents; errors are CoreErrors."""

    def __init__(
        self,
        store: CommunityStore,
        index: ImageIndex,
        library: Library,
        images: ImageStore,
        history: History,
    ) -> None:
        self._store = store
        self._index = index
        self._library = library
        self._images = images
        self._history = history

    async def policy(self, collection: str) -> Policy:
        """Return a collection's settings."""
        return (await self._index.state(collection)).policy

    async def change_policy(self, collection: str, person: Person, policy: Policy) -> None:
        """Replace a collection's settings; raises NotAllowedError."""
        if not person.is_admin:
            raise NotAllowedError
        await self._store.save_policy(collection, policy)

    async def statistics(self, collection: str, person: Person) -> Statistics:
        """Count what a collection holds."""
        return await self._store.statistics(collection, person.id)

    async def take_in(
        self, collection: str, author: Person, uploads: Sequence[Upload]
    ) -> Sequence[Added]:
        """Store pictures that were posted where an admin has everything posted taken in.

        Returns when they are safe; the workers make them findable afterwards.
        """
        return await self._library.add(collection, author, uploads)

    async def messages_deleted(self, collection: str, channel: str, messages: Sequence[str]) -> int:
        """Delete the pictures that came with these messages alone; returns how many.

        An empty ``channel`` stands for any.
        """
        orphans = await self._store.of_messages(collection, channel, messages)
        return await self._delete(collection, orphans)

    async def left(self, collection: str) -> None:
        """Note that the bot was removed; the pictures stay for KEPT_AFTER_LEAVING_DAYS."""
        await self._store.mark_left(collection)

    async def present(self, prefix: str, collections: Sequence[str], *, all_of_them: bool) -> None:
        """Note where the bot is; with ``all_of_them``, that it has left all others."""
        await self._store.mark_present(collections)
        if all_of_them:
            here = set(collections)
            for key in await self._store.known(prefix):
                if key not in here:
                    await self._store.mark_left(key)

    async def moved(self, old: str, new: str) -> None:
        """Note that a place has another name now, as a group that became a supergroup.

        Done twice it changes nothing. Pictures that both have stay where they are.
        """
        await self._store.move(old, new)

    async def drop_long_left(self) -> int:
        """Delete what was kept long enough after the bot was removed; returns collections."""
        dropped = 0
        for key in await self._store.long_left(KEPT_AFTER_LEAVING_DAYS):
            # Looked up again for each batch: the bot may be invited back meanwhile.
            while key in await self._store.long_left(KEPT_AFTER_LEAVING_DAYS):
                if ids := await self._store.image_ids(key, _BATCH):
                    await self._delete(key, ids)
                    continue
                await self._store.drop(key)
                dropped += 1
                logger.info("collection_dropped", extra={"collection": key})
                break
        return dropped

    async def uploads_of(self, person: Person) -> int:
        """Count what a person has added, in all collections."""
        return len(await self._store.uploads_of(person.id))

    async def forget(self, person: Person, *, with_uploads: bool) -> Forgotten:
        """Delete what is stored about a person, and what they have added if they say so."""
        await self._history.forget(person.id)
        deleted = 0
        if with_uploads:
            for collection, image_id in await self._store.uploads_of(person.id):
                deleted += await self._delete(collection, [image_id])
        await self._store.forget_uploader(person.id)
        return Forgotten(deleted)

    async def get_import(self, collection: str, channel: str) -> Import | None:
        """Return how far an import is."""
        return await self._store.get_import(collection, channel)

    async def save_import(self, progress: Import) -> None:
        """Keep how far an import is."""
        await self._store.save_import(progress)

    async def running_imports(self) -> Sequence[Import]:
        """Return the imports that a stop of the bot has interrupted."""
        return await self._store.running_imports()

    async def _delete(self, collection: str, image_ids: Sequence[int]) -> int:
        deleted = 0
        for image_id in image_ids:
            try:
                deleted += await self._images.delete(collection, image_id)
            except ImageGoneError:
                continue
        return deleted
