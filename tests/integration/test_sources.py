"""Where pictures were posted, and who therefore gets them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

import psycopg
import pytest

from bot.backends.index import PgImageIndex
from bot.core.ports import EVERYTHING
from db import communities, embeddings
from db.collections import collection_state
from db.communities import part_from_messages
from db.images import deleting, get_images
from db.ingest import IngestStore
from db.pool import Database
from db.records import NewImage, SpaceRecord
from db.selections import Selection
from tests.integration.rows import (
    add_images,
    axis,
    collection_id,
    finish,
    new_image,
    posted,
    take_over,
)
from tests.stack import wait_for

Owner = psycopg.Connection[tuple[object, ...]]

KEY = "discord:guild:1"


class Place:
    """A collection whose pictures become findable as they are posted."""

    def __init__(
        self, database: Database, store: IngestStore, number: int, space: SpaceRecord
    ) -> None:
        self.database = database
        self.number = number
        self.store = store
        self.space = space

    async def post(self, *images: NewImage) -> list[int]:
        """Store pictures and have them ingested."""
        ids = await add_images(self.database, self.number, images)
        finish(self.store, self.space, {image_id: [axis(image_id)] for image_id in ids})
        return ids

    async def seen_by(self, *sees: str) -> list[int]:
        """Return the pictures that somebody who sees these channels gets, by every way."""
        among = Selection(sees=frozenset(sees))
        newest = (
            await embeddings.newest(self.database, self.number, among, offset=0, limit=99)
        ).matches
        ids = sorted(record.image_id for record in newest)
        assert await embeddings.count(self.database, self.number, among) == len(ids)
        every = await get_images(self.database, self.number, range(1, 100), frozenset(sees))
        assert sorted(image.id for image in every) == ids
        return ids

    async def version(self) -> int:
        """Return the version of the collection."""
        return (await collection_state(self.database, KEY)).version


@pytest.fixture
async def place(database: Database, store: IngestStore) -> Place:
    space = await take_over(store, "r1")
    return Place(database, store, await collection_id(database, KEY), space)


async def test_a_picture_is_seen_by_who_sees_a_channel_it_was_posted_in(place: Place) -> None:
    (a,) = await place.post(posted("a", "1", "10"))
    viewers = ("", "1", "2", "21", "3")
    assert [await place.seen_by(*sees) for sees in viewers] == [[], [a], [], [a], []]
    assert await place.post(posted("a", "2", "20")) == [a]
    assert [await place.seen_by(*sees) for sees in viewers] == [[], [a], [a], [a], []]


async def test_channels_are_not_mixed_up(place: Place) -> None:
    a, b, c = await place.post(posted("a", "1"), posted("b", "12"), posted("c", "{1}"))
    assert await place.seen_by("12") == [b]
    assert await place.seen_by("1", "{1}") == [a, c]
    assert await place.seen_by("%", "_", "1'", "*", "") == []


async def test_a_picture_stays_as_long_as_one_message_with_it(place: Place) -> None:
    (a,) = await place.post(posted("a", "1", "10"))
    await place.post(posted("a", "1", "11"))
    await place.post(posted("a", "2", "20"))
    part = part_from_messages
    assert await part(place.database, place.number, "1", ["10"]) == []
    assert await place.seen_by("1") == [a]
    assert await part(place.database, place.number, "1", ["11", "20"]) == []
    assert await place.seen_by("1") == []
    assert await place.seen_by("2") == [a]
    assert await part(place.database, place.number, "2", ["20"]) == [a]
    # Nobody sees it, even before its bytes are gone.
    assert await place.seen_by("1", "2") == []
    assert await part(place.database, place.number, "2", ["20"]) == []


async def test_what_was_handed_over_for_all_is_for_all(place: Place) -> None:
    (a,) = await place.post(posted("a", "1", "10"))
    assert await place.post(new_image("a")) == [a]
    assert await place.seen_by() == [a]
    # And stays when the message goes.
    assert await part_from_messages(place.database, place.number, "1", ["10"]) == []
    assert await place.seen_by() == [a]
    # What is for all is not confined by being posted afterwards.
    await place.post(posted("a", "1", "11"))
    assert await place.seen_by() == [a]
    assert await part_from_messages(place.database, place.number, "1", ["11"]) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_posted_and_handed_over_at_once_is_for_all(
    place: Place, order: Sequence[int]
) -> None:
    both = [posted("a", "1", "10"), new_image("a")]
    ids = await place.post(*(both[n] for n in order))
    assert ids[0] == ids[1]
    assert await place.seen_by() == [ids[0]]


async def test_a_deleted_message_takes_only_its_own_pictures(place: Place) -> None:
    a, b, c = await place.post(posted("a", "1", "10"), posted("b", "1", "10"), posted("c", "1"))
    other = Place(
        place.database,
        place.store,
        await collection_id(place.database, "discord:guild:2"),
        place.space,
    )
    (theirs,) = await other.post(posted("a", "1", "10"))
    assert await part_from_messages(place.database, place.number, "1", ["10"]) == [a, b]
    assert await place.seen_by("1") == [c]
    assert await other.seen_by("1") == [theirs]


async def test_a_message_can_be_looked_for_in_any_channel(place: Place) -> None:
    a, b, c = await place.post(posted("a", "1", "10"), posted("b", "2", "10"), posted("c", "2"))
    await place.post(posted("b", "3", "30"))
    assert await part_from_messages(place.database, place.number, "", ["10", "99"]) == [a]
    assert await place.seen_by("2") == [c]
    assert await place.seen_by("3") == [b]


async def test_a_failed_picture_posted_again_is_seen_where_it_was_posted(
    place: Place, store: IngestStore
) -> None:
    (a,) = await add_images(place.database, place.number, [posted("a", "1", "10")])
    finish(store, place.space, {}, {a: "truncated"})
    assert await place.post(posted("a", "2", "20")) == [a]
    assert await place.seen_by("1") == await place.seen_by("2") == [a]


async def test_the_link_is_the_first_message_one_can_see(place: Place) -> None:
    messages = [("2", "100"), ("1", "99"), ("1", "101"), ("3", "9"), ("4", "")]
    for channel, message in messages:
        (a,) = await place.post(posted("a", channel, message))

    async def link(sees: Collection[str] | None) -> tuple[str | None, str | None]:
        among = Selection(sees=None if sees is None else frozenset(sees))
        newest = (
            await embeddings.newest(place.database, place.number, among, offset=0, limit=9)
        ).matches
        (record,) = newest
        assert record.image_id == a
        return record.source_channel, record.source_message

    assert await link(None) == ("3", "9")
    assert await link("12") == ("1", "99")
    assert await link("2") == ("2", "100")
    assert await link("4") == (None, None)
    await place.post(new_image("a"))  # seen by all now, but not its messages
    assert await link("") == (None, None)


async def test_the_channels_of_a_collection_are_listed_once_each(place: Place) -> None:
    sources = embeddings.sources
    assert await sources(place.database, place.number) == frozenset()
    posts = [posted(f"{n}", str(n % 7), str(n)) for n in range(40)]
    posts += [posted("ä", "ä", "1"), posted("'", "'", "1"), posted("0", "zz", "1"), new_image("n")]
    await place.post(*posts)
    other = await collection_id(place.database, "discord:guild:2")
    await add_images(place.database, other, [posted("x", "x", "1")])
    expected = {*map(str, range(7)), "ä", "'", "zz"}
    assert await sources(place.database, place.number) == expected
    assert await sources(place.database, other) == {"x"}
    await part_from_messages(place.database, place.number, "zz", ["1"])
    assert await sources(place.database, place.number) == expected - {"zz"}


async def test_the_channels_are_remembered_for_the_version_they_are_of(place: Place) -> None:
    index = PgImageIndex(place.database)
    await place.post(posted("a", "1", "10"))
    before = await index.state(KEY)
    await place.post(posted("b", "2", "20"))
    after = await index.state(KEY)
    # It cannot be known any more which they were: then nobody sees all of them.
    assert await index.sources(before) == {"1", "2", ""}
    assert await index.sources(after) == {"1", "2"}
    await part_from_messages(place.database, place.number, "2", ["20"])
    assert await index.sources(after) == {"1", "2"}
    assert await index.sources(await index.state(KEY)) == {"1"}
    gone = await index.newest(replace(after, id=10**9), EVERYTHING, offset=0, limit=9)
    assert (gone.matches, gone.version) == ([], None)


async def test_whatever_changes_who_gets_what_makes_a_new_version(place: Place) -> None:
    (a,) = await place.post(posted("a", "1", "10"))
    version = await place.version()

    async def has_grown() -> bool:
        nonlocal version
        before, version = version, await place.version()
        return version > before

    await place.post(posted("a", "1", "10"))
    assert not await has_grown(), "nothing was new"
    await place.post(posted("a", "2", "20"))
    assert await has_grown(), "another channel"
    await part_from_messages(place.database, place.number, "2", ["99"])
    assert not await has_grown(), "no picture came with that"
    await part_from_messages(place.database, place.number, "2", ["20"])
    assert await has_grown(), "a message deleted"
    await place.post(new_image("a"))
    assert await has_grown(), "for all"
    await place.post(new_image("a"))
    assert not await has_grown(), "for all already"
    await communities.forget_uploader(place.database, "u:1")
    assert await has_grown(), "whose it is"
    await communities.forget_uploader(place.database, "u:1")
    assert not await has_grown(), "forgotten already"
    async with deleting(place.database, place.number, a):
        pass
    assert await has_grown(), "deleted"


async def test_a_deleted_picture_takes_its_sources_along(place: Place, owner: Owner) -> None:
    a, _ = await place.post(posted("a", "1", "10"), posted("b", "1", "11"))
    async with deleting(place.database, place.number, a):
        pass
    assert owner.execute("SELECT message FROM image_sources").fetchall() == [("11",)]


async def test_a_picture_handed_over_while_a_worker_is_at_it_is_for_all(
    place: Place, store: IngestStore, owner: Owner
) -> None:
    (a,) = await add_images(place.database, place.number, [posted("a", "1", "10")])
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(60):
        with store.claim([a]) as (claim, _):
            images = [new_image("b"), new_image("a")]
            giving = asyncio.create_task(add_images(place.database, place.number, images))
            await asyncio.to_thread(
                wait_for, lambda: giving.done() or owner.execute(waits).fetchone(), 30
            )
            # Were the collection's counters held already, both would wait for each other.
            await asyncio.to_thread(claim.finish, place.space.id, [], {a: "truncated"})
        await giving
    (image,) = await get_images(place.database, place.number, [a], [])
    assert image.status == "pending", "failed in between, and tried again"
