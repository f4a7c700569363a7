"""``python -m workers packs …``: language packs of the model that ENCODER names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from workers.settings import ModelSettings

if TYPE_CHECKING:
    from workers.packs.store import PackStore

output = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look after what the workers work with."""


@main.group("packs")
def packs_group() -> None:
    """Language packs: more languages for the model, without touching a picture's vector."""


@packs_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_command(as_json: bool) -> None:
    """List the installed packs with their languages and measured recall."""
    with _plain_errors():
        from workers.packs.errors import PackError
        from workers.packs.table import Row, as_records, packs_table

        store = _store()
        rows: list[Row] = []
        for folder in store.folders():
            try:
                rows.append((folder.name, store.read(folder)))
            except PackError as error:
                rows.append((folder.name, str(error)))
    if as_json:
        output.print_json(json.dumps(as_records(rows)))
        return
    if not rows:
        output.print("No language packs are installed. See docs/packs.md for making one.")
        return
    output.print(packs_table(rows))
    for name, found in rows:
        if isinstance(found, str):
            errors.print(f"{name}: {found}", style="yellow", markup=False)


@packs_group.command("install")
@click.argument("source", type=click.Path(path_type=Path))
def install_command(source: Path) -> None:
    """Install a pack from its folder or a ZIP archive of it."""
    with _plain_errors():
        from workers.packs.table import packs_table

        manifest = _store().install(source)
    output.print(packs_table([(manifest.name, manifest)]))
    output.print(
        f"Installed {manifest.name} ({manifest.title}). Workers that are running take it up"
        " within a few seconds.",
        markup=False,
    )


@packs_group.command("remove")
@click.argument("name")
def remove_command(name: str) -> None:
    """Remove an installed pack; questions in its languages go to the model's own tower again."""
    with _plain_errors():
        _store().remove(name)
    output.print(f"Removed {name}.", markup=False)


def _store() -> PackStore:
    from workers.encoders.engines.base import EngineOptions
    from workers.encoders.models import model_folder
    from workers.packs.store import PackStore

    settings = ModelSettings()
    # Tried once and let go of: not worth a conversion.
    options = EngineOptions(engine="torch", threads=settings.encoder_threads)
    return PackStore(settings.packs_folder, model_folder(settings.encoder), options)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn foreseeable failures into a sentence; exit code 1."""
    # Here and not above: torch comes with them, and --help need not wait for it.
    from workers.encoders.base import EncoderError
    from workers.packs.errors import PackError

    try:
        yield
    except (EncoderError, PackError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m workers")
