"""A space built behind the live one, in the database: what is lacking, who is at it, the switch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from db import building, changes
from db.building import BuiltImage
from db.collections import collection_state
from db.images import deleting
from db.ingest import IngestStore
from db.pool import Database
from db.records import IngestedImage, SpaceRecord
from db.spaces import all_spaces, register_text_towers
from tests.integration.rows import (
    DIM,
    add_rows,
    axis,
    collection_id,
    finish,
    new_space,
    take_over,
    to_bytes,
)

Owner = psycopg.Connection[tuple[object, ...]]
_DIM = DIM + 1


def build(store: IngestStore, space: SpaceRecord, ids: Sequence[int]) -> list[int]:
    """Give pictures vectors in a space, as a worker does; returns those it was at."""
    with building.part(store, space.id, ids) as (part, images):
        vector = to_bytes(axis(0, _DIM))
        part.finish([BuiltImage(image.id, (vector, vector)) for image in images], {})
        return [image.id for image in images]


def lacking(store: IngestStore, space: SpaceRecord, after: int = 0) -> list[int]:
    found = building.next_lacking(store, space.id, after=after, limit=100)
    return [image_id for image_id, _ in found]


async def begun(database: Database, store: IngestStore) -> tuple[int, list[int], SpaceRecord]:
    """Return a collection, its pictures in the live space, and a space on its way."""
    live = new_space(store)
    register_text_towers(store, live.id, {"t1": []}, default="t1")
    ours = await collection_id(database, "ours")
    ids = await add_rows(database, ours, list("abcd"))
    finish(store, live, {image_id: [axis(0)] for image_id in ids})
    coming = new_space(store, "r2", _DIM)
    assert coming.state == "building"
    register_text_towers(store, coming.id, {"t2": []}, default="t2")
    return ours, ids, coming


async def test_the_live_one_answers_until_the_switch_and_nothing_is_pending(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    ours, ids, coming = await begun(database, store)
    before = await collection_state(database, "ours")
    assert await changes.preparing(database, ours) == (0, 4)
    assert lacking(store, coming) == ids
    assert build(store, coming, ids[:3]) == ids[:3]
    assert await changes.preparing(database, ours) == (3, 4)
    assert lacking(store, coming) == ids[3:]
    building.mark_ready(store, coming.id)
    assert not building.switch(store, coming.id), "it lacks one"
    assert await collection_state(database, "ours") == before
    build(store, coming, ids)
    assert building.switch(store, coming.id)
    after = await collection_state(database, "ours")
    assert (after.space_id, after.text_revision) == (coming.id, "t2")
    assert (after.ready_count, after.pending_count) == (4, 0)
    assert after.version > before.version
    assert await changes.preparing(database, ours) is None
    # Back again: all is there, and is not pending.
    back = await asyncio.to_thread(new_space, store)
    assert lacking(store, back) == []
    building.mark_ready(store, back.id)
    assert building.switch(store, back.id)
    state = await collection_state(database, "ours")
    assert (state.space_id, state.ready_count, state.pending_count) == (back.id, 4, 0)
    assert [space.state for space in all_spaces(store)] == ["kept", "live"]


async def test_a_picture_deleted_meanwhile_is_not_waited_for(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    ours, ids, coming = await begun(database, store)
    with building.part(store, coming.id, ids) as (part, images):
        assert [image.id for image in images] == ids
        async with asyncio.timeout(5), deleting(database, ours, ids[0]) as deleted:
            assert deleted is not None
        vector = to_bytes(axis(0, _DIM))
        part.finish([BuiltImage(image_id, (vector,)) for image_id in ids], {})
    rows = owner.execute("SELECT image_id FROM embeddings WHERE space_id = %s", (coming.id,))
    assert sorted(row[0] for row in rows.fetchall()) == ids[1:]
    assert building.lacking(store, coming.id) == 0


async def test_two_workers_are_never_at_the_same_picture(
    database: Database, store: IngestStore
) -> None:
    _, ids, coming = await begun(database, store)
    with (
        building.part(store, coming.id, ids[:2]) as (_, first),
        building.part(store, coming.id, ids) as (_, second),
    ):
        assert [image.id for image in first] == ids[:2]
        assert [image.id for image in second] == ids[2:]
    # What nobody finished was tried once.
    assert building.next_lacking(store, coming.id, after=0, limit=9) == [(n, 1) for n in ids]


async def test_what_cannot_be_had_is_given_up_with_the_switch_and_not_before(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    _, ids, coming = await begun(database, store)
    with building.part(store, coming.id, ids[:1]) as (part, _images):
        part.finish([], {ids[0]: "missing"})
    assert lacking(store, coming) == ids[1:]
    build(store, coming, ids[1:])
    assert (await collection_state(database, "ours")).ready_count == 4
    building.mark_ready(store, coming.id)
    assert building.switch(store, coming.id)
    assert (await collection_state(database, "ours")).ready_count == 3
    failed = owner.execute("SELECT id, error FROM images WHERE status = 'failed'").fetchall()
    assert failed == [(ids[0], "missing")]
    assert owner.execute("SELECT count(*) FROM space_work").fetchone() == (0,)


def _ingested(image_id: int, collection: int) -> IngestedImage:
    return IngestedImage(image_id, collection, 4, 3, 1, "image/png", -1, (to_bytes(axis(0)),))


async def test_a_picture_finished_for_the_space_of_before_waits_for_its_turn(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    ours, ids, coming = await begun(database, store)
    (live,) = [space for space in all_spaces(store) if space.live]
    build(store, coming, ids)
    building.mark_ready(store, coming.id)
    (late, later) = await add_rows(database, ours, ["late", "later"])
    with store.claim([late]) as (claim, _):
        assert claim.finish(live.id, [_ingested(late, ours)], {})
        switching = asyncio.create_task(asyncio.to_thread(building.switch, store, coming.id))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        async with asyncio.timeout(30):
            while owner.execute(waiting).fetchone() == (0,):  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # it tells nobody that it waits
        assert not switching.done(), "it is counted first"
    assert not await switching, "it has none in the next space"
    assert build(store, coming, [late]) == [late]
    with store.claim([later]) as (claim, _):
        assert building.switch(store, coming.id)
        assert not claim.finish(live.id, [_ingested(later, ours)], {})
    assert owner.execute("SELECT status FROM images WHERE id = %s", (later,)).fetchone() == (
        "pending",
    )


async def test_who_compares_holds_the_switch_back_for_a_while(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    _, ids, coming = await begun(database, store)
    await changes.hold(database, coming.id, 60)
    build(store, coming, ids)
    building.mark_ready(store, coming.id)
    assert not building.switch(store, coming.id)
    overview = {space.state: space for space in await changes.spaces(database)}
    assert (overview["ready"].done, overview["ready"].total) == (4, 4)
    assert overview["ready"].text_revision == "t2"
    await changes.hold(database, coming.id, 0)
    assert building.switch(store, coming.id)


async def test_another_wish_ends_what_is_on_its_way(
    database: Database, store: IngestStore, owner: Owner
) -> None:
    _, ids, coming = await begun(database, store)
    build(store, coming, ids[:1])
    third = await asyncio.to_thread(new_space, store, "r3", _DIM)
    assert [space.state for space in all_spaces(store)] == ["live", "kept", "building"]
    await asyncio.to_thread(new_space, store)
    assert {s.id: s.state for s in all_spaces(store)}[third.id] == "kept"
    assert not await changes.on_its_way(database)
    # Taken up again it lacks only what it lacked.
    await asyncio.to_thread(new_space, store, "r2", _DIM)
    assert lacking(store, coming) == ids[1:]


async def test_a_space_that_takes_over_at_once_leaves_what_it_has_findable(
    database: Database, store: IngestStore
) -> None:
    _, ids, coming = await begun(database, store)
    build(store, coming, ids[:3])
    await take_over(store, "r2", _DIM)
    state = await collection_state(database, "ours")
    assert (state.ready_count, state.pending_count) == (3, 1)
    # And back: the one that waits has its vector there.
    await take_over(store, "r1")
    state = await collection_state(database, "ours")
    assert (state.ready_count, state.pending_count) == (4, 0)


@pytest.mark.parametrize("after", [0, 10**18])
def test_an_empty_database_lacks_nothing(store: IngestStore, after: int) -> None:
    space = new_space(store)
    assert lacking(store, space, after) == []
    assert building.lacking(store, space.id) == 0
