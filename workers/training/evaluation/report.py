"""Everything that is measured about a model in one JSON file, and the model card made from it."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from workers.training import sources
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.corpus import held_out
from workers.training.evaluation import measure
from workers.training.evaluation.metrics import figures
from workers.training.evaluation.questions import Question, tried
from workers.training.files import write_whole

HEADER = "| | questions | recall@1 | recall@5 | recall@10 | MRR | median rank |"
SOURCES = (
    sources.NOTO,
    *sources.NPM,
    sources.WORDNET,
    sources.FREEDICT,
    sources.EDICT,
    sources.GCOMPRIS,
    sources.SPELLING,
    sources.TUXPAINT,
    sources.CATACLYSM,
    sources.EMOJI,
    sources.TEACHER,
)
"""Of the bundled model for drawings."""
RULE = "|---|---:|---:|---:|---:|---:|---:|"


def evaluate(
    model: measure.Model,
    pictures: Artwork,
    annotations: Sequence[Annotation],
    questions: Sequence[Question],
) -> dict[str, Any]:
    """Return all figures of a model as plain values."""
    gallery = model.pictures(measure.rendered(pictures))
    names, by_locale = measure.names_by_locale(model, gallery, annotations)
    unseen = measure.unseen_artwork(model, pictures, annotations)
    free, answers = measure.free_questions(model, gallery, pictures, questions)
    return {
        **split_questions(answers, annotations),
        "names": names.as_dict(),
        "unseen_artwork": unseen.as_dict(),
        "free_questions": free.as_dict(),
        "by_locale": measure.as_json(by_locale),
        "answers": [
            {
                "language": answer.question.language,
                "question": answer.question.text,
                "top": list(answer.top),
                "rank": answer.rank,
            }
            for answer in answers
        ],
        "text_latency_ms": round(
            measure.text_latency_ms(model.folder, [one.text for one in questions]), 2
        ),
        "load_s": round(model.load_s, 2),
        "size_bytes": model.size_bytes,
        "machine": f"{platform.machine()}, 2 threads",
    }


def split_questions(
    answers: Sequence[measure.Answer], annotations: Sequence[Annotation]
) -> dict[str, dict[str, float]]:
    """Return the figures of the free questions that are some locale's phrase, and of the others.

    People ask for a "black cat" in the very words that CLDR has; the model was trained on those.
    A third part leaves out the questions that were looked at while models were made.
    """
    known = {entry.phrase.lower() for entry in annotations}
    looked_at = tried()
    found: dict[str, list[int]] = {
        "questions_verbatim": [],
        "questions_other": [],
        "questions_never_tried": [],
    }
    for answer in answers:
        verbatim = answer.question.text.lower() in known
        found["questions_verbatim" if verbatim else "questions_other"].append(answer.rank)
        if answer.question.text not in looked_at:
            found["questions_never_tried"].append(answer.rank)
    return {name: figures(torch.tensor(ranks)).as_dict() for name, ranks in found.items() if ranks}


def evaluate_held_out(
    model: measure.Model, pictures: Artwork, annotations: Sequence[Annotation], share: float
) -> dict[str, Any]:
    """Return the figures of the pairs that a run with ``hold_out=share`` did not see."""
    gallery = model.pictures(measure.rendered(pictures))
    apart = [entry for entry in annotations if held_out(entry, share)]
    names = [entry for entry in apart if entry.is_name]
    return {
        "share": share,
        "names": measure.of_annotations(model, gallery, names).as_dict(),
        "names_and_keywords": measure.of_annotations(model, gallery, apart).as_dict(),
    }


def row(title: str, values: Mapping[str, float]) -> str:
    """Return one line of a table in Markdown."""
    return (
        f"| {title} | {values['count']:.0f} | {values['recall_at_1']:.3f} "
        f"| {values['recall_at_5']:.3f} | {values['recall_at_10']:.3f} "
        f"| {values['mrr']:.3f} | {values['median_rank']:.0f} |"
    )


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Return a table of figures in Markdown."""
    return "\n".join([HEADER, RULE, *(row(title, values) for title, values in rows.items())])


def markdown(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table in Markdown; shares have three digits."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| "
        + " | ".join(f"{one:.3f}" if isinstance(one, float) else str(one) for one in line)
        + " |"
        for line in lines
    )


def table_of_sources(every: Sequence[sources.Source]) -> str:
    """Return a table in Markdown of what packages hold, and under which licence."""
    return markdown(
        ("package", "version", "what", "licence"),
        [
            (f"{source.registry}: {source.name}", source.version, source.holds, source.licence)
            for source in every
        ],
    )


def _answers(found: Sequence[Mapping[str, Any]]) -> str:
    """Return a table of good answers of many languages, then of bad ones."""
    good: dict[str, Mapping[str, Any]] = {}
    bad: dict[str, Mapping[str, Any]] = {}
    for answer in found:
        if answer["rank"] == 1:
            good[answer["language"]] = answer  # the last of a language: the least ordinary
        elif answer["rank"] > 5:
            bad.setdefault(answer["language"], answer)
    lines = ["| | question | first five | rank of the first right one |", "|---|---|---|---:|"]
    for answer in [*list(good.values())[:12], *list(bad.values())[:12]]:
        lines.append(
            f"| {answer['language']} | {answer['question']} | {' '.join(answer['top'])} "
            f"| {answer['rank']} |"
        )
    return "\n".join(lines)


def card(found: Mapping[str, Any], recipe: str, held: Mapping[str, Any]) -> str:
    """Return the model card in Markdown; every number in it comes from ``found``."""
    by_locale = found["by_locale"]
    worst = min(by_locale, key=lambda locale: by_locale[locale]["recall_at_1"])
    overview: dict[str, Mapping[str, float]] = {
        "names, all locales (trained on)": found["names"],
        f"names, worst locale ({worst})": by_locale[worst],
        "free questions": found["free_questions"],
        **{
            title: found[name]
            for name, title in (
                ("questions_verbatim", "… word for word a CLDR phrase of some locale"),
                ("questions_other", "… in words of their own"),
                ("questions_never_tried", "… never tried while models were made"),
            )
            if name in found
        },
        "English names → artwork never seen": found["unseen_artwork"],
    }
    if held:
        overview["names held out"] = held["names"]
        overview["names and keywords held out"] = held["names_and_keywords"]
    template = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    values = {
        "OVERVIEW": table(overview),
        "LOCALES": table(by_locale),
        "SOURCES": table_of_sources(SOURCES),
        "RECIPE": recipe,
        "ANSWERS": _answers(found["answers"]),
        "LANGUAGES": str(len(by_locale)),
        "HIT": f"{found['free_questions']['recall_at_5']:.2f}",
        "QUESTIONS": str(found["free_questions"]["count"]),
        "QUESTION_LANGUAGES": str(len({answer["language"] for answer in found["answers"]})),
        "LATENCY": f"{found['text_latency_ms']:.1f}",
        "LOAD": f"{found['load_s']:.2f}",
        "SIZE": f"{found['size_bytes'] / 1e6:.1f}",
    }
    for name, value in values.items():
        template = template.replace(f"[[{name}]]", value)
    return template


def write(folder: Path, found: Mapping[str, Any], recipe: str) -> None:
    """Write ``evaluation.json`` and ``README.md`` into the model's folder."""
    held = folder / "held_out.json"
    held_out_figures = json.loads(held.read_text("utf-8")) if held.exists() else {}
    write_whole(folder / "evaluation.json", json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / "README.md", card(found, recipe, held_out_figures))
