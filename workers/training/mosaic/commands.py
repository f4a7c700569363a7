"""`python -m workers.training mosaic` and `photographs`."""

from pathlib import Path

import click
import numpy as np
from platformdirs import user_cache_path
from rich.console import Console
from rich.table import Table

from workers.encoders.models import BUNDLED, load
from workers.encoders.mosaic.numbers import Numbers
from workers.training.allocator import restart_with_tcmalloc
from workers.training.evaluation import photographs as sets

CONSOLE = Console()
CACHE = user_cache_path("babelpix") / "training"
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


def measured(model: Path, folder: Path, which: str) -> dict[str, tuple[int, float]]:
    """Return how many questions of a set each group has, and the share with a right one in five.

    ``folder`` has the photographs, which are the whole gallery.
    """
    paths = sets.photographs(folder)
    questions = sets.asked(which, list(paths))
    encoder = load(str(model))
    pictures = np.concatenate(
        [encoder.encode_images([one]) for one in sets.opened([*paths.values()])]
    )
    texts = [question.text for question in questions]
    asked = np.concatenate(
        [encoder.encode_texts(texts[at : at + 32]) for at in range(0, len(texts), 32)]
    )
    return sets.table(sets.hits(asked @ pictures.T, questions), questions)


@click.command("photographs")
@click.option("--model", type=FOLDER, default=BUNDLED / "mosaic", show_default=True)
@click.option("--photographs", "folder", type=FOLDER, required=True, help="The 120 photographs.")
@click.option("--set", "which", type=click.Choice([*sets.SETS]), default="development")
def photographs_command(model: Path, folder: Path, which: str) -> None:
    """Ask the questions about photographs; prints the share that find a right one in five."""
    table = Table("questions", "number", "hit@5", box=None)
    found = measured(model, folder, which)
    for name, (count, share) in found.items():
        table.add_row(name, str(count), f"{share:.3f}")
    CONSOLE.print(table)


@click.command("relevance")
@click.option("--model", type=FOLDER, default=BUNDLED / "mosaic", show_default=True)
@click.option("--photographs", "folder", type=FOLDER, required=True, help="The 120 photographs.")
@click.option("--cache", type=click.Path(path_type=Path), default=CACHE, show_default=True)
@click.option("--write", is_flag=True, help="Write the fitted curve into the model.")
def relevance_command(model: Path, folder: Path, cache: Path, write: bool) -> None:
    """Fit what a cosine means to the questions to develop by, and check it on held-out ones."""
    from workers.training.mosaic import judging

    judged = judging.Judgements(model, folder, cache)
    found = judged.checked()
    threshold = found.threshold()
    CONSOLE.print(f"95 % of the well answered reach {threshold:.3f}", highlight=False)
    for name, own, nothing in (
        ("photographs", judging.PHOTOGRAPHS, judging.NO_PHOTOGRAPH),
        ("emoji", judging.EMOJI, judging.NO_EMOJI),
    ):
        shown = found.shown(own)
        CONSOLE.print(
            f"{name}: refused {1 - found.answered(nothing, threshold):.3f}; "
            f"from {judging.MIN_RELEVANCE} on right {shown.precision:.3f}, "
            f"right ones kept {shown.kept:.3f}, "
            f"refused {1 - found.answered(nothing, judging.MIN_RELEVANCE):.3f}",
            highlight=False,
        )
    for row in found.reliability():
        CONSOLE.print("from {:.1f} said {:.3f} right {:.3f} n {}".format(*row), highlight=False)
    if write:
        judging.with_curve(Numbers.read(model), judged.fitted()).save(model)


def evaluate_mosaic(model: Path, folder: Path, cache: Path, sheets_folder: Path | None) -> None:
    """Measure the model for drawings and photographs, and write its card."""
    from workers.training.evaluation import contact_sheets, mosaic_report
    from workers.training.evaluation.mosaic import Evaluation

    measured = Evaluation(model, folder, cache)
    found = measured.all()
    mosaic_report.write(model, found)
    for which, own in found["photographs"].items():
        for group, (count, share) in own["whole"].items():
            CONSOLE.print(f"{which}, {group}: {share:.3f} of {count}", highlight=False)
    if sheets_folder is not None:
        for page in contact_sheets.write(sheets_folder, measured):
            CONSOLE.print(f"{page}", highlight=False)


def mosaic(run: Path, cache: Path, drawings: Path, out: Path) -> None:
    """Build the bundled model for drawings and photographs; what is finished is not done again."""
    restart_with_tcmalloc(cache)
    from workers.training.mosaic.recipe import Mosaic, MosaicSettings

    Mosaic(run, cache, drawings, MosaicSettings(), CONSOLE.print).run(out)
