"""The learnt numbers of the model, as its folder has them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from workers.encoders.mosaic.colours import DIMENSION as COLOURS
from workers.encoders.mosaic.kinds import KINDS

FILE = "numbers.safetensors"
SCALARS = "mosaic.json"

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts lie in a vector."""

    drawn: int
    seen: int

    @property
    def drawings(self) -> slice:
        """The drawing part."""
        return slice(0, self.drawn)

    @property
    def photographs(self) -> slice:
        """The photograph part."""
        return slice(self.drawn, self.drawn + self.seen)

    @property
    def colours(self) -> slice:
        """The shares of colours."""
        return slice(self.drawn + self.seen, self.drawn + self.seen + COLOURS)

    @property
    def kinds(self) -> slice:
        """Drawing, photograph, screenshot."""
        return slice(self.dim - len(KINDS), self.dim)

    @property
    def dim(self) -> int:
        """Numbers of a vector."""
        return self.drawn + self.seen + COLOURS + len(KINDS)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the parts have learnt. Text space: the sentence encoder's, 512 numbers."""

    classes: Matrix
    """[1000, 512]: what the classes mean, in the text space."""
    classes_drawn: Matrix
    """[1000, d]: the same in the drawing part's space."""
    basis: Matrix
    """[512 + d, p]: the directions of both together that are kept."""
    gate: Matrix
    """[1280]: of features, towards photographs."""
    emoji: Matrix
    """[e, d]: vectors of the drawings whose names are known."""
    names: Matrix
    """[e, 512]: those names in the text space."""
    known: Matrix
    """[k, 512]: English names of the classes in the text space."""
    hashes: NDArray[np.uint64]
    """[h]: of expressions whose English is known, sorted."""
    places: NDArray[np.int32]
    """[h]: their rows in ``meant``."""
    stem_hashes: NDArray[np.uint64]
    """[s]: of stems of those, sorted."""
    stem_places: NDArray[np.int32]
    """[s]: their rows in ``meant``."""
    meant: Matrix
    """[m, 512]: English expressions in the text space."""
    centre: Matrix
    """[512]: the mean of what is known."""
    blend: Matrix
    """[3, f]: which of the three ways to the text space a question's facts speak for."""
    visible: Matrix
    """[513]: towards texts about what can be seen, in the text space; the last one is added."""
    background: Matrix
    """[2 k, dim]: vectors of pictures that have to do with no question: photographs, drawings."""
    bends: Matrix
    """[h, c]: of a question's traits, to a layer of tanh."""
    curve: Matrix
    """[2, h + 1]: what those say of a curve's offset and slope; the last ones are added."""
    gate_offset: float
    of_lookup: float
    """What a question counts whose words are all in the table, beside the other ways."""
    of_sentence: float
    """What the sentence encoder counts beside the blend."""
    of_drawn: float
    """Weight of the drawing part's text space in the photograph part."""
    of_photographs: float
    """Weight of the photograph part in a question."""
    of_colours: float
    of_kinds: float
    asks_colours: float
    asks_kinds: float
    slope: float
    """Of relevance over the cosine."""
    slope_above_chance: float
    """The same over the cosine in standard deviations above the background's."""
    similar: tuple[float, float]

    @property
    def layout(self) -> Layout:
        """Where the parts lie."""
        return Layout(self.classes_drawn.shape[1], self.basis.shape[1])

    @classmethod
    def read(cls, folder: Path) -> Numbers:
        """Read them; raises OSError, ValueError, LookupError, TypeError."""
        arrays: dict[str, Any] = {
            name: values if values.dtype.kind in "iu" else values.astype(np.float32)
            for name, values in load_file(folder / FILE).items()
        }
        scalars = json.loads((folder / SCALARS).read_text("utf-8"))
        similar = tuple(map(float, scalars.pop("similar")))
        slope, offset = similar
        return cls(**arrays, **scalars, similar=(slope, offset))

    @property
    def picture_revision(self) -> str:
        """Twelve hexadecimal digits that change when pictures' vectors do.

        Most of the numbers are about questions: another table of words is no reason to encode all
        pictures anew.
        """
        digest = hashlib.sha256()
        for array in (self.classes, self.classes_drawn, self.basis, self.gate):
            digest.update(np.ascontiguousarray(array, np.float32).tobytes())
        scalars = (self.gate_offset, self.of_drawn, self.of_colours, self.of_kinds)
        digest.update(repr(scalars).encode())
        return digest.hexdigest()[:12]

    def save(self, folder: Path) -> None:
        """Write them: matrices in half precision, what is added up in single."""
        whole = {"gate", "blend", "centre", "bends", "curve", "visible"}
        arrays, scalars = {}, {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                kept = np.float32 if name in whole else np.float16
                exact = value.dtype.kind in "iu"
                arrays[name] = np.ascontiguousarray(value, value.dtype if exact else kept)
            else:
                scalars[name] = value
        # Not `save_file`, which lets nobody else read it.
        (folder / FILE).write_bytes(save(arrays))
        (folder / SCALARS).write_text(json.dumps(scalars, indent=2) + "\n", "utf-8")
