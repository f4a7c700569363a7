"""A conversation that lives in memory, with a collection for each place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.core.messages import (
    Add,
    Ask,
    Choice,
    FindSimilar,
    Hit,
    Incoming,
    More,
    MoreLikeThis,
    Picture,
    PictureKind,
    Reply,
    ServiceStatus,
    Tone,
)
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for


@dataclass
class MemoryConversation:
    """Finds the pictures whose captions hold the question."""

    pictures: dict[str, dict[int, tuple[str, bytes]]] = field(default_factory=dict)
    incoming: list[Incoming] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """Questions that are not answered before their event is set."""
    is_blobless: bool = False

    def add(self, collection: str, caption: str, content: bytes = b"RIFFwebp") -> int:
        """Put a picture into a collection."""
        image_id = sum(len(kept) for kept in self.pictures.values()) + 1
        self.pictures.setdefault(collection, {})[image_id] = (caption, content)
        return image_id

    async def handle(self, incoming: Incoming) -> AsyncIterator[Reply]:
        """Answer one request."""
        self.incoming.append(incoming)
        match incoming.request:
            case Ask("explode"):
                raise RuntimeError("the core broke its promise")
            case Ask(text):
                if text in self.gates:
                    await self.gates[text].wait()
                yield self._found(incoming, text, 0)
            case More(token, offset):
                yield self._found(incoming, token.replace("_", " "), offset)
            case MoreLikeThis() | FindSimilar():
                yield self._found(incoming, "", 0)
            case Add(uploads):
                yield Reply("adding", Tone.PROGRESS, done=0, total=len(uploads))
                for upload in uploads:
                    self.add(incoming.collection, upload.caption, upload.content)
                yield Reply("added", Tone.DONE)

    def _found(self, incoming: Incoming, text: str, offset: int) -> Reply:
        texts = texts_for(incoming.language)
        kept = self.pictures.get(incoming.collection, {})
        found = [image_id for image_id, (caption, _) in kept.items() if text in caption]
        end = offset + incoming.page_size
        hits = tuple(
            _hit(image_id, rank, kept[image_id][0])
            for rank, image_id in enumerate(found[offset:end], offset + 1)
        )
        more = Choice(texts.say(SENTENCES["more"]), More(text.replace(" ", "_") or "all", end))
        if not hits:
            return Reply(texts.say(SENTENCES["nothing_found"]))
        title = texts.say(SENTENCES["found"], question=text)
        return Reply(title, hits=hits, choices=(more,) if end < len(found) else ())

    async def picture(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a picture's bytes."""
        kept = self.pictures[collection].get(image_id)
        if kept is None or self.is_blobless:
            return None
        return Picture(kept[1], "image/webp", f"{image_id}.webp")

    async def status(self, collection: str) -> ServiceStatus:
        """Tell that all is well."""
        return ServiceStatus(True, False, len(self.pictures.get(collection, {})), 0)


def _hit(image_id: int, rank: int, caption: str) -> Hit:
    return Hit(
        image_id=image_id,
        rank=rank,
        score=1 / (rank + 1),
        caption=caption,
        alt_text=caption,
        width=8,
        height=8,
        media_type="image/webp",
        sha256="0" * 64,
        uploader_id="discord:1",
        uploader_name="Ada",
        added_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
