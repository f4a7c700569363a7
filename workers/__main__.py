"""``python -m workers``: models by name, and language packs of the one that ENCODER names."""

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
@click.version_option(package_name="babelpix", message="Babelpix %(version)s")
def main() -> None:
    """Look after what the workers work with."""


@main.command("models")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def models_command(as_json: bool) -> None:
    """List the models that ENCODER may name, and which of them have been fetched."""
    with _plain_errors():
        from workers.encoders.models import BUNDLED
        from workers.hub.store import ModelStore
        from workers.hub.table import as_records, models_table, rows

        found = rows(ModelStore(ModelSettings().models_folder), BUNDLED)
    if as_json:
        output.print_json(json.dumps(as_records(found)))
    else:
        output.print(models_table(found))


@main.command("fetch")
@click.argument("name")
@click.option(
    "--revision",
    metavar="[REPOSITORY=]HASH",
    multiple=True,
    help="Fetch this commit, not the one that is known to work.",
)
def fetch_command(name: str, revision: tuple[str, ...]) -> None:
    """Fetch a model from the Hugging Face hub, once; it is used offline from then on.

    A fetch that was cut short goes on where it stopped. HF_ENDPOINT names a mirror of the hub,
    HF_TOKEN is sent to it where it is set.
    """
    with _plain_errors():
        from workers.hub.names import known_model, pinned

        model = known_model(name)
        revisions = pinned(model, revision)

        from workers.hub.fetch import fetch
        from workers.hub.store import ModelStore

        store = ModelStore(ModelSettings().models_folder)
        folder = fetch(model, store, revisions, lambda line: output.print(line, markup=False))
    if folder is None:
        output.print(f"{name} is there already: {store.folder(name)}", markup=False, soft_wrap=True)
        return
    output.print(f"Fetched {name} into {folder}", markup=False, soft_wrap=True)
    output.print(f"ENCODER={name} makes the workers use it from their next start.", markup=False)


@main.command("choose")
@click.argument("name")
def choose_command(name: str) -> None:
    """Have workers use a model, fetched first where that is needed. ENCODER wins over it."""
    with _plain_errors():
        from workers.choice import choose_encoder
        from workers.encoders.models import describe_model, model_folder
        from workers.hub.catalogue import CATALOGUE
        from workers.hub.store import ModelStore

        settings = ModelSettings()
        store = ModelStore(settings.models_folder)
        folder = Path(name).expanduser()
        # A folder of that name in the working directory is another model from elsewhere.
        lasting = str(folder.absolute()) if len(folder.parts) > 1 else name
        if name in CATALOGUE and not store.folder(name).is_dir():
            from workers.hub.fetch import fetch

            fetch(CATALOGUE[name], store, {}, lambda line: output.print(line, markup=False))
        describe_model(model_folder(lasting, settings.models_folder))
        choose_encoder(settings.data_dir.expanduser().absolute(), lasting)


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
    from workers.encoders.models import extended_by_packs, model_folder
    from workers.packs.store import PackStore

    settings = ModelSettings()
    # Tried once and let go of: not worth a conversion.
    options = EngineOptions(engine="torch", threads=settings.encoder_threads)
    folder = extended_by_packs(model_folder(settings.encoder, settings.models_folder))
    return PackStore(settings.packs_folder, folder, options)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn foreseeable failures into a sentence; exit code 1."""
    # Here and not above: torch comes with them, and --help need not wait for it.
    from workers.encoders.base import EncoderError
    from workers.hub.errors import HubError
    from workers.packs.errors import PackError

    try:
        yield
    except (EncoderError, HubError, PackError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m workers")
