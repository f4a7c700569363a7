"""Joins the parts: what the classes mean, the gate, the blend, the words for colours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn.functional import binary_cross_entropy_with_logits

from workers.encoders import efficientnet
from workers.encoders.base import Encoder, TextTower, unit
from workers.encoders.composite import MANIFEST
from workers.encoders.dual import EngineImageTower
from workers.encoders.engines.base import EngineOptions
from workers.encoders.engines.choose import start
from workers.encoders.mosaic import colours, family, kinds, lookup, questions
from workers.encoders.mosaic.numbers import Numbers
from workers.encoders.towers import image_tower
from workers.training import captions
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.mosaic import pairs, teacher
from workers.training.mosaic.colour_words import colour_words
from workers.training.mosaic.concepts import Concepts
from workers.training.mosaic.kind_words import kind_words

EXACTLY = EngineOptions(engine="torch", precision="float32")
"""How towers run here; OpenVINO does not bear the allocator that training runs with."""
SEEN = 240
"""Numbers of a vector's photograph part."""
OF_DRAWN = 0.3
OF_LOOKUP = 0.8
OF_SENTENCE = 0.3
OF_PHOTOGRAPHS = 0.65
OF_COLOURS = 0.25
OF_KINDS = 0.2
ASKS_COLOURS = 0.35
ASKS_KINDS = 1.0
SHORT = 2
"""Words of a name that is looked up."""
BLEND_STEPS = 1500
GATE_STEPS = 800
GATE_DECAY = 1e-2

Matrix = npt.NDArray[np.float32]


def encode_many(tower: TextTower | Encoder, texts: Sequence[str], batch: int = 64) -> Matrix:
    """Return float32 [n, d] of many texts."""
    return np.concatenate(
        [tower.encode_texts(texts[at : at + batch]) for at in range(0, len(texts), batch)]
    )


def classifier() -> EngineImageTower:
    """Return the classifier of photographs at work; raises EncoderError."""
    folder = efficientnet.weights().parent
    about = efficientnet.describe(folder)
    tower = image_tower("workers.encoders.efficientnet", folder, about)
    return EngineImageTower(efficientnet.PREPROCESSING, start(tower, EXACTLY))


def features(eye: EngineImageTower, images: Sequence[Image.Image], batch: int = 16) -> Matrix:
    """Return the classifier's features and logits float32 [n, 2280]."""
    return np.concatenate(
        [eye.features(eye.prepare(images[at : at + batch])) for at in range(0, len(images), batch)]
    )


def learnt_gate(drawn: Matrix, seen: Matrix) -> tuple[Matrix, float]:
    """Learn what tells photographs' features float32 [n, 1280] from drawings' [m, 1280].

    Logistic regression in which both kinds weigh the same.
    """
    torch.manual_seed(20)
    inputs = torch.from_numpy(np.concatenate([drawn, seen]))
    wanted = torch.cat([torch.zeros(len(drawn)), torch.ones(len(seen))])
    weight = torch.cat(
        [torch.full((len(drawn),), 0.5 / len(drawn)), torch.full((len(seen),), 0.5 / len(seen))]
    )
    direction = torch.zeros(inputs.shape[1], requires_grad=True)
    offset = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([direction, offset], lr=0.02)
    for _ in range(GATE_STEPS):
        score = inputs @ direction + offset
        loss = binary_cross_entropy_with_logits(score, wanted, weight, reduction="sum")
        loss = loss + GATE_DECAY * direction.square().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return direction.detach().numpy(), float(offset.detach())


def learnt_basis(classes: Matrix, classes_drawn: Matrix, size: int = SEEN) -> Matrix:
    """Return the directions [512 + d, size] in which the classes differ most."""
    both = unit(np.concatenate([classes, OF_DRAWN * classes_drawn], axis=1))
    _, _, directions = np.linalg.svd(both, full_matrices=False)
    kept: Matrix = directions[:size].T.astype(np.float32)
    return kept


def learnt_blend(facts: Matrix, ways: questions.Ways, wanted: Matrix) -> Matrix:
    """Learn [3, f]: how facts float32 [n, f] weigh the ways towards ``wanted`` [n, 512].

    The loss is 1 - cosine.
    """
    torch.manual_seed(20)
    told = torch.from_numpy(facts)
    three = torch.from_numpy(np.stack([ways.sentence, ways.tower, ways.bridge], axis=1))
    goal = torch.from_numpy(wanted)
    blend = torch.zeros(3, facts.shape[1], requires_grad=True)
    optimizer = torch.optim.Adam([blend], lr=0.02)
    for _ in range(BLEND_STEPS):
        shares = torch.softmax(told @ blend.T, dim=1)
        mixed = torch.nn.functional.normalize((shares[:, :, None] * three).sum(1), dim=-1)
        loss = (1 - (mixed * goal).sum(1)).mean() + 1e-4 * blend.square().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return blend.detach().numpy()


def looked_up(cache: Path, annotations: Sequence[Annotation]) -> tuple[list[str], dict[str, int]]:
    """Return English expressions, and what other languages' mean by their rows.

    The project's own list of things, what OpenStreetMap's presets call them (ISC), and CLDR's short
    names of emoji (Unicode).
    """
    place: dict[str, int] = {}
    meanings = [
        (word, place.setdefault(english, len(place)))
        for english, word in (*own_words(), *emoji_names(annotations), *_presets(cache))
    ]
    return list(place), lookup.unambiguous(meanings)


