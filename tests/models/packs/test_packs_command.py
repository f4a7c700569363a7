"""``python -m workers packs``: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from workers.__main__ import main


@pytest.fixture(autouse=True)
def environment(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ENCODER", str(model))


def packs(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["packs", *arguments])


def test_install_list_remove(made: dict[str, Path]) -> None:
    assert "No language packs are installed" in packs("list").output
    installed = packs("install", str(made["fi"]))
    assert installed.exit_code == 0
    assert "→" in installed.output
    listed = packs("list")
    assert listed.exit_code == 0
    assert "fi" in listed.output
    (record,) = json.loads(packs("list", "--json").output)
    assert record["figures"]["fi"]["trained_on"]["after"].keys() == {
        *("recall_at_1", "recall_at_5", "recall_at_10"),
    }
    assert packs("remove", "fi").exit_code == 0
    assert json.loads(packs("list", "--json").output) == []


def test_refusals_are_a_sentence(tmp_path: Path) -> None:
    for refused in (packs("install", str(tmp_path / "gone")), packs("remove", "gone")):
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: ")
        assert len(refused.output.splitlines()) == 1


def test_a_model_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCODER", "no-such-model")
    refused = packs("list")
    assert refused.exit_code == 1
    assert "there is no model 'no-such-model'" in refused.output


def test_a_broken_pack_is_listed_with_its_reason(made: dict[str, Path], tmp_path: Path) -> None:
    packs("install", str(made["fi"]))
    (folder,) = (tmp_path / "data" / "packs").glob("*/fi")
    (folder / "config.json").unlink()
    listed = packs("list")
    assert listed.exit_code == 0
    assert "config.json is missing" in listed.output
    (record,) = json.loads(packs("list", "--json").output)
    assert record["name"] == "fi"
    assert "missing" in record["problem"]
    assert packs("remove", "fi").exit_code == 0
