"""The real core over ports in memory, with pictures that have bytes and captions to search."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence

from bot.core.messages import Hit, Incoming, More, Person, Picture, PictureKind, Reply, Upload
from bot.core.ports import (
    Added,
    CollectionState,
    EmbeddingSpace,
    Probe,
    Vector,
)
from tests.acceptance.discord_world import Message
from tests.unit.core.memory import CountingEncoder, MemoryBot
from tests.unit.core.memory_pictures import MemoryPictures, vector


def captions(message: Message) -> list[str | None]:
    """Return what the pictures of an answer are described by."""
    return [file.description for file in message.files]


def labels(message: Message) -> list[str]:
    """Return what there is to press or choose below an answer."""
    return [part.get("label") or part.get("placeholder") or "" for part in message.parts]


class Words(CountingEncoder):
    """Encodes a question as its number."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[str] = [""]

    async def encode_text(self, text: str, space: EmbeddingSpace) -> Probe:
        self.calls += 1
        self.known.append(text)
        return Probe(vector(len(self.known) - 1, 0), self.curve)


class CaptionedPictures(MemoryPictures):
    """Finds first what has most words of the question in its caption."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.contents: dict[int, bytes] = {}
        self.is_blobless = False
        self._words = words

    def ranked(self, state: CollectionState, vector: Vector, ids: list[int]) -> list[int]:
        number = int(struct.unpack("<e", vector[:2])[0])
        said = self._words.known[number].split() if number < len(self._words.known) else []
        pictures = self.collections[self._key(state)]
        return sorted(ids, key=lambda n: -sum(word in pictures[n].caption for word in said))

    async def add(
        self, collection: str, person: Person, uploads: Sequence[tuple[Upload, str]]
    ) -> Sequence[Added]:
        added = await super().add(collection, person, uploads)
        for one, (upload, _) in zip(added, uploads, strict=True):
            assert one.image_id is not None
            self.contents[one.image_id] = upload.content
        return added

    async def read(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        if image_id not in self.collections.get(collection, {}) or self.is_blobless:
            return None
        return Picture(self.contents[image_id], "image/webp", f"{image_id}.webp")


class MemoryConversation(MemoryBot):
    """What the bot on Discord talks to."""

    def __init__(self) -> None:
        words = Words()
        super().__init__(CaptionedPictures(words), words)
        self.incoming: list[Incoming] = []
        self.gates: dict[str, asyncio.Event] = {}
        """Questions that are not answered before their event is set; "m" stands for pages."""

    def add(
        self,
        collection: str,
        caption: str,
        content: bytes = b"RIFFwebp",
        *channels: str,
        uploader_id: str = "u",
        tags: tuple[str, ...] = (),
    ) -> int:
        """Put a picture into a collection, posted in these channels or handed over for all."""
        assert isinstance(self.pictures, CaptionedPictures)
        image_id = self.pictures.put(
            *channels, collection=collection, caption=caption, uploader_id=uploader_id, tags=tags
        )
        self.pictures.contents[image_id] = content
        return image_id

    def fill(self, collection: str, count: int, name: str = "cat") -> list[int]:
        """Put as many pictures into a collection, called "cat 0" and so on."""
        return [self.add(collection, f"{name} {number}") for number in range(count)]

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

    async def suggest(self, collection: str, person_id: str, typed: str) -> list[str]:
        """Return recent questions."""
        return await self.conversation.suggest(collection, person_id, typed)

    async def picture(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a picture's bytes."""
        return await self.conversation.picture(collection, image_id, kind)

    async def rendition(self, collection: str, hit: Hit) -> Picture | None:
        """Return a picture's bytes by an answer's hit."""
        return await self.conversation.rendition(collection, hit)

    async def status(self, collection: str) -> object:
        """Tell whether questions can be answered."""
        return await self.conversation.status(collection)
