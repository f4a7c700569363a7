"""``python -m workers.encoders.pickles MODEL.bin MODEL.safetensors``: convert pickled weights.

Older repositories have their weights only so. A pickle can run code when it is read: here torch
reads it in the mode that knows nothing but tensors, once, and what encodes never sees it.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import click
from safetensors import SafetensorError

from workers.encoders.base import EncoderError


def to_safetensors(source: Path, target: Path) -> None:
    """Write the weights that torch pickled to a safetensors file, which is there whole or not.

    Names that a checkpoint of training puts before all others are taken off. Raises EncoderError.
    """
    import torch
    from safetensors.torch import save_file

    try:
        found: Any = torch.load(
            source, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(source)
        )
        tensors: dict[str, torch.Tensor] = {}
        places: set[int] = set()
        for name, value in found.get("state_dict", found).items():
            # The format has no place for what lies in memory once under two names.
            place = value.untyped_storage().data_ptr()
            tensors[name] = (value.clone() if place in places else value).contiguous()
            places.add(place)
    except Exception as error:  # whatever torch makes of other files
        raise EncoderError(
            f"{source} holds no weights that can be read safely: {_line(error)}"
        ) from error
    if tensors and all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    scratch = target.with_name(f".{target.name}.new")
    try:
        save_file(tensors, scratch, {"format": "pt"})
        scratch.replace(target)
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"cannot write {target}: {_line(error)}") from error
    finally:
        scratch.unlink(missing_ok=True)


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def main(source: Path, target: Path) -> None:
    """Convert pickled weights to safetensors."""
    try:
        to_safetensors(source, target)
    except EncoderError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
