"""Revision: what the text tower still misses is drawn more often than what it knows.

Names are what people ask for and can be checked one by one: a name whose nearest picture is not one
that it denotes counts as missed.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from transformers import CLIPModel

from workers.training.corpus import Corpus
from workers.training.tokenizer import TokenTable
from workers.training.towers import text_vectors

Mask = npt.NDArray[np.bool_]


@torch.no_grad()
def encode_phrases(
    model: CLIPModel, table: TokenTable, rows: npt.NDArray[np.int64], pad: int, batch: int = 512
) -> torch.Tensor:
    """Return unit vectors float32 [n, d] of the phrases ``rows`` int64 [n] of ``table``."""
    model.train(False)
    device = next(model.parameters()).device
    order = np.argsort(table.lengths[rows], kind="stable")
    found = torch.empty(len(rows), int(model.config.projection_dim or 0))
    for start in range(0, len(rows), batch):
        part = order[start : start + batch]
        tokens = torch.from_numpy(table.padded(rows[part], pad)).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            found[torch.from_numpy(part)] = text_vectors(model, tokens).float().cpu()
    return found


def missed_names(
    model: CLIPModel,
    corpus: Corpus,
    table: TokenTable,
    gallery: torch.Tensor,
    names: Collection[str],
    *,
    pad: int,
) -> tuple[Mask, Mask]:
    """Return which phrases are names with pictures, and which of those are missed, bool [n] each.

    ``gallery`` float32 [pictures, d] holds the pictures' unit vectors.
    """
    listed = set(names)
    is_name = np.fromiter((phrase in listed for phrase in corpus.phrases), bool, len(corpus))
    is_name &= np.diff(corpus.starts) > 0
    rows = np.flatnonzero(is_name)
    missed = np.zeros(len(corpus), dtype=bool)
    for start in range(0, len(rows), 16_384):
        part = rows[start : start + 16_384]
        vectors = encode_phrases(model, table, part, pad)
        best = (vectors @ gallery.cpu().T).argmax(1).numpy()
        for phrase, row in zip(part, best, strict=True):
            right = corpus.rows[corpus.starts[phrase] : corpus.starts[phrase + 1]]
            missed[phrase] = row not in right
    return is_name, missed


def weigh(corpus: Corpus, missed: Mask, factor: float) -> Corpus:
    """Return the corpus with what is ``missed`` bool [n] drawn ``factor`` times as often."""
    return replace(corpus, weight=np.where(missed, corpus.weight * factor, corpus.weight))
