"""What counts as missed, and how much more often it is drawn."""

import numpy as np
import pytest
import torch
from transformers import CLIPModel, PreTrainedTokenizerFast

from workers.training import revise
from workers.training.corpus import Corpus, CorpusBuilder
from workers.training.tokenizer import TokenTable


@pytest.fixture
def corpus() -> Corpus:
    builder = CorpusBuilder()
    builder.add_pictures("black cat", {0: 1.0}, 1.0)
    builder.add_pictures("dog", {1: 1.0, 2: 1.0}, 2.0)
    builder.add_pictures("pet", {0: 1.0, 1: 1.0}, 3.0)
    builder.add_vector("far away", 0, 4.0)
    return builder.build()


def test_a_name_is_missed_when_its_nearest_picture_is_another(
    corpus: Corpus, model: CLIPModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    table = TokenTable(tokenizer, corpus.phrases)
    pad = int(tokenizer.pad_token_id)
    cat, dog = revise.encode_phrases(model, table, np.array([0, 1]), pad)
    names = {"black cat", "dog", "far away"}

    def missed(*gallery: torch.Tensor) -> list[bool]:
        is_name, found = revise.missed_names(
            model, corpus, table, torch.stack(gallery), names, pad=pad
        )
        assert is_name.tolist() == [True, True, False, False]  # a keyword, and without pictures
        return list(found.tolist())

    assert missed(cat, -dog, dog) == [False, False, False, False]
    assert missed(-cat, dog, -dog)[0]
    assert missed(dog, -dog, -dog)[1]


def test_vectors_come_back_in_the_order_of_the_rows(
    corpus: Corpus, model: CLIPModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    table = TokenTable(tokenizer, corpus.phrases)
    pad = int(tokenizer.pad_token_id)
    rows = np.array([3, 0, 2, 1])
    together = revise.encode_phrases(model, table, rows, pad)
    alone = [revise.encode_phrases(model, table, np.array([row]), pad)[0] for row in rows]
    assert torch.allclose(together, torch.stack(alone), atol=2e-2)  # bf16


def test_only_what_was_missed_is_drawn_more_often(corpus: Corpus) -> None:
    weighed = revise.weigh(corpus, np.array([True, False, False, True]), 5.0)
    assert weighed.weight.tolist() == [5.0, 2.0, 3.0, 20.0]
    assert weighed.phrases == corpus.phrases
