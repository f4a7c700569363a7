"""``python -m bot run|ask|index`` as a person uses them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from PIL import Image

from tests import pictures
from tests.stack import Stack, finished, wait_for


def test_ask_prints_rank_score_name_and_path(stack: Stack) -> None:
    code, output, _ = stack.finish("ask", "黒猫", "--limit", "3")
    lines = output.splitlines()
    assert code == 0
    assert lines[0].split() == ["rank", "score", "name", "path"]
    assert "🐈‍⬛ black cat" in output


def test_ask_as_json_and_as_a_sheet(stack: Stack, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    code, output, _ = stack.finish(
        "ask", "red heart", "--json", "--limit", "7", "--sheet", str(sheet)
    )
    answers = json.loads(output)
    assert code == 0
    assert [answer["rank"] for answer in answers] == list(range(1, 8))
    keys = {"rank", "score", "relevance", "id", "caption", "path"}
    assert all(set(answer) == keys for answer in answers)
    assert {answer["relevance"] for answer in answers} == {None}  # the bundled model says none
    assert all(Path(answer["path"]).is_file() for answer in answers)
    with Image.open(sheet) as picture:
        assert picture.width > 800


def test_ask_by_picture_finds_the_picture_itself(stack: Stack, tmp_path: Path) -> None:
    _, output, _ = stack.finish("ask", "black cat", "--json", "--limit", "1")
    cat = json.loads(output)[0]
    picture = tmp_path / "cat.png"
    picture.write_bytes(Path(cat["path"]).read_bytes())
    _, output, _ = stack.finish("ask", "--image", str(picture), "--json", "--limit", "1")
    assert json.loads(output)[0]["id"] == cat["id"]


def test_ask_says_what_is_wrong(stack: Stack, tmp_path: Path) -> None:
    code, output, errors = stack.finish("ask")
    assert (code, output) == (1, "")
    assert "Tell me in words" in errors
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(pictures.truncated_jpeg())
    code, _, errors = stack.finish("ask", "--image", str(bad))
    assert code == 1
    assert "damaged" in errors


def test_index_adds_a_folder_once_and_reports_failures(stack: Stack, tmp_path: Path) -> None:
    for n in range(25):
        (tmp_path / f"sea_number_{n}.jpg").write_bytes(pictures.jpeg(colour=(0, 7 * n, 200)))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "broken.png").write_bytes(pictures.truncated_png())
    (tmp_path / "deep" / "fake.jpg").write_bytes(pictures.pdf_named_jpg())
    (tmp_path / "notes.txt").write_text("no picture, passed over")
    code, _, errors = stack.finish("index", str(tmp_path))
    assert code == 1
    assert "25 added, 0 there already, 2 refused." in errors
    assert "broken.png: The picture is damaged or incomplete." in errors
    code, _, errors = stack.finish("index", str(tmp_path))
    assert "0 added, 25 there already, 2 refused." in errors
    _, output, _ = stack.finish("ask", "--image", str(tmp_path / "sea_number_3.jpg"), "--json")
    best = json.loads(output)[0]
    assert (best["caption"], best["path"]) == ("sea number 3", str(tmp_path / "sea_number_3.jpg"))


def test_index_interrupted_goes_on_where_it_was(stack: Stack, tmp_path: Path) -> None:
    for n in range(200):
        (tmp_path / f"{n}.jpg").write_bytes(pictures.noisy_jpeg(seed=n))
    blobs = stack.data_dir / "blobs" / "originals"
    before = len(list(blobs.rglob("*")))
    with stack.command("index", str(tmp_path)) as command:
        wait_for(lambda: len(list(blobs.rglob("*"))) > before + 16, 120)
        command.send_signal(signal.SIGINT)
        code, _, errors = finished(command, stack.logs)
    assert code == 130, errors
    assert "Run the same command again" in errors
    code, _, text = stack.finish("index", str(tmp_path))
    assert code == 0, text
    added, known = (int(part.split()[0]) for part in text.splitlines()[-1].split(",")[:2])
    assert added + known == 200
    # The bundled model knows no photographs, and these are large JPEGs.
    assert text.count("python -m bot encoder use") == (1 if added else 0)


def test_index_names_what_does_not_exist(stack: Stack) -> None:
    code, _, errors = stack.finish("index", "/nowhere/at/all")
    assert code == 2
    assert "/nowhere/at/all" in errors


def test_packs_says_what_is_wrong(stack: Stack, tmp_path: Path) -> None:
    code, output, errors = stack.finish("packs", "install", str(tmp_path))
    assert (code, output) == (1, "")
    assert "is not a language pack: it has no pack.json" in errors
    code, _, errors = stack.finish("packs", "remove", "klingon")
    assert code == 1
    assert "there is no pack 'klingon'; installed: none" in errors
    code, output, _ = stack.finish("packs", "list")
    assert code == 0
    assert "No language packs are installed" in output


def test_a_second_run_says_so_plainly(stack: Stack) -> None:
    code, _, errors = stack.finish("run")
    assert code == 1
    assert f"running already at {stack.web_url}" in errors


def test_ctrl_c_ends_everything_and_the_second_start_is_quick(fragile_stack: Stack) -> None:
    children = fragile_stack.descendants()
    assert len(children) > 3
    assert fragile_stack.stop() < 15
    assert fragile_stack.process is not None
    assert fragile_stack.process.returncode == 0
    assert not any(child.is_running() for child in children)
    fragile_stack.start()
    assert "Ready." in fragile_stack.said()


def test_ask_alone_starts_what_it_needs_and_ends_it(fragile_stack: Stack) -> None:
    fragile_stack.stop()
    code, output, errors = fragile_stack.finish("ask", "anything")
    assert code == 0, errors
    assert "There are no pictures here yet" in output
    assert not list(Path(fragile_stack.data_dir, "run").glob(".s.PGSQL.5432"))


@pytest.mark.parametrize("model", ["no-such-model", "damaged"])
def test_a_foreign_or_damaged_model_is_named_at_start(
    fragile_stack: Stack, model: str, tmp_path: Path
) -> None:
    fragile_stack.stop()
    if model == "damaged":
        (tmp_path / "config.json").write_text('{"model_type": "clip"}')
        model = str(tmp_path)
    fragile_stack.environment["ENCODER"] = model
    code, _, errors = fragile_stack.finish("ask", "anything")
    assert code == 1
    assert "worker cannot start" in errors
    assert os.environ.get("ENCODER") != model


def test_run_with_a_model_that_is_none_ends_with_a_sentence(
    fragile_stack: Stack, tmp_path: Path
) -> None:
    fragile_stack.stop()
    for model in ("nonsense", str(tmp_path)):
        fragile_stack.environment["ENCODER"] = model
        code, _, errors = fragile_stack.finish("run")
        assert code == 1
        assert "The worker cannot start: there is no model" in errors
        assert "Ready." not in errors
