"""`python -m workers.training`: build, extend, fine-tune and measure dual encoders."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import click
import torch
from platformdirs import user_cache_path
from rich.console import Console
from transformers.utils import logging as transformers_logging

from workers.encoders.base import EncoderError
from workers.encoders.models import is_made_of_parts
from workers.packs.errors import PackError
from workers.training import annotations, artwork, parallel, pooling, towers
from workers.training.allocator import restart_with_tcmalloc
from workers.training.errors import TrainingError
from workers.training.evaluation import measure, questions, report, with_pack
from workers.training.files import whole_folder, write_whole
from workers.training.finetune import FinetuneSettings, finetune
from workers.training.languages import base_language
from workers.training.mosaic.commands import (
    evaluate_mosaic,
    mosaic,
    photographs_command,
    relevance_command,
)
from workers.training.pack import PackSettings, make_pack
from workers.training.recipe.settings import MiniSettings
from workers.training.recipe.stages import Mini

CONSOLE = Console()
ERRORS = Console(stderr=True)
DEFAULT_CACHE = user_cache_path("babelpix") / "training"
BUNDLED = Path(__file__).parent.parent / "models" / "mini"
cache_option = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=DEFAULT_CACHE,
    show_default=True,
    help="Where the packages' data is kept.",
)
run_option = click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("runs/mini"),
    show_default=True,
    help="The run's folder; give it again to continue after a kill.",
)
leave_out_option = click.option(
    "--leave-out",
    default="",
    help="Languages kept out of all data, for instance fi,sw,th.",
)
steps_option = click.option(
    "--distill-steps",
    type=click.IntRange(min=20),
    default=MiniSettings().distill_steps,
    show_default=True,
)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


def _usable(context: click.Context, parameter: click.Parameter, device: str) -> str:
    if device == "cuda" and not torch.cuda.is_available():
        raise click.BadParameter("torch sees no CUDA device here")
    return device


device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    callback=_usable,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="babelpix", message="Babelpix %(version)s")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
def main(threads: int) -> None:
    """Build, extend, fine-tune and measure dual encoders."""
    torch.set_num_threads(threads)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _languages(given: str) -> tuple[str, ...]:
    return tuple(sorted({base_language(code) for code in given.split(",") if code.strip()}))


def _mini(folder: Path, cache: Path, device: str, steps: int = 0, leave_out: str = "") -> Mini:
    restart_with_tcmalloc(cache)
    languages = _languages(leave_out)
    settings = replace(MiniSettings(), device=device, leave_out=languages)
    if steps:
        settings = replace(settings, distill_steps=steps)
    return Mini(folder, cache, settings, CONSOLE.print)


@main.command()
@run_option
@cache_option
@device_option
def data(folder: Path, cache: Path, device: str) -> None:
    """Fetch and prepare the data of the bundled model."""
    _mini(folder, cache, device).prepare()


@main.command()
@run_option
@cache_option
@device_option
def align(folder: Path, cache: Path, device: str) -> None:
    """Train the image tower towards the teacher's text space."""
    _mini(folder, cache, device).run(until="align")


@main.command()
@run_option
@cache_option
@device_option
@steps_option
@leave_out_option
def distill(folder: Path, cache: Path, device: str, distill_steps: int, leave_out: str) -> None:
    """Distil the multilingual text tower (and the stage before it, if it is not done)."""
    CONSOLE.print(_mini(folder, cache, device, distill_steps, leave_out).run(until="distill"))


@main.command()
@run_option
@cache_option
@device_option
@click.option("--dry-run", is_flag=True, help="Prepare the data from packages alone, then stop.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=BUNDLED, show_default=True, help="The model."
)
def mini(folder: Path, cache: Path, device: str, dry_run: bool, out: Path) -> None:
    """Rebuild the bundled model from packages alone: data, all stages, evaluation."""
    run = _mini(folder, cache, device)
    if dry_run:
        run.prepare()
        return
    trained = run.run()
    measured = measure.Model(folder / "measured")
    pictures, named = run.data.pictures, run.data.annotations
    held = report.evaluate_held_out(measured, pictures, named, run.settings.hold_out)
    with whole_folder(out) as made:
        for name in towers.MODEL_FILES:
            shutil.copyfile(trained / name, made / name)
        write_whole(made / "held_out.json", json.dumps(held, indent=1) + "\n")
        write_whole(made / "recipe.md", run.recipe())
        _evaluate(cache, made)


def _evaluate(cache: Path, model: Path) -> None:
    pictures = artwork.load(cache)
    asked = questions.load(pictures.alias)
    every = annotations.load(cache, pictures.alias)
    found = report.evaluate(measure.Model(model), pictures, every, asked)
    recipe = model / "recipe.md"
    report.write(model, found, recipe.read_text("utf-8") if recipe.exists() else "")
    for name in ("names", "unseen_artwork", "free_questions"):
        CONSOLE.print(report.row(name, found[name]), highlight=False)


