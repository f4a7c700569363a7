"""Made phrases denote what their telling word denotes, whatever stands around it."""

import json
from pathlib import Path

import pytest

from workers.training import phrases, sources
from workers.training.annotations import Annotation
from workers.training.chance import seeded
from workers.training.errors import DataError
from workers.training.inflections import Inflections, alternated, endings
from workers.training.phrases import Drawn, Invention, words_of
from workers.training.spelling import Spelling

ANIMALS = (
    "elephant",
    "kitten",
    "lion",
    "frog",
    "horse",
    "donkey",
    "rabbit",
    "whale",
    "duck",
    "owl",
)
ANNOTATIONS = [Annotation("en", row, name, True) for row, name in enumerate(ANIMALS)] + [
    Annotation("en", row, "big", False) for row in range(9)
]


def test_endings_that_alternate_often() -> None:
    words = ["лисица", "лисицы", "корова", "коровы", "лягушка", "лягушки", "стол"]
    assert endings(words, 2) == {"а": ["ы"], "ы": ["а"]}
    assert alternated("собака", endings(words, 2)) == ["собакы"]  # a guess may be wrong
    assert alternated("собака", endings(words, 1), {"собаки"}) == ["собаки"]
    assert alternated("стол", endings(words, 2)) == []


def test_a_dictionary_knows_better_than_endings() -> None:
    listed = Spelling(stems={"wolf": (), "wolves": (), "fox": ()})
    forms = Inflections(listed, {"f": ["ves", "fs"]})
    assert forms.of("wolf") == ["wolves"]
    assert forms.of("fox") == []
    assert Inflections(None, {"f": ["ves"]}).of("wolf") == ["wolves"]


def test_what_words_are_good_for() -> None:
    words = words_of("en", ANNOTATIONS, grammar=["the", "big"], translated={"jumbo": {0: 2.0}})
    assert words.shared.words == ["big"]
    assert words.telling[3] == ["frog"]
    assert words.telling[0] == ["elephant", "jumbo"]
    assert words.grammar == ["the"]
    larger = words_of("en", ANNOTATIONS, translated={"huge": dict.fromkeys(range(9), 1.0)})
    assert larger.shared.words == ["big", "huge"]
    assert "big" not in {word for told in words.telling.values() for word in told}


def test_a_name_outweighs_the_keyword_of_others() -> None:
    more = [*ANNOTATIONS, *(Annotation("en", row, "owl", False) for row in range(5))]
    denoted = words_of("en", more).denoted["owl"]
    assert denoted[9] == 1.0
    assert sum(denoted.values()) == pytest.approx(1.15)


def test_phrases_denote_their_telling_word() -> None:
    words = words_of("en", ANNOTATIONS, grammar=["the", "with"], joint="{0} and {1}")
    draw = seeded("phrases")
    for _ in range(300):
        text, shares = phrases.phrase(words, range(len(ANIMALS)), draw)
        best = max(shares, key=lambda row: shares[row])
        assert ANIMALS[best][:3] in text
        assert (" and " in text) == (len(shares) == 2) or "big" in text or len(shares) == 1


def test_words_with_the_same_pictures_are_alike() -> None:
    words = {"klein": {0, 1, 2, 3}, "tier": set(range(40)), "maus": {0, 1}, "rot": {7, 8, 9}}
    wanted = {"small": {0, 1, 2}, "red": {7, 8, 30, 31}, "old": {50, 51, 52}}
    assert phrases.alike(wanted, words) == {"klein": "small", "rot": "red"}


def test_drawn_by_weight() -> None:
    draw = seeded("drawn")
    drawn = Drawn({"often": 9.0, "rarely": 1.0, "never": 0.0})
    found = [drawn.pick(draw) for _ in range(200)]
    assert found.count("often") > 5 * found.count("rarely") > 0
    assert "never" not in found
    assert Drawn({}).pick(draw) == ""


def test_qualities_tell_nothing_and_stand_beside_things() -> None:
    few = [*ANNOTATIONS, Annotation("en", 4, "white", False), Annotation("en", 4, "foal", False)]
    words = words_of("en", few, qualities={"white"})
    assert words.telling[4] == ["horse", "foal"]
    assert {"white", "big"} <= set(words.shared.words)
    draw = seeded("qualities")
    made = [phrases.phrase(words, [9], draw) for _ in range(100)]
    assert all(max(shares, key=lambda row: shares[row]) == 9 for _, shares in made)
    assert any("white" in text for text, _ in made)


def test_invented_words_look_like_the_others() -> None:
    invent = Invention(["banana", "bandana", "cabana"])
    draw = seeded("invented")
    made = {invent.word(draw) for _ in range(50)}
    assert len(made) > 3
    assert set("".join(made)) <= set("bandc")
    assert all(len(word) <= 10 for word in made)
    assert Invention([]).word(draw) == ""


def in_cache(cache: Path, source: sources.Source, name: str, content: object) -> None:
    path = cache / "npm" / f"{source.name}-{source.version}" / "package" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_stop_words_and_joints_from_their_packages(tmp_path: Path) -> None:
    in_cache(tmp_path, sources.STOP_WORDS, "stopwords-iso.json", {"sw": ["kwa"], "tl": ["ang"]})
    pattern = {"listPattern-type-standard": {"2": "{0} na {1}"}}
    in_cache(
        tmp_path,
        sources.LISTS,
        "main/sw/listPatterns.json",
        {"main": {"sw": {"listPatterns": pattern}}},
    )
    assert phrases.stop_words(tmp_path) == {"sw": ["kwa"], "fil": ["ang"]}
    assert phrases.joints(tmp_path) == {"sw": "{0} na {1}"}


def test_damaged_packages(tmp_path: Path) -> None:
    in_cache(tmp_path, sources.LISTS, "main/sw/listPatterns.json", {"main": {}})
    with pytest.raises(DataError, match="holds no list patterns"):
        phrases.joints(tmp_path)
    (tmp_path / "npm" / f"stopwords-iso-{sources.STOP_WORDS.version}" / "package").mkdir(
        parents=True
    )
    with pytest.raises(DataError, match="not a list of stop words"):
        phrases.stop_words(tmp_path)


def test_every_locale_with_enough_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        phrases.dictionaries, "every", lambda cache: iter([("swa", "tembo", "elephant")])
    )
    monkeypatch.setattr(phrases.gcompris, "words", lambda cache: iter([("sw", "kubwa", "big")]))
    monkeypatch.setattr(phrases, "stop_words", lambda cache: {"sw": ["kwa"]})
    monkeypatch.setattr(phrases, "joints", lambda cache: {"sw": "{0} na {1}"})
    monkeypatch.setattr(phrases.spelling, "load", lambda cache, locale, wanted: None)
    swahili = [Annotation("sw", row, f"jina{row}", True) for row in range(1, 10)]
    variant = [Annotation("en-AU", 3, "froggo", True)]
    made = list(
        phrases.phrases(
            tmp_path, [*ANNOTATIONS, *swahili, *variant], range(10), each=40, things=3, seed=1
        )
    )
    assert len(made) == 80
    assert made == list(
        phrases.phrases(
            tmp_path, [*ANNOTATIONS, *swahili, *variant], range(10), each=40, things=3, seed=1
        )
    )
    assert any("tembo" in text and shares.get(0) for text, shares in made)
    assert any("kubwa" in text and len(shares) == 1 for text, shares in made)
    assert not any("froggo" in text for text, _ in made)
