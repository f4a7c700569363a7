"""Texts to token ids, by ``spiece.model``: SentencePiece's own format."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentencepiece import SentencePieceProcessor

from workers.encoders.tokens import TokenIds

_SPACE = "▁"
"""What SentencePiece writes for a space."""
_UNKNOWN = "<unk>"
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SENTINEL = re.compile(rf"{_SPACE}?<extra_id_\d+>")


class SentencePieces:
    """SigLIP's tokenizer, as transformers' ``SiglipTokenizer`` works. Thread-safe.

    ASCII punctuation goes, white space becomes single spaces, and what remains always fills
    ``length`` ids: the pieces, ``</s>``, padding.
    """

    step = 0

    def __init__(
        self, path: Path, *, length: int, pieces: int, pad: str, end: str, lower_case: bool
    ) -> None:
        """``pieces`` is how many ids the text tower knows. Raises OSError, ValueError."""
        if not path.is_file():
            raise OSError(f"{path.name} is missing")
        try:
            self._model = SentencePieceProcessor(model_file=str(path))
        except (OSError, RuntimeError) as error:
            raise ValueError(f"{path.name} cannot be read") from error
        size = self._model.get_piece_size()
        # The multilingual vocabulary ends with T5's sentinels, which the towers never knew.
        beyond = [self._model.id_to_piece(number) for number in range(pieces, size)]
        if not all(_SENTINEL.fullmatch(piece) for piece in beyond):
            raise ValueError(
                f"{path.name} has {size} pieces, the text tower knows {pieces}: they do not"
                " belong together"
            )
        self._length = length
        self._pieces = pieces
        self._pad = self._number(pad)
        self._end = self._number(end)
        self._lower_case = lower_case
        # SentencePiece drops a leading space: before each text stands what is cut off again.
        self._skipped = len(self._model.encode(_UNKNOWN))

    def __call__(self, texts: Sequence[str]) -> tuple[TokenIds]:
        """Return the ids of n >= 1 texts, shape (n, length)."""
        ids = np.full((len(texts), self._length), self._pad, np.int64)
        found = self._model.encode([_UNKNOWN + self._plain(text) for text in texts])
        for row, numbers in zip(ids, found, strict=True):
            kept = numbers[self._skipped :][: self._length - 1]
            row[: len(kept)] = kept
            row[len(kept)] = self._end
        # A GPU that meets a number beyond is of no use to the process any more.
        return (np.where(ids < self._pieces, ids, self._model.unk_id()),)

    def _plain(self, text: str) -> str:
        text = _SPACE + text.replace(_SPACE, " ")
        if self._lower_case:
            text = text.lower()
        return re.sub(r"\s+", " ", text.translate(_PUNCTUATION)).strip()

    def _number(self, piece: str) -> int:
        number = self._model.piece_to_id(piece)
        if number == self._model.unk_id() and piece != self._model.id_to_piece(number):
            raise ValueError(f"spiece.model has no {piece!r}")
        return int(number)
