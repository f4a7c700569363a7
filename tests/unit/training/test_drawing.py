"""What is drawn depends on the step alone, and what is varied still means the same."""

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from workers.training.corpus import Corpus, CorpusBuilder
from workers.training.drawing import (
    LONGEST_JOINED,
    MANY,
    PhraseBatches,
    Variety,
    drop_tokens,
    join_shares,
    join_tokens,
)
from workers.training.tokenizer import TokenTable

POSITIONS = 24
EVERYTHING = Variety(drop=0.1, shift=0.5, furthest=6, joined=0.5)


@pytest.fixture
def corpus() -> Corpus:
    builder = CorpusBuilder()
    for row, phrases in enumerate((("black cat", "schwarze Katze"), ("dog", "Hund"), ("moon",))):
        for phrase in phrases:
            builder.add_pictures(phrase, {row: 1.0}, 1.0)
    builder.add_vector("der Mond", 0, 1.0)
    return builder.build()


def batches(corpus: Corpus, tokenizer: PreTrainedTokenizerFast, variety: Variety) -> PhraseBatches:
    return PhraseBatches(
        corpus,
        TokenTable(tokenizer, corpus.phrases),
        np.ones((1, 384), dtype=np.float16),
        4,
        pad=int(tokenizer.pad_token_id),
        batch=32,
        seed=1,
        positions=POSITIONS,
        variety=variety,
    )


@pytest.mark.parametrize("variety", [Variety(), EVERYTHING])
def test_what_is_drawn_depends_on_the_step_alone(
    corpus: Corpus, tokenizer: PreTrainedTokenizerFast, variety: Variety
) -> None:
    one, other = (batches(corpus, tokenizer, variety) for _ in range(2))
    drawn = {step: one.draw(step) for step in range(40)}
    for step in (33, 2, 17):
        again = other.draw(step)
        for name in ("tokens", "positions", "shares", "teacher"):
            assert torch.equal(getattr(again, name), getattr(drawn[step], name))


def test_without_variety_phrases_come_as_they_are(
    corpus: Corpus, tokenizer: PreTrainedTokenizerFast
) -> None:
    table = TokenTable(tokenizer, corpus.phrases)
    pad = int(tokenizer.pad_token_id)
    known = {
        tuple(row[row != pad].tolist())
        for row in (table.padded(np.array([index]), pad)[0] for index in range(len(corpus)))
    }
    batch = batches(corpus, tokenizer, Variety(drop=0)).draw(0)
    for tokens, positions in zip(batch.tokens, batch.positions, strict=True):
        assert tuple(tokens[tokens != pad].tolist()) in known
        assert positions.tolist() == list(range(len(tokens)))


def test_rows_are_moved_as_a_whole_and_not_beyond_the_last_position(
    corpus: Corpus, tokenizer: PreTrainedTokenizerFast
) -> None:
    drawn = batches(corpus, tokenizer, EVERYTHING)
    starts = set()
    for step in range(20):
        positions = drawn.draw(step).positions
        assert (positions.diff(dim=1) == 1).all()
        assert positions.max() < POSITIONS
        starts |= set(positions[:, 0].tolist())
    assert starts == set(range(EVERYTHING.furthest + 1))


def test_two_phrases_side_by_side_end_once_and_denote_both(
    corpus: Corpus, tokenizer: PreTrainedTokenizerFast
) -> None:
    batch = batches(corpus, tokenizer, Variety(drop=0, joined=1.0)).draw(3)
    ends = (batch.tokens == int(tokenizer.eos_token_id)).sum(1)
    assert (ends == 1).all()
    assert batch.tokens.shape[1] <= LONGEST_JOINED
    totals = batch.shares.sum(1)
    has_teacher = batch.teacher.abs().sum(1) > 0
    assert torch.allclose(totals[~has_teacher], torch.ones(int((~has_teacher).sum())))
    assert ((batch.shares > 0).sum(1) == 2).any()


def test_joined_tokens_are_those_of_one_phrase_after_the_other(
    corpus: Corpus, tokenizer: PreTrainedTokenizerFast
) -> None:
    table = TokenTable(tokenizer, corpus.phrases)
    pad = int(tokenizer.pad_token_id)
    first = np.array([0, 1, 2, 3, 4], dtype=np.int64)
    second = np.array([3, -1, 0, 1, -1], dtype=np.int64)
    for row, one, other in zip(join_tokens(table, first, second, pad), first, second, strict=True):
        alone = [table.padded(np.array([index]), pad)[0].tolist() for index in (one, other)]
        expected = alone[0] if other < 0 else alone[0][:-1] + alone[1]
        assert row[row != pad].tolist() == expected


def test_what_denotes_many_tells_nothing_but_which_of_the_others() -> None:
    pictures = 3 * MANY
    telling, broad = torch.zeros(1, pictures), torch.zeros(1, pictures)
    telling[0, [0, 1]] = 0.5
    broad[0, 1 : MANY + 1] = 1 / MANY
    for one, other in ((telling, broad), (broad, telling)):
        together = join_shares(one, other)
        assert set(together[0].nonzero().flatten().tolist()) == {0, 1}
        assert together[0, 1] > 2 * together[0, 0]
        assert together.sum() == pytest.approx(1.0)


def test_two_telling_phrases_mean_both() -> None:
    one, other = torch.tensor([[1.0, 0.0, 0.0]]), torch.tensor([[0.0, 0.5, 0.5]])
    assert join_shares(one, other).tolist() == [[0.5, 0.25, 0.25]]


def test_dropping_tokens_keeps_the_end() -> None:
    tokens = np.array([[5, 6, 7, 8, 9, 1, 0], [5, 6, 1, 0, 0, 0, 0]] * 50, dtype=np.int64)
    dropped = drop_tokens(tokens, 0, 0.4, np.random.default_rng(1))
    assert (dropped[1::2] == tokens[1]).all()  # too short to lose anything
    assert len({tuple(row) for row in dropped[::2].tolist()}) > 5
    for row in dropped.tolist():
        inside = [token for token in row if token]
        assert inside[-1] == 1
        assert row[: len(inside)] == inside
