"""`python -m workers.training mosaic` and `photographs`."""

from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from workers.encoders.models import BUNDLED, load
from workers.training.allocator import restart_with_tcmalloc
from workers.training.evaluation import photographs as sets

CONSOLE = Console()
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
@click.option("--final", is_flag=True, help="The questions that nothing was developed by.")
def photographs_command(model: Path, folder: Path, final: bool) -> None:
    """Ask the questions about photographs; prints the share that find a right one in five."""
    table = Table("questions", "number", "hit@5", box=None)
    found = measured(model, folder, "final" if final else "development")
    for name, (count, share) in found.items():
        table.add_row(name, str(count), f"{share:.3f}")
    CONSOLE.print(table)


def mosaic(run: Path, cache: Path, drawings: Path, out: Path) -> None:
    """Build the bundled model for drawings and photographs; what is finished is not done again."""
    restart_with_tcmalloc(cache)
    from workers.training.mosaic.recipe import Mosaic, MosaicSettings

    Mosaic(run, cache, drawings, MosaicSettings(), CONSOLE.print).run(out)