@main.command()
@click.option("--model", type=FOLDER, default=BUNDLED, show_default=True)
@click.option("--photographs", type=FOLDER, help="Of a model for photographs: the 120 of them.")
@click.option(
    "--sheets", type=click.Path(path_type=Path), help="Write pages with answers into this folder."
)
@cache_option
def evaluate(model: Path, photographs: Path | None, sheets: Path | None, cache: Path) -> None:
    """Measure a model; writes evaluation.json and README.md beside it."""
    if is_made_of_parts(model):
        if photographs is None:
            raise click.UsageError("a model for photographs is measured with --photographs FOLDER")
        evaluate_mosaic(model, photographs, cache, sheets)
    else:
        _evaluate(cache, model)


@main.command("mosaic")
@click.option("--drawings", type=FOLDER, default=BUNDLED, show_default=True)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("runs/mosaic"),
    show_default=True,
)
@click.option("--out", type=click.Path(path_type=Path), default=BUNDLED.parent / "mosaic")
@cache_option
def mosaic_command(drawings: Path, folder: Path, out: Path, cache: Path) -> None:
    """Build the model for drawings and photographs from packages and the model for drawings."""
    mosaic(folder, cache, drawings, out)


main.add_command(photographs_command)
main.add_command(relevance_command)


@main.command("pool")
@click.option("--model", type=FOLDER, default=BUNDLED, show_default=True)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("runs/pooling"),
    show_default=True,
)
@cache_option
def pool_command(model: Path, folder: Path, cache: Path) -> None:
    """Learn how much each part of a question counts, for a model of the emoji kind."""
    restart_with_tcmalloc(cache)
    pictures = artwork.load(cache)
    every = annotations.load(cache, pictures.alias)
    settings, say = MiniSettings(), CONSOLE.print
    learnt = pooling.pool(model, cache, pictures, every, run=folder, settings=settings, say=say)
    learnt.save(model)


@main.command("evaluate-pack")
@click.option("--model", type=FOLDER, default=BUNDLED, show_default=True)
@click.option("--pack", type=FOLDER, required=True)
@cache_option
def evaluate_pack(model: Path, pack: Path, cache: Path) -> None:
    """Measure the emoji names with and without a pack; writes pack_evaluation.json beside it."""
    pictures = artwork.load(cache)
    found = with_pack.compare(model, pack, pictures, annotations.load(cache, pictures.alias))
    write_whole(pack.parent / "pack_evaluation.json", json.dumps(found, indent=1) + "\n")
    rows = {"other locales": found["other_locales"], **found["by_locale"]}
    for name, gain in rows.items():
        for when in ("before", "after"):
            CONSOLE.print(report.row(f"{name}, {when}", gain[when]), highlight=False)
    CONSOLE.print(f"pictures' vectors equal to the bit: {found['same_pictures']}")


@main.command("pairs")
@click.option("--languages", required=True, help="For instance fi,sw,th.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--words", type=click.IntRange(min=0), default=9000, show_default=True)
@cache_option
def pairs_command(languages: str, out: Path, words: int, cache: Path) -> None:
    """Write the parallel phrases of some languages out of the packages' data, for `pack`."""
    wanted = _languages(languages)
    out.parent.mkdir(parents=True, exist_ok=True)
    named = annotations.load(cache, artwork.load(cache).alias)
    found = parallel.name_pairs(named, wanted)
    found += parallel.word_pairs(cache, wanted, words, MiniSettings().seed)
    for language, count in parallel.write(found, out, wanted).items():
        CONSOLE.print(f"{language}: {count} pairs")
    CONSOLE.print(str(out), soft_wrap=True)


@main.command("finetune")
@click.option("--base", type=FOLDER, default=BUNDLED, show_default=True)
@click.option("--pictures", type=FOLDER, required=True)
@click.option("--run", "folder", type=click.Path(path_type=Path), required=True)
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True)
@device_option
def finetune_command(base: Path, pictures: Path, folder: Path, epochs: int, device: str) -> None:
    """Fine-tune a CLIP contrastively on a folder of pictures with captions.tsv."""
    restart_with_tcmalloc(DEFAULT_CACHE)
    settings = FinetuneSettings(epochs=epochs, device=device)
    CONSOLE.print(finetune(base, pictures, folder, settings), soft_wrap=True, markup=False)


@main.command("pack")
@click.option("--base", type=FOLDER, default=BUNDLED, show_default=True)
@click.option(
    "--pairs",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="language, phrase, English phrase: tab-separated, UTF-8.",
)
@click.option("--run", "folder", type=click.Path(path_type=Path), required=True)
@click.option("--steps", type=click.IntRange(min=1), default=1500, show_default=True)
@click.option("--name", default="", help="Small letters, digits, hyphens. Default: the languages.")
@click.option("--title", default="", help="What people read. Default: the languages.")
@device_option
def pack_command(
    base: Path, pairs: Path, folder: Path, *, steps: int, name: str, title: str, device: str
) -> None:
    """Make a language pack: a text tower for more languages in the base model's space."""
    restart_with_tcmalloc(DEFAULT_CACHE)
    settings = PackSettings(steps=steps, device=device, name=name, title=title)
    CONSOLE.print(str(make_pack(base, pairs, folder, settings)), soft_wrap=True, markup=False)


if __name__ == "__main__":
    try:
        main()
    except (TrainingError, PackError, EncoderError) as error:
        ERRORS.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        ERRORS.print(what, style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
