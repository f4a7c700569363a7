"""Search that scales: recall, latency and size by the number of pictures, beside alternatives.

Fills the real schema on the embedded Postgres with vectors as image-text towers make them, and
searches through the bot's own code: one community with all the pictures, then the same pictures
spread over many communities. In the same run: FAISS HNSW, hnswlib and a NumPy scan.

    python -m benchmarks.search [--short] [--sizes 10000,100000] [--keep FOLDER] [--write]
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
from pathlib import Path

from benchmarks._report import Bar, Plot, Report, Table, main
from benchmarks._search_data import Mixture
from benchmarks._search_postgres import running_postgres
from benchmarks._search_run import QUESTIONS, SMALL, Run
from benchmarks._search_truth import Truth
from bot.core.search import BLOCK_SIZE
from db.embedded import EmbeddedPaths, EmbeddedPostgres
from tests.stack import new_data_dir

SHORT = (10_000, 50_000)
FULL = (10_000, 100_000, 1_000_000)


async def _measure(postgres: EmbeddedPostgres, sizes: tuple[int, ...], *, short: bool) -> Report:
    run = Run(postgres, short=short)
    mixture = Mixture()
    questions = mixture.questions(QUESTIONS)
    for total in sizes:
        vectors = list(mixture.pictures(total))
        truth = Truth(questions, vectors, total)
        await run.many_communities(vectors, truth, questions)
        await run.one_community(vectors, truth, questions)
        await run.alternatives(vectors, truth)
    await run.own_encoder()
    crossing = await run.crossing()
    return _report(run, crossing)


def _report(run: Run, crossing: Table) -> Report:
    mean = min(recall.mean for recall in run.recalls)
    worst = min(recall.worst for recall in run.recalls)
    bars = [
        Bar("recall@10, lowest mean of all series", "≥ 0.99", f"{mean:.4f}", mean >= 0.99),
        Bar("recall@10, worst question of all", "≥ 0.9", f"{worst:.1f}", worst >= 0.9),
        Bar("blocks full where matches exist", "100 %", f"{min(run.full):.0%}", min(run.full) == 1),
        Bar(
            f"a community of {SMALL} among many gets all its pictures",
            "always", "always" if run.small_full else "not always", run.small_full,
        ),
    ]  # fmt: skip
    for what, p95 in run.p95.items():
        first, last = min(p95), max(p95)
        ratio = p95[last] / p95[first]
        name = f"p95 at {last:,} over p95 at {first:,}, {what}"
        bars.append(Bar(name, "≤ 3", f"{ratio:.2f}", ratio <= 3))
    speed = ("what", "pictures", "recall@10 mean / worst", "p50 ms", "p95 ms", "p99 ms", "QPS of 2")
    tables = [
        Table("Without filters", speed, tuple(run.speed)),
        Table(
            "The product with filters, one community",
            (
                "pictures",
                "filter",
                "recall@10 mean / worst",
                "full",
                "p50 ms",
                "p95 ms",
                "count ms",
            ),
            tuple(run.filtered),
        ),
        Table(
            "Alternatives with filters",
            ("what", "pictures", "filter", "recall@10 mean / worst", "ten places filled"),
            tuple(run.others),
        ),
        Table(
            "Build and size",
            ("what", "pictures", "indexes", "build s", "vectors MiB", "index MiB"),
            tuple(run.sizes),
        ),
        crossing,
    ]
    plots = [Plot("Median of a lone asker", "pictures", "ms", run.lines, log_x=True, log_y=True)]
    notes = (
        f"{QUESTIONS} questions a series; the product returns a block of {BLOCK_SIZE} with"
        " captions and links, of which the first ten count for recall, the libraries ten row"
        " numbers.",
        "FAISS takes filters by its id selector, hnswlib is filtered afterwards, NumPy beforehand."
        " Their QPS is of two threads. Their ef is the smallest with a mean recall of 0.99.",
    )
    return Report("Search that scales", tables, bars, plots, notes)


def _run(short: bool, sizes: tuple[int, ...], keep: Path | None) -> Report:
    folder = keep or new_data_dir()
    EmbeddedPaths(folder).make()
    try:
        with running_postgres(folder) as postgres:
            return asyncio.run(_measure(postgres, sizes or (SHORT if short else FULL), short=short))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def start() -> None:
    """Read this benchmark's own options and leave the rest to :func:`main`."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--sizes", default="", help="numbers of pictures, with commas")
    parser.add_argument("--keep", type=Path, help="a folder for the databases, used again")
    options, rest = parser.parse_known_args()
    sizes = tuple(int(size) for size in options.sizes.split(",") if size)
    main("search", lambda short: _run(short, sizes, options.keep), rest)


if __name__ == "__main__":
    start()
