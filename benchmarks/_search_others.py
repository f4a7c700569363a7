"""The alternatives, in this process over float32: FAISS HNSW, hnswlib, a NumPy scan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import faiss
import hnswlib
import numpy as np
from numpy.typing import NDArray

from benchmarks._search_timing import ASKERS, Timed, timed_in_threads
from benchmarks._search_truth import K, Mask, Recall, Truth

M = 16
EF_CONSTRUCTION = 64
EF_SEARCH = (64, 128, 256, 512, 1024, 2048)
WANTED_RECALL = 0.99

Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one alternative achieves."""

    name: str
    build_s: float
    size_bytes: int
    recall: Recall
    timed: Timed[Rows]
    filtered: tuple[tuple[str, Recall, float], ...]
    """For each selection its name, the recall, and the share of ten places filled."""


async def measure(pictures: Matrix, truth: Truth, selections: dict[str, Mask]) -> list[Measured]:
    """Measure all of them, one after the other, each gone before the next comes."""
    found = []
    for build in (_faiss, _hnswlib, _numpy):
        for name, build_s, size_bytes, ask in build(pictures):
            asked = _asking(ask, truth, None)
            timed = await timed_in_threads(asked, len(truth.questions))
            recall = _recall(truth, timed.answers, None)
            if recall.mean < WANTED_RECALL and "ef 2048" not in name:
                continue  # the next one tries harder
            filtered = []
            for selection, mask in selections.items():
                rows = np.flatnonzero(mask)
                count = min(len(truth.questions), 50)
                answers = tuple(map(_asking(ask, truth, mask), range(count)))
                wanted = min(K, len(rows))
                full = float(np.mean([len(answer) / wanted for answer in answers]))
                filtered.append((selection, _recall(truth, answers, rows), full))
            found.append(Measured(name, build_s, size_bytes, recall, timed, tuple(filtered)))
            break
    return found


Ask = Callable[[Matrix, Mask | None], Rows]
Built = Iterator[tuple[str, float, int, Ask]]


def _asking(ask: Ask, truth: Truth, mask: Mask | None) -> Callable[[int], Rows]:
    return lambda n: ask(truth.questions[n], mask)


def _recall(truth: Truth, answers: tuple[Rows, ...], among: Rows | None) -> Recall:
    return Recall(tuple(truth.recall(n, found, among) for n, found in enumerate(answers)))


def _faiss(pictures: Matrix) -> Built:
    """FAISS; selections by its id selector, while it walks the graph."""
    faiss.omp_set_num_threads(ASKERS)
    index = faiss.IndexHNSWFlat(pictures.shape[1], M, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    began = time.perf_counter()
    index.add(pictures)
    build_s = time.perf_counter() - began
    faiss.omp_set_num_threads(1)
    size = pictures.nbytes + len(pictures) * M * 2 * 4

    for ef in EF_SEARCH:

        def ask(question: Matrix, mask: Mask | None, ef: int = ef) -> Rows:
            options: dict[str, Any] = {"efSearch": ef}
            if mask is not None:
                bits = np.packbits(mask, bitorder="little")
                options["sel"] = faiss.IDSelectorBitmap(bits)
            parameters = faiss.SearchParametersHNSW(**options)
            _, rows = index.search(question[None], K, params=parameters)
            return rows[0][rows[0] >= 0]

        yield f"FAISS HNSW, ef {ef}", build_s, size, ask


def _hnswlib(pictures: Matrix) -> Built:
    """hnswlib; selections by picking from the ten best afterwards, as it is mostly used."""
    index = hnswlib.Index(space="ip", dim=pictures.shape[1])
    index.init_index(len(pictures), M=M, ef_construction=EF_CONSTRUCTION)
    index.set_num_threads(ASKERS)
    began = time.perf_counter()
    index.add_items(pictures)
    build_s = time.perf_counter() - began
    index.set_num_threads(1)

    for ef in EF_SEARCH:

        def ask(question: Matrix, mask: Mask | None, ef: int = ef) -> Rows:
            index.set_ef(ef)
            rows, _ = index.knn_query(question, K)
            found = rows[0].astype(np.int64)
            return found if mask is None else found[mask[found]]

        size = index.index_file_size()
        yield f"hnswlib, ef {ef}", build_s, size, ask


def _numpy(pictures: Matrix) -> Built:
    """A scan; selections by a mask before it."""

    def ask(question: Matrix, mask: Mask | None) -> Rows:
        rows = None if mask is None else np.flatnonzero(mask)
        cosines = (pictures if rows is None else pictures[rows]) @ question
        wanted = min(K, len(cosines))
        best = np.argpartition(-cosines, wanted - 1)[:wanted]
        best = best[np.argsort(-cosines[best])]
        return best if rows is None else rows[best]

    yield "NumPy scan", 0.0, pictures.nbytes, ask
