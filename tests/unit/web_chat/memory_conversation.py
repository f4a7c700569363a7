"""A conversation that lives in memory: the front-end's counterpart in its own tests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.core.communities import Communities
from bot.core.errors import UnavailableError
from bot.core.messages import (
    Add,
    Ask,
    Choice,
    Delete,
    FindSimilar,
    Hit,
    Incoming,
    More,
    MoreLikeThis,
    Person,
    Picture,
    PictureKind,
    Reply,
    ServiceStatus,
    Tone,
    Upload,
)
from bot.core.ports import Notebook
from tests.unit.core.memory import MemoryBot

READY = ServiceStatus(ready=True, warming_up=False, image_count=0, pending_count=0)


@dataclass
class Stored:
    """One picture in memory."""

    content: bytes
    caption: str
    media_type: str = "image/png"
    filename: str = "picture.png"
    side_px: int = 128


@dataclass
class MemoryConversation:
    """Answers like the core does, with the pictures whose captions hold a word of the question."""

    pictures: dict[int, Stored] = field(default_factory=dict)
    status_now: ServiceStatus = READY
    status_asked: int = 0
    incoming: list[Incoming] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """Questions that are not answered before their event is set."""
    cancelled: list[str] = field(default_factory=list)
    is_down: bool = False
    core: MemoryBot = field(default_factory=MemoryBot)
    """Behind what the web chat does not ask for."""

    def add(self, content: bytes, caption: str, **more: str) -> int:
        """Put a picture into the collection."""
        image_id = max(self.pictures, default=0) + 1
        self.pictures[image_id] = Stored(content, caption, **more)  # type: ignore[arg-type]
        return image_id

    async def handle(self, incoming: Incoming) -> AsyncIterator[Reply]:
        """Answer one request."""
        self.incoming.append(incoming)
        match incoming.request:
            case Ask(text):
                if text in self.gates:
                    yield Reply("searching", Tone.PROGRESS)
                    await self._pass(text)
                yield self._answer(text, incoming, 0)
            case More(token, offset):
                yield self._answer(token, incoming, offset)
            case MoreLikeThis() | FindSimilar():
                yield self._answer("", incoming, 0)
            case Delete(image_id):
                gone = self.pictures.pop(image_id, None) is None
                yield (
                    Reply("gone", Tone.ERROR, code="image_gone")
                    if gone
                    else Reply("Deleted.", Tone.DONE)
                )
            case Add(uploads):
                async for reply in self._add(uploads):
                    yield reply

    async def _pass(self, text: str) -> None:
        try:
            await self.gates[text].wait()
        except asyncio.CancelledError:
            self.cancelled.append(text)
            raise

    async def _add(self, uploads: tuple[Upload, ...]) -> AsyncIterator[Reply]:
        for done, upload in enumerate(uploads):
            yield Reply("adding", Tone.PROGRESS, done=done, total=len(uploads))
            self.add(upload.content, upload.caption)
        yield Reply(f"Added: {len(uploads)}", Tone.DONE)

    def _answer(self, text: str, incoming: Incoming, offset: int) -> Reply:
        if text == "explode":
            raise RuntimeError("the core broke its promise")
        if not text.strip() and isinstance(incoming.request, Ask):
            return Reply("Say what you look for.", Tone.ERROR, code="question_empty")
        if self.status_now.warming_up:
            return Reply("Not yet.", Tone.ERROR, code="warming_up", retryable=True)
        if self.is_down:
            return Reply("Not now.", Tone.ERROR, code="unavailable", retryable=True)
        found = [i for i in self.pictures if text in self.pictures[i].caption]
        page = found[offset : offset + incoming.page_size]
        end = offset + len(page)
        more = Choice("More", More(token=text, offset=end))
        return Reply(
            f"Here is what I found for “{text}”.",
            hits=tuple(self._hit(i, offset + n + 1) for n, i in enumerate(page)),
            choices=(more,) if end < len(found) else (),
        )

    def _hit(self, image_id: int, rank: int) -> Hit:
        stored = self.pictures[image_id]
        return Hit(
            image_id=image_id,
            rank=rank,
            score=1 / (rank + 1),
            caption=stored.caption,
            alt_text=stored.caption,
            width=stored.side_px,
            height=stored.side_px,
            media_type=stored.media_type,
            sha256=hashlib.sha256(stored.content).hexdigest(),
            uploader_id="web:local",
            uploader_name="Web",
            added_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
            can_delete=True,
        )

    async def picture(self, collection: str, image_id: int, kind: PictureKind) -> Picture | None:
        """Return a picture's bytes."""
        if self.is_down:
            raise UnavailableError(part="blobs")
        stored = self.pictures.get(image_id)
        if stored is None:
            return None
        return Picture(stored.content, stored.media_type, stored.filename)

    async def rendition(self, collection: str, hit: Hit) -> Picture | None:
        """Return what to show of a picture found."""
        return await self.picture(collection, hit.image_id, PictureKind.RENDITION)

    async def suggest(self, collection: str, person_id: str, typed: str) -> list[str]:
        """Suggest nothing."""
        return []

    @property
    def communities(self) -> Communities:
        """The real ones, over ports in memory."""
        return self.core.communities

    @property
    def notebook(self) -> Notebook:
        """Notes in memory."""
        return self.core.notebook

    async def find_across(
        self, person: Person, language: str, collections: Sequence[str], text: str, *, limit: int
    ) -> Sequence[tuple[str, Hit]] | Reply:
        """Search several collections in memory."""
        return await self.core.conversation.find_across(
            person, language, collections, text, limit=limit
        )

    async def status(self, collection: str) -> ServiceStatus:
        """Tell how many pictures there are."""
        self.status_asked += 1
        return replace(self.status_now, image_count=len(self.pictures))
