"""Short ways to say things to the core in tests."""

from __future__ import annotations

from collections.abc import Iterable

from bot.app import App
from bot.core.messages import Add, Ask, Incoming, Person, Reply, Request, Upload

ADMIN = Person("test:admin", "Ada", is_admin=True)
MEMBER = Person("test:member", "Max")


async def say(
    app: App,
    collection: str,
    request: Request,
    *,
    person: Person = ADMIN,
    language: str = "en",
    page_size: int = 10,
    sees: Iterable[str] | None = None,
    is_public: bool = False,
    from_anybody: bool = False,
) -> Reply:
    """Send one request and return the reply that stays."""
    last = Reply("")
    incoming = Incoming(
        collection,
        person,
        language,
        request,
        page_size,
        sees=None if sees is None else frozenset(sees),
        is_public=is_public,
        from_anybody=from_anybody,
    )
    async for reply in app.conversation.handle(incoming):
        last = reply
    return last


async def ask(app: App, collection: str, question: str, *, page_size: int = 10) -> Reply:
    """Ask a question."""
    return await say(app, collection, Ask(question), page_size=page_size)


async def add(app: App, collection: str, *pictures: bytes, caption: str = "") -> Reply:
    """Add pictures as an admin."""
    uploads = tuple(
        Upload(content, f"picture-{n}", caption) for n, content in enumerate(pictures, 1)
    )
    return await say(app, collection, Add(uploads))


async def post(app: App, collection: str, channel: str, message: str, *pictures: bytes) -> Reply:
    """Add pictures that came with a message; their caption says which."""
    uploads = tuple(
        Upload(
            content,
            f"picture-{n}",
            f"{channel}/{message}",
            source_channel=channel,
            source_message=message,
        )
        for n, content in enumerate(pictures, 1)
    )
    return await say(app, collection, Add(uploads))


def captions(reply: Reply) -> list[str]:
    """Return the captions of an answer, best first."""
    return [hit.caption for hit in reply.hits]
