"""The catalogue holds together, and what is not fetched is said so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workers.encoders.base import EncoderError
from workers.encoders.models import COMPOSITE_FAMILIES, model_folder
from workers.hub.catalogue import CATALOGUE


def test_a_commit_is_whole_and_says_where_it_was_seen() -> None:
    sources = [source for model in CATALOGUE.values() for source in model.sources]
    for source in sources:
        assert bool(source.revision) == bool(source.seen)
        assert source.revision is None or re.fullmatch(r"[0-9a-f]{40}", source.revision)
        # What is converted is converted to the first.
        assert all(names[0].endswith(".safetensors") for names in source.weights)


def test_models_of_two_repositories_name_a_family_that_reads_them() -> None:
    for model in CATALOGUE.values():
        places = [source.into for source in model.sources]
        assert places == (["text", "image"] if model.family else [""])
        assert model.family in {"", *COMPOSITE_FAMILIES}


def test_a_name_that_is_known_says_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="run `python -m workers fetch mexma-siglip2`"):
        model_folder("mexma-siglip2", tmp_path)
    with pytest.raises(EncoderError, match="`python -m workers models` lists"):
        model_folder("no-such-model", tmp_path)
