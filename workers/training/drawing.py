"""Draws batches of phrases, each time a little different.

A name of one word is mostly seen at the beginning and alone; in a question it stands anywhere and
among others. The positions of a learned position embedding know nothing of each other, so a phrase
is moved to others now and then, and two phrases are put side by side.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from workers.training.corpus import Corpus
from workers.training.tokenizer import TokenTable

Rows = npt.NDArray[np.int64]

POOL = 16  # batches drawn together and cut by length, so that little is padding
LONGEST_JOINED = 20  # tokens; few questions have more
MANY = 8  # pictures that a phrase denotes at least which tells nothing beside a telling one
MEANT_BY_BOTH = 3.0  # how much more a picture of the telling phrase counts that both denote


@dataclass(frozen=True, slots=True)
class Variety:
    """How a phrase is varied: the shares of rows that lose tokens, move and are joined.

    ``drop`` is the share of tokens that are left out of long rows; ``shift`` the share of rows
    that begin at a later position, at most ``furthest``; ``joined`` the share of rows of two
    phrases.
    """

    drop: float = 0.1
    shift: float = 0.0
    furthest: int = 12
    joined: float = 0.0


PLAIN = Variety()


@dataclass(frozen=True, slots=True)
class PhraseBatch:
    """One batch: tokens and their positions int64 [n, length]; shares float32 [n, pictures];
    teacher float32 [n, d].

    Rows without pictures have shares of zero, rows without a teacher's vector a zero vector.
    """

    tokens: torch.Tensor
    positions: torch.Tensor
    shares: torch.Tensor
    teacher: torch.Tensor

    def to(self, device: str) -> "PhraseBatch":
        """Return the batch on a device."""
        return PhraseBatch(
            self.tokens.to(device),
            self.positions.to(device),
            self.shares.to(device),
            self.teacher.to(device),
        )


class PhraseBatches:
    """Draws batches of phrases of like length; the step alone decides what is drawn."""

    def __init__(
        self,
        corpus: Corpus,
        table: TokenTable,
        vectors: npt.NDArray[np.float16],
        pictures: int,
        *,
        pad: int,
        batch: int,
        seed: int,
        positions: int,
        variety: Variety = Variety(),
    ) -> None:
        self._corpus = corpus
        self._table = table
        self._vectors = vectors
        self._pictures = pictures
        self._pad = pad
        self._batch = batch
        self._seed = seed
        self._positions = positions
        self._variety = variety
        self._heap = np.cumsum(corpus.weight)
        self._denotes = np.diff(corpus.starts) > 0
        self._pool: tuple[int, Rows] | None = None

    def _some(self, random: np.random.Generator) -> Rows:
        points = random.random(POOL * self._batch) * self._heap[-1]
        found: Rows = np.searchsorted(self._heap, points, side="right").astype(np.int64)
        return found

    def _drawn(self, number: int) -> Rows:
        """Draw a pool: int64 [POOL, batch, 2], phrases and who stands behind them (−1: nobody)."""
        random = np.random.default_rng([self._seed, number])
        first = self._some(random)
        second = np.full_like(first, -1)
        lengths = self._table.lengths[first]
        if self._variety.joined > 0:
            other = self._some(random)
            both = lengths + self._table.lengths[other] - 1
            may = self._denotes[first] & self._denotes[other] & (both <= LONGEST_JOINED)
            may &= random.random(len(first)) < self._variety.joined
            second, lengths = np.where(may, other, -1), np.where(may, both, lengths)
        order = np.argsort(lengths, kind="stable")
        pairs = np.stack([first[order], second[order]], axis=1)
        drawn: Rows = random.permutation(pairs.reshape(POOL, self._batch, 2))
        return drawn

    def draw(self, step: int) -> PhraseBatch:
        """Return the batch of ``step``."""
        number = step // POOL
        if self._pool is None or self._pool[0] != number:
            self._pool = number, self._drawn(number)
        first, second = self._pool[1][step % POOL].T
        random = np.random.default_rng([self._seed, 1, step])
        tokens = join_tokens(self._table, first, second, self._pad)
        if self._variety.drop > 0:
            tokens = drop_tokens(tokens, self._pad, self._variety.drop, random)
        positions = np.broadcast_to(np.arange(tokens.shape[1]), tokens.shape)
        if self._variety.shift > 0:
            room = min(self._variety.furthest, self._positions - tokens.shape[1])
            offsets = random.integers(0, max(0, room) + 1, len(tokens))
            moved = random.random(len(tokens)) < self._variety.shift
            positions = positions + np.where(moved, offsets, 0)[:, None]
        shares = self._shares(first)
        joined = np.flatnonzero(second >= 0)
        if len(joined):
            shares[joined] = join_shares(shares[joined], self._shares(second[joined]))
        pointer = np.where(second < 0, self._corpus.vector[first], -1)
        teacher = np.where(
            (pointer >= 0)[:, None], self._vectors[np.maximum(pointer, 0)].astype(np.float32), 0.0
        ).astype(np.float32)
        return PhraseBatch(
            torch.from_numpy(tokens),
            torch.from_numpy(np.ascontiguousarray(positions)),
            shares,
            torch.from_numpy(teacher),
        )

    def _shares(self, phrases: Rows) -> torch.Tensor:
        shares = torch.zeros(len(phrases), self._pictures)
        first, last = self._corpus.starts[phrases], self._corpus.starts[phrases + 1]
        counts = last - first
        owner = np.repeat(np.arange(len(phrases)), counts)
        where = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        where += np.repeat(first, counts)
        shares.index_put_(
            (torch.from_numpy(owner), torch.from_numpy(self._corpus.rows[where])),
            torch.from_numpy(self._corpus.shares[where]),
            accumulate=True,
        )
        return shares


def join_tokens(table: TokenTable, first: Rows, second: Rows, pad: int) -> Rows:
    """Return rows of tokens int64 [n, length]: ``first``, and ``second`` behind it where there is
    one (−1: none), without the end token between them.
    """
    front = table.padded(first, pad)
    joined = second >= 0
    if not joined.any():
        return front
    back = table.padded(np.maximum(second, 0), pad)
    until = table.lengths[first] - joined
    after = np.where(joined, table.lengths[np.maximum(second, 0)], 0)
    place = np.arange(int((until + after).max()))[None, :]
    in_front = np.take_along_axis(front, np.minimum(place, front.shape[1] - 1), axis=1)
    behind = np.clip(place - until[:, None], 0, back.shape[1] - 1)
    in_back = np.take_along_axis(back, behind, axis=1)
    rows = np.where(place < until[:, None], in_front, in_back)
    return np.where(place < (until + after)[:, None], rows, pad)


def join_shares(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return what two phrases side by side denote, shares float32 [n, pictures] as both are.

    Two telling ones mean both. What denotes many pictures ("white") tells nothing beside what
    denotes few, except which of those.
    """
    count, other = (first > 0).sum(1, keepdim=True), (second > 0).sum(1, keepdim=True)
    own = (count < MANY) | (count <= other)
    others = (other < MANY) | (other <= count)
    together = first * own + second * others
    together = torch.where((first > 0) & (second > 0), together * MEANT_BY_BOTH, together)
    return together / together.sum(1, keepdim=True)


def drop_tokens(tokens: Rows, pad: int, share: float, random: np.random.Generator) -> Rows:
    """Leave tokens out of half of the rows that have four or more, never their end token."""
    lengths = (tokens != pad).sum(1)
    place = np.arange(tokens.shape[1])[None, :]
    may = (place < lengths[:, None] - 1) & (lengths >= 5)[:, None]
    may &= random.random(len(tokens))[:, None] < 0.5
    dropped = may & (random.random(tokens.shape) < 2 * share)
    kept = np.where(dropped, pad, tokens)
    order = np.argsort(dropped, axis=1, kind="stable")
    return np.take_along_axis(kept, order, axis=1)
