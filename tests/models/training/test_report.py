"""The model card is made from the figures alone, and a model is measured as it is used."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from workers.training.__main__ import main
from workers.training.annotations import Annotation
from workers.training.artwork import Artwork
from workers.training.errors import RunError
from workers.training.evaluation import measure, report
from workers.training.evaluation.questions import Question
from workers.training.recipe.settings import MiniSettings
from workers.training.recipe.stages import Mini

ANNOTATIONS = [
    Annotation("en", 0, "black cat", True),
    Annotation("en", 1, "dog", True),
    Annotation("de", 1, "Hund", True),
    Annotation("de", 2, "Apfel", True),
]
QUESTIONS = [
    Question("de", "schwarze Katze", frozenset({0})),
    Question("ja", "黒い猫", frozenset({0, 1})),
]


@pytest.fixture
def loaded(folder: Path) -> measure.Model:
    return measure.Model(folder)


def test_one_text_alone_and_in_a_batch(loaded: measure.Model) -> None:
    texts = ["a black cat", "", "黒い猫", "the moon " * 40]
    together = loaded.texts(texts)
    for row, text in enumerate(texts):
        assert torch.allclose(loaded.texts([text])[0], together[row], atol=1e-5)
    assert torch.allclose(together.norm(dim=1), torch.ones(4), atol=1e-5)


def test_pictures_of_any_size_and_mode(loaded: measure.Model) -> None:
    drawn = [Image.new("RGBA", (136, 128), (255, 0, 0, 255)), Image.new("L", (20, 90), 7)]
    vectors = loaded.pictures([one.convert("RGB") for one in drawn])
    assert vectors.shape == (2, 384)
    assert torch.isfinite(vectors).all()


def test_everything_is_measured_and_told(
    loaded: measure.Model,
    pictures: Artwork,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, "LEAST_NAMES", 2)
    monkeypatch.setattr(
        measure, "rendered", lambda found: [Image.new("RGB", (9, 9), c) for c in ("red", "blue")]
    )
    small = Artwork(pictures.emoji[:2], pictures.names[:2], pictures.alias, pictures.sets)
    known = [entry for entry in ANNOTATIONS if entry.row < 2]
    found = report.evaluate(loaded, small, known, QUESTIONS)
    assert found["by_locale"].keys() == {"en"}
    assert found["free_questions"]["count"] == 2
    report.write(folder, found, "three stages")
    card = (folder / "README.md").read_text("utf-8")
    assert "[[" not in card
    assert "three stages" in card
    assert "OFL-1.1" in card
    assert f"{found['names']['recall_at_1']:.3f}" in card


def test_a_run_folder_keeps_its_settings(tmp_path: Path) -> None:
    said: list[str] = []
    Mini(tmp_path / "run", tmp_path, MiniSettings(seed=1), said.append)
    Mini(tmp_path / "run", tmp_path, MiniSettings(seed=1), said.append)
    with pytest.raises(RunError, match="other settings"):
        Mini(tmp_path / "run", tmp_path, MiniSettings(seed=2), said.append)


@pytest.mark.parametrize(
    "command", ["data", "align", "distill", "mini", "evaluate", "finetune", "pack"]
)
def test_every_command_explains_itself(command: str) -> None:
    said = CliRunner().invoke(main, [command, "--help"])
    assert said.exit_code == 0
    assert "Usage" in said.output
