"""One run over all sizes: what is measured, in which order, and the rows it makes."""

from __future__ import annotations

import numpy as np
import psycopg

from benchmarks import _search_others as others
from benchmarks._report import Table
from benchmarks._search_data import DIM, Mixture, Vectors, mini_vectors, zipf_sizes
from benchmarks._search_graph import NAME as GRAPH
from benchmarks._search_graph import build_graph, searched_by_graph
from benchmarks._search_postgres import copied, fill, new_database, size_bytes
from benchmarks._search_product import (
    SELECTIONS,
    Asked,
    Rows,
    ask,
    build,
    collections_of,
    counted_ms,
    delete,
    index_from,
    selection_masks,
    warm,
)
from benchmarks._search_truth import Recall, Truth, unit
from db.embedded import EmbeddedPostgres
from db.ingest import IngestStore
from db.pool import Database
from db.spaces import register_space

QUESTIONS = 200
SMALL = 50
"""Pictures of the smallest community among many."""
CROSSING = (1000, 2000, 3000, 4000, 8000, 16_000)
SHORT_CROSSING = CROSSING[:4]
MINI_COPIES = 10
MINI_PICTURES, SHORT_MINI_PICTURES = 10_000, 400
"""At most so many of the samples."""
GONE = 20
"""Of each question's nearest pictures, so many are deleted."""


