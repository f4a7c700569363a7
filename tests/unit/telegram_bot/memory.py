"""The real core over ports in memory, as the bot on Telegram talks to it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from bot.core.messages import (
    Hit,
    Incoming,
    More,
    Person,
    Picture,
    PictureKind,
    Reply,
    ServiceStatus,
)
from bot.core.ports import CollectionState, EmbeddingSpace, Found, Selection, Vector
from tests.pictures.good import noisy_jpeg
from tests.unit.core.memory import MemoryBot
from tests.unit.core.memory_pictures import vector
from tests.unit.frontends.discord_memory import CaptionedPictures, Words


class PictureWords(Words):
    """Encodes all pictures alike."""

    async def encode_image(self, content: bytes, space: EmbeddingSpace) -> Vector:
        self.calls += 1
        return vector(0, 0)


class HashedPictures(CaptionedPictures):
    """Knows pictures by their hashes."""

    def _matches(
        self, state: CollectionState, among: Selection, ids: list[int], offset: int, limit: int
    ) -> Found:
        found = super()._matches(state, among, ids, offset, limit)
        matches = [
            replace(
                match, sha256=hashlib.sha256(self.contents.get(match.image_id, b"")).hexdigest()
            )
            for match in found.matches
        ]
        return replace(found, matches=matches)


class MemoryConversation(MemoryBot):
    """A conversation that notes what it is asked."""

    def __init__(self) -> None:
        words = PictureWords()
        self.hashed = HashedPictures(words)
        super().__init__(self.hashed, words)
        self.incoming: list[Incoming] = []
        self.read: list[int] = []
        """The pictures that were read, in order."""
        self.gates: dict[str, asyncio.Event] = {}
        """Questions that are not answered before their event is set; "m" stands for pages."""

    def add(
        self, chat_id: int, caption: str, content: bytes | None = None, uploader: int = 0
    ) -> int:
        """Put a picture into a chat's collection."""
        image_id = self.hashed.put(
            collection=f"telegram:chat:{chat_id}",
            caption=caption,
            uploader_id=f"telegram:{uploader}",
        )
        made = noisy_jpeg((32, 32), seed=image_id) if content is None else content
        self.hashed.contents[image_id] = made
        return image_id

    def fill(self, chat_id: int, count: int, name: str = "cat") -> list[int]:
        """Put as many pictures into a chat's collection, called "cat 1" and so on."""
        return [self.add(chat_id, f"{name} {number}") for number in range(1, count + 1)]

    def ids(self, chat_id: int) -> list[int]:
        """Return the pictures of a chat."""
        return list(self.hashed.collections.get(f"telegram:chat:{chat_id}", {}))

    async def handle(self, incoming: Incoming) -> AsyncIterator[Reply]:
        """Answer one request."""
        self.incoming.append(incoming)
        request = incoming.request
        text = getattr(request, "text", "m" if isinstance(request, More) else "")
        if text == "explode":
            raise RuntimeError("the core broke its promise")
        if text in self.gates:
            await self.gates[text].wait()
        async for reply in self.conversation.handle(incoming):
            yield reply

    async def find_across(
        self, person: Person, language: str, collections: Sequence[str], text: str, *, limit: int
    ) -> Sequence[tuple[str, Hit]] | Reply:
        """Search several collections."""
        if text in self.gates:
            await self.gates[text].wait()
        return await self.conversation.find_across(person, language, collections, text, limit=limit)

    async def suggest(self, collection: str, person_id: str, typed: str) -> list[str]:
        """Return recent questions."""
        return await self.conversation.suggest(collection, person_id, typed)

    async def picture(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a picture's bytes."""
        return await self.conversation.picture(collection, image_id, kind)

    async def rendition(self, collection: str, hit: Hit) -> Picture | None:
        """Return a picture's bytes by an answer's hit."""
        self.read.append(hit.image_id)
        return await self.conversation.rendition(collection, hit)

    async def status(self, collection: str) -> ServiceStatus:
        """Tell whether questions can be answered."""
        return await self.conversation.status(collection)
