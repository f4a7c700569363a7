"""A collection of all kinds of pictures in Postgres, and what Python picks out of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from db.embeddings import SearchScope
from db.indexes import ensure_indexes, index_name, lists_for
from db.ingest import IngestStore
from db.selections import Selection
from db.spaces import register_text_towers
from tests.integration.rows import new_space

DIM = 8
COUNT = 400
CHANNELS = ["1", "12", "123", "4"]
TAGS = ["cat", "dog", "a'b", "猫"]
PEOPLE = ["u:1", "u:2", "u:3"]


@dataclass
class Shown:
    """A picture, as an oracle needs it."""

    frames: NDArray[np.float32]
    tags: list[str]
    uploader_id: str
    is_ready: bool
    confined: bool
    sources: list[tuple[str, str]] = field(default_factory=list)

    def is_among(self, selection: Selection, image_id: int) -> bool:
        """Tell whether a selection has it."""
        sees = selection.sees
        channels = {channel for channel, _ in self.sources}
        return (
            self.is_ready
            and (not selection.tag or selection.tag in self.tags)
            and (not selection.uploader_id or selection.uploader_id == self.uploader_id)
            and image_id not in selection.hidden
            and (sees is None or not self.confined or bool(channels & sees))
        )

    def link(self, selection: Selection) -> tuple[str | None, str | None]:
        """Return the first message that may be shown."""
        sees = selection.sees
        seen = [
            (len(message), message, channel)
            for channel, message in self.sources
            if message and (sees is None or channel in sees)
        ]
        return (min(seen)[2], min(seen)[1]) if seen else (None, None)

    def score(self, query: NDArray[np.float32]) -> float:
        """Return the cosine of its nearest frame."""
        norms = np.linalg.norm(self.frames, axis=1) * np.linalg.norm(query)
        return float((self.frames @ query / norms).max())


@dataclass(frozen=True)
class Gallery:
    """A database with a collection of all kinds of pictures, and a small one beside it."""

    url: str
    where: SearchScope
    pictures: dict[int, Shown]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text("the gallery")  # hypothesis prints what it gives

    def ids(self, selection: Selection) -> list[int]:
        """Return what a selection has, the oldest first."""
        return [n for n, shown in self.pictures.items() if shown.is_among(selection, n)]

    def nearest(self, selection: Selection, query: NDArray[np.float32]) -> list[int]:
        """Return what a selection has, best first."""
        return sorted(
            self.ids(selection), key=lambda n: (-round(self.pictures[n].score(query), 6), n)
        )


def _make_up(chance: random.Random) -> Shown:
    generator = np.random.default_rng(chance.randrange(2**32))
    frames = generator.normal(size=(chance.choice([1, 1, 1, 3]), DIM))
    shown = Shown(
        frames.astype(np.float16).astype(np.float32),
        chance.sample(TAGS, chance.randrange(3)),
        chance.choice(PEOPLE),
        is_ready=chance.random() < 0.95,
        confined=False,
    )
    if chance.random() < 0.8:
        # Few pictures are in the last channel.
        for channel in chance.choices(CHANNELS, [10, 8, 8, 1], k=chance.randrange(1, 4)):
            shown.sources.append((channel, chance.choice(["", str(chance.randrange(10**6))])))
        shown.sources = sorted(set(shown.sources))
        shown.confined = chance.random() < 0.9
    return shown


def fill(url: str) -> Gallery:
    """Write a gallery, always the same, into an empty database, with an index of the collection."""
    store = IngestStore(url)
    space = new_space(store, dim=DIM)
    register_text_towers(store, space.id, {"tower": []}, default="tower")
    chance = random.Random(5)  # noqa: S311
    pictures: dict[int, Shown] = {}
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO collections (key) VALUES ('ours'), ('theirs')")
        with connection.cursor() as cursor:
            for n in range(COUNT):
                shown, collection = _make_up(chance), 2 if n % 50 == 0 else 1
                cursor.execute(
                    "INSERT INTO images (collection_id, sha256, size_bytes, media_type, tags,"
                    " uploader_id, uploader_name, status, confined) VALUES (%s,"
                    " sha256(%s::text::bytea), 1, 'image/png', %s, %s, 'u', %s, %s) RETURNING id",
                    (
                        *(collection, n, shown.tags, shown.uploader_id),
                        *("ready" if shown.is_ready else "pending", shown.confined),
                    ),
                )
                (row,) = cursor.fetchall()
                if collection == 1:
                    pictures[row[0]] = shown
                cursor.executemany(
                    "INSERT INTO image_sources VALUES (%s, %s, %s, %s)",
                    [(row[0], collection, *source) for source in shown.sources],
                )
                if shown.is_ready:
                    cursor.executemany(
                        "INSERT INTO embeddings VALUES (%s, %s, %s, %s, %s::halfvec)",
                        [
                            (space.id, row[0], frame, collection, str(vector.tolist()))
                            for frame, vector in enumerate(shown.frames)
                        ],
                    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        # So few pictures are sorted sooner than looked up in the index.
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET enable_sort = off")
    ready = sum(shown.is_ready for shown in pictures.values())
    assert ensure_indexes(store, above=COUNT // 2) == [index_name(space.id, 1, lists_for(ready))]
    store.close()
    return Gallery(url, SearchScope(1, ready, space.id, DIM), pictures)