class Run:
    """One run over all sizes; collects tables, bars and lines as it goes."""

    def __init__(self, postgres: EmbeddedPostgres, *, short: bool) -> None:
        self.postgres = postgres
        self.short = short
        self.speed: list[tuple[str, ...]] = []
        self.filtered: list[tuple[str, ...]] = []
        self.others: list[tuple[str, ...]] = []
        self.sizes: list[tuple[str, ...]] = []
        self.lines: dict[str, list[tuple[float, float]]] = {}
        self.recalls: list[Recall] = []
        self.full: list[float] = []
        self.small_full = True
        self.p95: dict[str, dict[int, float]] = {"one community": {}, "many communities": {}}

    def filled(self, name: str, vectors: list[Vectors], owners: Rows) -> str:
        """Return the address of a database with these pictures, filled unless it is there."""
        url, is_new = new_database(self.postgres, name)
        if is_new:
            store = IngestStore(url)
            dim = vectors[0].shape[1]
            space = register_space(store, name=name, revision="1", dim=dim, preprocessing={})
            store.close()
            fill(url, space.id, vectors, owners, channels=20)
        return url

    def add(self, what: str, size: str, asked: Asked) -> None:
        """Note how questions went."""
        self.speed.append((what, size, str(asked.recall), *asked.timed.cells))

    async def one_community(self, vectors: list[Vectors], truth: Truth, questions: Vectors) -> None:
        """All pictures in one collection: plain, narrowed, after deletions, exactly."""
        total = sum(map(len, vectors))
        owners = np.ones(total, np.int64)
        url = self.filled(f"one_{total}", vectors, owners)
        built = build(url)
        self.sizes.append(_size_row("one community", total, url, built))
        place = collections_of(url, owners, vectors[0].shape[1])[1]
        async with _opened(url) as database:
            await warm(database, Mixture().questions(QUESTIONS, others=True), [place])
            plain = await ask(database, truth, questions, [place], times=QUESTIONS)
            self.add("one community", f"{total:,}", plain)
            self.p95["one community"][total] = plain.timed.percentile(95)
            self.recalls.append(plain.recall)
            self.full.append(plain.full)
            masks = selection_masks(total)
            for name, selection in SELECTIONS.items():
                asked = await ask(
                    database,
                    truth,
                    questions,
                    [place],
                    among=selection,
                    mask=masks[name],
                    times=60,
                    crowd=False,
                )
                counted = await counted_ms(database, place, selection)
                row = (f"{total:,}", name, str(asked.recall), f"{asked.full:.0%}")
                times = [f"{asked.timed.percentile(percent):.1f}" for percent in (50, 95)]
                self.filtered.append((*row, *times, f"{counted:.1f}"))
                self.recalls.append(asked.recall)
                self.full.append(asked.full)
            with index_from(total):
                exact = await ask(database, truth, questions, [place], times=20, crowd=False)
            self.add("… exactly", f"{total:,}", exact)
            self._line("exact", total, exact.timed.percentile(50))
            self._line("product", total, plain.timed.percentile(50))
        # Dead entries stay in the lists until a vacuum.
        gone = np.unique(np.concatenate([truth.nearest(n, GONE) for n in range(QUESTIONS)]))
        with copied(self.postgres, url) as copy:
            left, delete_s = delete(copy, place, gone)
            async with _opened(copy) as database:
                after = await ask(database, truth, questions, [left], times=QUESTIONS)
            self.add(f"… {len(gone):,} nearest deleted in {delete_s:.1f} s", f"{total:,}", after)
            self.recalls.append(after.recall)
            self.full.append(after.full)
        with copied(self.postgres, url) as copy:
            graph = build_graph(copy, place.where.space_id, 1, place.where.dim)
            self.sizes.append(_size_row(GRAPH, total, copy, graph))
            async with _opened(copy) as database:
                with searched_by_graph():
                    await warm(database, Mixture().questions(QUESTIONS, others=True), [place])
                    plain = await ask(database, truth, questions, [place], times=QUESTIONS)
        self.add(GRAPH, f"{total:,}", plain)
        self._line("pgvector HNSW", total, plain.timed.percentile(50))

    async def own_encoder(self) -> None:
        """The sample pictures and their names by mini, as they are and with others like them."""
        vectors, questions = mini_vectors(
            SHORT_MINI_PICTURES if self.short else MINI_PICTURES, MINI_COPIES
        )
        total = sum(map(len, vectors))
        owners = np.ones(total, np.int64)
        url = self.filled(f"mini_{total}", vectors, owners)
        build(url)
        truth = Truth(questions, vectors, total)
        place = collections_of(url, owners, vectors[0].shape[1])[1]
        async with _opened(url) as database:
            asked = await ask(database, truth, questions, [place], times=QUESTIONS)
        self.add("mini's own vectors, 384-d", f"{total:,}", asked)
        self.recalls.append(asked.recall)
        self.full.append(asked.full)

    async def many_communities(
        self, vectors: list[Vectors], truth: Truth, questions: Vectors
    ) -> None:
        """The same pictures over communities of uneven size, asked as often as they are large."""
        total = sum(map(len, vectors))
        sizes = [*zipf_sizes(total - SMALL, max(20, total // 500)), SMALL]
        owners = np.repeat(np.arange(1, len(sizes) + 1), sizes)
        generator = np.random.default_rng(3)
        generator.shuffle(owners)
        url = self.filled(f"many_{total}", vectors, owners)
        built = build(url)
        name = f"{len(sizes)} communities"
        self.sizes.append(_size_row(name, total, url, built))
        collections = collections_of(url, owners, vectors[0].shape[1])
        asked_in = generator.choice(len(sizes), QUESTIONS, p=np.array(sizes) / total) + 1
        async with _opened(url) as database:
            places = [collections[int(number)] for number in asked_in]
            await warm(database, Mixture().questions(QUESTIONS, others=True), places)
            asked = await ask(database, truth, questions, places, times=QUESTIONS)
            self.add(name, f"{total:,}", asked)
            self.p95["many communities"][total] = asked.timed.percentile(95)
            small = collections[len(sizes)]
            found = await ask(database, truth, questions, [small], times=50, crowd=False)
            self.add(f"… the one of {SMALL}", f"{total:,}", found)
            self.small_full &= found.full == 1 and found.recall.worst == 1
            self.recalls += [asked.recall, found.recall]
            self.full += [asked.full, found.full]

    async def alternatives(self, vectors: list[Vectors], truth: Truth) -> None:
        """The libraries, on the vectors of the one community."""
        pictures = np.concatenate([unit(chunk) for chunk in vectors])
        masks = selection_masks(len(pictures))
        chosen = {name: masks[name] for name in ("tag of 10 %", "tag of 1 %")}
        for found in await others.measure(pictures, truth, chosen):
            total = f"{len(pictures):,}"
            self.speed.append((found.name, total, str(found.recall), *found.timed.cells))
            self._line(found.name.split(",")[0], len(pictures), found.timed.percentile(50))
            size = f"{found.size_bytes / 2**20:,.0f}"
            self.sizes.append((found.name, total, "–", f"{found.build_s:.0f}", "–", size))
            for name, recall, full in found.filtered:
                self.others.append((found.name, total, name, str(recall), f"{full:.0%}"))

    async def crossing(self) -> Table:
        """Collections of growing size in one table, each searched exactly and by an index."""
        sizes = SHORT_CROSSING if self.short else CROSSING
        total = sum(sizes)
        vectors = list(Mixture(seed=2).pictures(total))
        owners = np.repeat(np.arange(1, len(sizes) + 1), sizes)
        np.random.default_rng(4).shuffle(owners)
        url = self.filled(f"crossing_{total}", vectors, owners)
        build(url, above=min(sizes) - 1)
        questions = Mixture(seed=2).questions(QUESTIONS)
        truth = Truth(questions, vectors, total)
        rows = []
        async with _opened(url) as database:
            for place in collections_of(url, owners, DIM).values():
                times = []
                for above in (total, 0):
                    with index_from(above):
                        asked = await ask(database, truth, questions, [place], times=60)
                    times += [asked.timed.percentile(50), asked.timed.percentile(95)]
                    name = "exactly" if above else "by index"
                    self._line(f"one of {len(sizes)} collections, {name}",
                               place.where.image_count, times[-2])  # fmt: skip
                rows.append((f"{place.where.image_count:,}", *(f"{ms:.2f}" for ms in times)))
        columns = ("pictures", "exact p50 ms", "p95 ms", "by index p50 ms", "p95 ms")
        return Table("Exact or by index", columns, tuple(rows))

    def _line(self, name: str, x: float, y: float) -> None:
        self.lines.setdefault(name, []).append((x, y))


def _size_row(what: str, total: int, url: str, built: tuple[float, int, int]) -> tuple[str, ...]:
    build_s, indexes, index_bytes = built
    table = size_bytes(url, ["embeddings"]) - index_bytes
    build = "kept" if np.isnan(build_s) else f"{build_s:.0f}"
    sizes = (f"{table / 2**20:,.0f}", f"{index_bytes / 2**20:,.0f}")
    return what, f"{total:,}", str(indexes), build, *sizes


class _opened:  # noqa: N801 - reads as the statement it is
    """The bot's pool for as long as the block; the buffers are warm when it begins."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        with psycopg.connect(url) as connection:
            connection.execute("SELECT count(*) FROM embeddings WHERE embedding IS NULL")

    async def __aenter__(self) -> Database:
        await self._database.open()
        return self._database

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()
