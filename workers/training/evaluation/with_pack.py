"""What a language pack changes: names against rendered pictures, asked as a worker would ask."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from workers.encoders import models
from workers.encoders.base import TextTower
from workers.encoders.engines.base import EngineOptions
from workers.encoders.routed import RoutedEncoder
from workers.packs.store import PackStore
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.evaluation.measure import LEAST_NAMES, rendered
from workers.training.evaluation.metrics import Figures, figures, ranks
from workers.training.languages import base_language


def compare(
    model: Path, pack: Path, pictures: Artwork, annotations: Sequence[Annotation]
) -> dict[str, Any]:
    """Return the names' figures before and after ``pack`` is installed, with its routing.

    For each locale of the pack's languages, and for all other locales together, which should not
    lose anything. ``same_pictures`` tells whether the pictures' vectors are equal to the bit.
    Raises PackError and EncoderError.
    """
    # The figures are of the model, not of what an engine rounds it to.
    exact = EngineOptions(engine="torch", precision="float32")
    encoder = models.load(str(model), options=exact)
    with tempfile.TemporaryDirectory() as folder:
        store = PackStore(Path(folder), model, exact)
        manifest = store.install(pack)
        routed = RoutedEncoder(encoder, [store.load(place) for place in store.folders()])
        languages = {base_language(tag) for tag in manifest.languages}
        drawn = rendered(pictures)
        gallery = encoder.encode_images(drawn)
        same = gallery.tobytes() == routed.encode_images(drawn).tobytes()
        asked: dict[str, list[Annotation]] = {}
        for entry in annotations:
            if entry.is_name:
                asked.setdefault(entry.locale, []).append(entry)
        own = {
            locale: entries
            for locale, entries in sorted(asked.items())
            if base_language(locale) in languages and len(entries) >= LEAST_NAMES
        }
        rest = [
            entry
            for locale, entries in sorted(asked.items())
            if base_language(locale) not in languages and len(entries) >= LEAST_NAMES
            for entry in entries
        ]
        pages = torch.from_numpy(gallery)
        return {
            "same_pictures": same,
            "by_locale": {
                locale: {
                    "before": _measure(encoder, entries, pages).as_dict(),
                    "after": _measure(routed, entries, pages).as_dict(),
                }
                for locale, entries in own.items()
            },
            "other_locales": {
                "before": _measure(encoder, rest, pages).as_dict(),
                "after": _measure(routed, rest, pages).as_dict(),
            },
        }


def _measure(tower: TextTower, entries: Sequence[Annotation], gallery: torch.Tensor) -> Figures:
    # By length, so that little is padding.
    order = sorted(entries, key=lambda entry: len(entry.phrase))
    parts = [
        torch.from_numpy(tower.encode_texts([entry.phrase for entry in order[start : start + 256]]))
        for start in range(0, len(order), 256)
    ]
    return figures(ranks(torch.cat(parts), gallery, [frozenset({entry.row}) for entry in order]))