def own_words() -> Iterator[tuple[str, str]]:
    """Yield (English, word) of the project's list of things: a file for each language."""
    for file in sorted(resources.files("workers.training.mosaic.things").iterdir(), key=str):
        if file.name.endswith(".tsv"):
            for line in file.read_text("utf-8").splitlines():
                english, *words = line.split("\t")
                for word in words:
                    yield english.split(" (")[0], word


def emoji_names(annotations: Sequence[Annotation]) -> Iterator[tuple[str, str]]:
    """Yield (English, name) of emoji whose names are short in both languages."""
    english, others = pairs.names(annotations)
    for own in others.values():
        for row, name in own.items():
            meant = english.get(row, name)
            if max(len(meant.split()), len(name.split())) <= SHORT:
                yield meant, name


def _presets(cache: Path) -> Iterator[tuple[str, str]]:
    for _, word, english in captions.presets(cache):
        yield english, word


def parts(
    concepts: Concepts,
    cache: Path,
    drawings: TextTower | Encoder,
    gallery: Matrix,
    annotations: Sequence[Annotation],
    *,
    named: Sequence[str],
    gate: tuple[Matrix, float],
) -> Numbers:
    """Return all numbers but the blend and the curve, which are learnt with the rest at hand.

    ``gallery`` float32 [e, d] are the drawing part's vectors of emoji, ``named`` their English.
    """

    def sentences(texts: Sequence[str]) -> Matrix:
        return teacher.encode(texts, cache)[:].astype(np.float32)

    classes = concepts.vectors(sentences)
    classes_drawn = concepts.vectors(lambda texts: encode_many(drawings, texts))
    known = sentences([names[0] for names in concepts.names])
    names = sentences(named)
    english, meanings = looked_up(cache, annotations)
    hashes, places = lookup.table(meanings)
    stem_hashes, stem_places = lookup.table(lookup.stems_of(meanings))
    return Numbers(
        classes=classes,
        classes_drawn=classes_drawn,
        basis=learnt_basis(classes, classes_drawn),
        gate=gate[0],
        emoji=gallery,
        names=names,
        known=known,
        hashes=hashes,
        places=places,
        stem_hashes=stem_hashes,
        stem_places=stem_places,
        meant=sentences(english),
        centre=np.concatenate([known, names]).mean(0),
        blend=np.zeros((3, questions.FACTS), np.float32),
        visible=np.zeros(teacher.DIMENSION + 1, np.float32),
        background=np.zeros((2, 1), np.float32),
        bends=np.zeros((1, questions.TRAITS), np.float32),
        curve=np.zeros((2, 2), np.float32),
        gate_offset=gate[1],
        of_lookup=OF_LOOKUP,
        of_sentence=OF_SENTENCE,
        of_drawn=OF_DRAWN,
        of_photographs=OF_PHOTOGRAPHS,
        of_colours=OF_COLOURS,
        of_kinds=OF_KINDS,
        asks_colours=ASKS_COLOURS,
        asks_kinds=ASKS_KINDS,
        slope=20.0,
        slope_above_chance=0.0,
        similar=(16.0, -8.0),
    )


def write(
    folder: Path,
    numbers: Numbers,
    annotations: Sequence[Annotation],
    art: Artwork,
) -> None:
    """Write the model's folder but for its text tower."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers.save(folder)
    for name, (words, unspaced) in (
        (colours.FILE, colour_words(annotations, art.alias)),
        (kinds.FILE, kind_words()),
    ):
        table = {"words": words, "unspaced": unspaced}
        (folder / name).write_text(json.dumps(table, ensure_ascii=False, indent=0) + "\n", "utf-8")
    manifest = {"family": "mosaic", "drawings": "mini"}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    # It reads what was written as a worker will.
    family.describe(folder)


def with_blend(
    numbers: Numbers,
    side: questions.QuestionSide,
    phrases: Sequence[str],
    wanted: Matrix,
) -> Numbers:
    """Return the numbers with the blend learnt from phrases that no tower was taught."""
    ways = questions.joined([side.ways(phrases[at : at + 64]) for at in range(0, len(phrases), 64)])
    facts = questions.facts_of(phrases, ways, numbers)
    return replace(numbers, blend=learnt_blend(facts, ways, wanted))


def without_the_common(
    numbers: Numbers, side: questions.QuestionSide, phrases: Sequence[str]
) -> Numbers:
    """Return the numbers without the direction that all questions have in common.

    A picture that lies in it is near to whatever is asked (a hub: arXiv 1412.6568).
    """
    part = numbers.layout.photographs
    common = encode_side(side, phrases)[:, part].mean(axis=0)
    common /= np.linalg.norm(common)
    return replace(numbers, basis=numbers.basis - np.outer(numbers.basis @ common, common))


def encode_side(side: questions.QuestionSide, texts: Sequence[str], batch: int = 64) -> Matrix:
    """Return the vectors float32 [n, dim] of many questions."""
    return np.concatenate(
        [
            side.read(side.asking.asked(texts[at : at + batch]))[0]
            for at in range(0, len(texts), batch)
        ]
    )
