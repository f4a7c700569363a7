"""The committed questions are sound, and a bad file is refused with line numbers."""

from pathlib import Path

import pytest

from samples import emoji
from workers.training.artwork import bare
from workers.training.errors import DataError
from workers.training.evaluation import questions

ALIAS = {"🐈": 0, "🐕": 1}


@pytest.fixture
def alias() -> dict[str, int]:
    try:
        return {bare(glyph.emoji): row for row, glyph in enumerate(emoji.glyphs())}
    except emoji.EmojiFontError as error:
        pytest.skip(str(error))


def test_the_bundled_questions_are_enough(alias: dict[str, int]) -> None:
    found = questions.load(alias)
    assert len(found) >= 300
    assert len({question.language for question in found}) >= 40


def test_the_questions_to_develop_by_are_others(alias: dict[str, int]) -> None:
    found = questions.development(alias)
    assert len(found) >= 200
    assert len({question.language for question in found}) >= 40
    reported = {question.text.lower() for question in questions.load(alias)}
    assert not [question.text for question in found if question.text.lower() in reported]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("en\tcat\n", "line 1: expected"),
        ("en\tcat\t🐈\nen\t \t🐈\n", "line 2: expected"),
        ("# note\nen\tcat\t🦜\n", "line 2: not a picture"),
        ("en\tcat\t🐈\nen\tcat\t🐕\n", "line 2: the same question as in line 1"),
    ],
)
def test_says_which_line_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "questions.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        questions.load(ALIAS, path)


def test_broken_encoding(tmp_path: Path) -> None:
    path = tmp_path / "questions.tsv"
    path.write_bytes(b"en\tc\xfft\t\xf0\n")
    with pytest.raises(DataError, match="cannot be read"):
        questions.load(ALIAS, path)


def test_several_answers(tmp_path: Path) -> None:
    path = tmp_path / "questions.tsv"
    path.write_text("en\tpet\t🐈 🐕\ufe0f\n", encoding="utf-8")
    assert questions.load(ALIAS, path)[0].answers == {0, 1}
