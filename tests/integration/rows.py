"""Pictures as rows: made up, stored, encoded, without a file or a model."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.collections import collection_state
from db.images import insert_images, storing
from db.ingest import IngestStore
from db.pool import Database
from db.records import IngestedImage, NewImage, SpaceRecord
from db.spaces import register_space

DIM = 8


def new_image(name: str, **facts: Any) -> NewImage:
    """Make up a picture; the same name is the same picture."""
    made_up = NewImage(
        sha256=hashlib.sha256(name.encode()).digest(),
        size_bytes=len(name),
        media_type="image/png",
        filename=f"{name}.png",
        caption=name,
        tags=("made", "up"),
        uploader_id="u:1",
        uploader_name="Ada",
        source_path=None,
        source_channel=None,
        source_message=None,
    )
    return replace(made_up, **facts)


def posted(name: str, channel: str | None, message: str | None = None, **facts: Any) -> NewImage:
    """Make up a picture that comes with a message, or from nowhere."""
    return new_image(name, source_channel=channel, source_message=message, **facts)


async def collection_id(database: Database, key: str) -> int:
    """Return the number of a collection, made when there is none."""
    return (await collection_state(database, key)).id


async def add_rows(database: Database, collection: int, names: Sequence[str]) -> list[int]:
    """Store pictures as the bot does; returns their ids."""
    return await add_images(database, collection, [new_image(name) for name in names])


async def add_images(database: Database, collection: int, rows: Sequence[NewImage]) -> list[int]:
    """Store these pictures as the bot does; returns their ids."""
    async with storing(database, collection, [row.sha256 for row in rows]) as connection:
        return [image_id for image_id, _ in await insert_images(connection, collection, rows)]


def new_space(
    store: IngestStore, revision: str = "r1", dim: int = DIM, at_once: str | None = None
) -> SpaceRecord:
    """Register an embedding space as a worker does."""
    return register_space(
        store, name="made-up", revision=revision, dim=dim, preprocessing={}, at_once=at_once
    )


async def take_over(store: IngestStore, revision: str, dim: int = DIM) -> SpaceRecord:
    """Make a space live at once while the bot's pool is at work, as if the former were lost.

    In a thread, since it may wait for transactions that this loop has to end.
    """
    return await asyncio.to_thread(new_space, store, revision, dim, "the former is lost")


def finish(
    store: IngestStore,
    space: SpaceRecord,
    vectors: Mapping[int, Sequence[NDArray[np.float32]]],
    failed: Mapping[int, str] | None = None,
) -> None:
    """Make pictures ready with these vectors, one per frame, and give others up."""
    failed = failed or {}
    with store.claim([*vectors, *failed]) as (claim, pending):
        claim.finish(
            space.id,
            [
                IngestedImage(
                    id=image.id,
                    collection_id=image.collection_id,
                    width=4,
                    height=3,
                    frame_count=len(vectors[image.id]),
                    media_type="image/png",
                    phash=-1,
                    vectors=tuple(to_bytes(frame) for frame in vectors[image.id]),
                )
                for image in pending
                if image.id in vectors
            ],
            {image.id: failed[image.id] for image in pending if image.id in failed},
        )


def axis(number: int, dim: int = DIM) -> NDArray[np.float32]:
    """Return a unit vector."""
    vector: NDArray[np.float32] = np.eye(dim, dtype=np.float32)[number % dim]
    return vector


def to_bytes(vector: NDArray[np.float32]) -> bytes:
    """Write a vector as it travels."""
    return vector.astype("<f2").tobytes()
