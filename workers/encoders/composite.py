"""Encoders of two hub repositories: a text tower distilled into another model's space.

Their folder has ``babelpix.json`` (``{"family": "sbert"}``, and ``"languages"``, BCP 47, where
they are known) beside ``text/`` and ``image/``, each as its repository has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from workers.encoders.parts import read_json
from workers.encoders.tokens import Tokens

MANIFEST = "babelpix.json"


def languages(folder: Path, otherwise: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the languages that the folder states; raises OSError, ValueError, TypeError."""
    stated = read_json(folder / MANIFEST).get("languages", otherwise)
    if isinstance(stated, str) or not all(isinstance(language, str) for language in stated):
        raise TypeError(f"languages in {MANIFEST} are no list of codes")
    return tuple(stated)


def padded(tokenizer: Tokenizer, *, pad_id: int, limits: Sequence[int]) -> Tokens:
    """Return a text tower's rules; a text may have as many tokens as the least of the limits.

    Raises ValueError.
    """
    pad = tokenizer.id_to_token(pad_id)
    if pad is None:
        raise ValueError(f"tokenizer.json has no piece {pad_id} to pad with")
    return Tokens(tokenizer, max_length=min(limits), pad=pad, pad_id=pad_id)


def one_space(text: int, image: int) -> int:
    """Return the dimension of both towers; raises ValueError where they have two."""
    if text != image:
        raise ValueError(
            f"the text tower makes vectors of {text} numbers and the image tower of {image}: they"
            " do not belong together"
        )
    return text


def longest_text(config: Mapping[str, object]) -> int:
    """Return how many tokens a transformer has positions for; raises TypeError, ValueError."""
    positions = int(str(config.get("max_position_embeddings", 512)))
    if config.get("model_type") == "xlm-roberta":
        # Its first position is the one after the padding's.
        return positions - int(str(config.get("pad_token_id", 1))) - 1
    return positions
