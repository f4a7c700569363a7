"""The numbers of the recipe."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhrasesSettings:
    """One stage of phrases of several words.

    ``share`` is their part of all that is drawn, ``each`` how many are made for a locale,
    ``things`` how often a picture named in one word comes for each that is not, ``kept`` how far
    the weights go back afterwards to those before.
    """

    steps: int
    rate: float
    share: float
    each: int
    things: int
    kept: float


@dataclass(frozen=True, slots=True)
class MiniSettings:
    """The numbers of one run; kept beside its result as ``mini.json``."""

    pieces: int = 30_000
    phrases_a_locale: int = 6000
    phrases_of_english: int = 20_000
    hold_out: float = 0.05
    align_steps: int = 4500
    align_batch: int = 192
    distill_steps: int = 12_000
    distill_batch: int = 512
    agree_steps: int = 3500
    revise_steps: tuple[int, ...] = (2400, 2400, 2400, 600)
    revise_factor: float = 5.0
    phrases: tuple[PhrasesSettings, ...] = (
        PhrasesSettings(steps=3000, rate=6e-4, share=0.5, each=6000, things=3, kept=0.35),
    )
    phrases_names: float = 2.0
    pooling_steps: int = 900
    pooling_each: int = 800
    leave_out: tuple[str, ...] = ()
    seed: int = 20
    device: str = "cpu"
    bf16: bool = True
