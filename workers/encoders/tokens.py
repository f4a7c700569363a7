"""Texts to token ids, by ``tokenizer.json``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

_WORDS_KEPT = 2000
"""How many words a tokenizer may remember the pieces of; a Chinese question is one word.

It remembers 10 000 by itself, the first it meets: 15 MiB over the days that a worker runs.
"""

TokenIds = NDArray[np.int64]
"""Shape (n, length)."""


class Tokenize(Protocol):
    """Texts into all that a text tower takes in. Thread-safe."""

    step: int
    """Texts are padded to multiples of it; 0 where all have the same length."""

    def __call__(self, texts: Sequence[str]) -> tuple[TokenIds, ...]:
        """Return the ids of n >= 1 texts and, if the tower takes a mask, one (1, padding 0)."""
        ...


class Tokens:
    """A tokenizer with a model's rules about length and padding. Thread-safe."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        max_length: int,
        pad: str,
        pad_id: int,
        always_full: bool = False,
        masked: bool = True,
        prepare: Callable[[str], str] | None = None,
    ) -> None:
        """``always_full`` pads every text to ``max_length``, not to the longest of the batch.

        ``masked`` says that the tower takes a mask; ``prepare`` is applied to a text first
        (lower-casing, a prefix).
        """
        self.tokenizer = tokenizer
        self._masked = masked
        self._prepare = prepare
        # An engine makes ready for every new shape: few lengths are few shapes.
        self.step = 0 if always_full or not masked else _step(max_length)
        tokenizer.enable_truncation(max_length)
        tokenizer.enable_padding(
            pad_id=pad_id,
            pad_token=pad,
            length=max_length if always_full else None,
            pad_to_multiple_of=None if always_full else _step(max_length),
        )

    def __call__(self, texts: Sequence[str]) -> tuple[TokenIds, ...]:
        """Return the ids of n >= 1 texts and, if masked, which are no padding (1, else 0)."""
        wanted = list(texts) if self._prepare is None else [self._prepare(text) for text in texts]
        encodings = self.tokenizer.encode_batch(wanted)
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        if not self._masked:
            return (ids,)
        return ids, np.array([encoding.attention_mask for encoding in encodings], np.int64)


def read_tokenizer(folder: Path, pieces: int) -> Tokenizer:
    """Read ``tokenizer.json`` for a text tower that knows ``pieces`` ids.

    Raises OSError, ValueError.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise OSError("tokenizer.json is missing")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise ValueError(f"tokenizer.json cannot be read: {error}") from error
    # Not all kinds of models remember words.
    if (resize := getattr(tokenizer.model, "_resize_cache", None)) is not None:
        resize(_WORDS_KEPT)
    # A GPU that meets a number beyond is of no use to the process any more.
    if (highest := max(tokenizer.get_vocab().values(), default=0)) >= pieces:
        raise ValueError(
            f"tokenizer.json numbers its pieces up to {highest}, the text tower knows those up to"
            f" {pieces - 1}: they do not belong together"
        )
    return tokenizer


def padded(tokenizer: Tokenizer, *, pad_id: int, limits: Sequence[int]) -> Tokens:
    """Return a text tower's rules; a text may have as many tokens as the least of the limits.

    Raises ValueError.
    """
    pad = tokenizer.id_to_token(pad_id)
    if pad is None:
        raise ValueError(f"tokenizer.json has no piece {pad_id} to pad with")
    return Tokens(tokenizer, max_length=min(limits), pad=pad, pad_id=pad_id)


def longest_text(config: Mapping[str, object]) -> int:
    """Return how many tokens a transformer has positions for; raises TypeError, ValueError."""
    positions = int(str(config.get("max_position_embeddings", 512)))
    if config.get("model_type") == "xlm-roberta":
        # Its first position is the one after the padding's.
        return positions - int(str(config.get("pad_token_id", 1))) - 1
    return positions


def _step(max_length: int) -> int:
    """Return the greatest divisor up to 8: no multiple of it steps over ``max_length``."""
    return max(step for step in range(1, 9) if max_length % step == 0)


class _NoTexts:
    """Of a model that takes pictures alone."""

    step = 0

    def __call__(self, texts: Sequence[str]) -> tuple[TokenIds, ...]:
        raise ValueError("this model takes no texts")


no_texts = _NoTexts()
