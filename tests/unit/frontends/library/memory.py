"""The core over ports in memory that know a picture again, remember messages, and can fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.core.community_ports import Import
from bot.core.errors import UnavailableError
from bot.core.messages import Person, ServiceStatus, Upload
from bot.core.policy import Policy
from bot.core.ports import Added
from tests.unit.core.memory import MemoryBot, MemoryCommunityStore
from tests.unit.frontends.discord_memory import CaptionedPictures, MemoryConversation, Words


class LibraryPictures(CaptionedPictures):
    """Keeps where pictures come from, and each of them once."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self.uploads: list[Upload] = []
        """All that were ever handed over."""
        self.people: dict[int, Person] = {}
        self.fails = 0
        """How many of the next additions find the store unreachable."""
        self.held: asyncio.Event | None = None
        """Additions wait for it."""
        self.started = 0

    async def add(
        self, collection: str, person: Person, uploads: Sequence[tuple[Upload, str]]
    ) -> Sequence[Added]:
        self.started += 1
        if self.held is not None:
            await self.held.wait()
        if self.fails:
            self.fails -= 1
            raise UnavailableError(part="store")
        added = []
        for upload, kind in uploads:
            self.uploads.append(upload)
            known = self.find(collection, upload.content)
            if known is None:
                (one,) = await super().add(collection, person, [(upload, kind)])
                assert one.image_id is not None
                self.people[one.image_id] = person
                self.collections[collection][one.image_id].sources = set()
                added.append(one)
            else:
                added.append(Added(known, upload.filename))
            kept = self.collections[collection][added[-1].image_id or 0]
            kept.confined = kept.confined and upload.source_channel is not None
            if upload.source_channel:
                kept.sources.add((upload.source_channel, upload.source_message or ""))
        return added

    def find(self, collection: str, content: bytes) -> int | None:
        """Return the id of a picture that is there."""
        here = self.collections.get(collection, {})
        return next(
            (n for n, known in self.contents.items() if known == content and n in here), None
        )


class LibraryStore(MemoryCommunityStore):
    """Counts and fails."""

    def __init__(self, pictures: LibraryPictures) -> None:
        super().__init__(pictures)
        self.saves: list[Import] = []
        self.fails = 0
        self.deletions: list[tuple[str, list[str]]] = []

    async def save_policy(self, collection: str, policy: Policy) -> None:
        if self.fails:
            self.fails -= 1
            raise UnavailableError(part="database")
        await super().save_policy(collection, policy)

    async def save_import(self, progress: Import) -> None:
        if self.fails:
            self.fails -= 1
            raise UnavailableError(part="database")
        self.saves.append(progress)
        await super().save_import(progress)

    async def of_messages(
        self, collection: str, channel: str, messages: Sequence[str]
    ) -> Sequence[int]:
        self.deletions.append((channel, list(messages)))
        return await super().of_messages(collection, channel, messages)

    async def mark_left(self, collection: str) -> None:
        if self.fails:
            self.fails -= 1
            raise UnavailableError(part="database")
        await super().mark_left(collection)


class LibraryMemory(MemoryConversation):
    """What the bot talks to in these tests."""

    def __init__(self) -> None:
        super().__init__()
        words = Words()
        self.kept = LibraryPictures(words)
        MemoryBot.__init__(self, self.kept, words)
        self.store = LibraryStore(self.kept)
        self.community_store = self.store
        self.communities._store = self.store
        self.policy_reads = 0
        self.pending = 0
        """Pictures that are still being prepared."""

    async def status(self, collection: str) -> ServiceStatus:
        return ServiceStatus(True, False, 0, self.pending)

    def captions(self, collection: str) -> list[str]:
        """Return what the pictures of a collection show."""
        here = self.kept.collections.get(collection, {})
        return [picture.caption for picture in here.values()]
