"""Packs are installed whole or not at all, and refused with the reason."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.tiny import EXACT
from workers.packs import archive
from workers.packs.errors import PackError
from workers.packs.manifest import FILES, Manifest, read_manifest
from workers.packs.store import PackStore

Copy = Callable[[str], Path]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def change(folder: Path, **values: object) -> None:
    path = folder / "pack.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), encoding="utf-8")


def zipped(folder: Path, path: Path, below: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for file in folder.iterdir():
            made.write(file, below + file.name)
    return path


def untouched(store: PackStore, before: list[Path]) -> bool:
    """Whether nothing was installed and nothing was left behind."""
    folder = store.folder
    left = [path for path in folder.glob(".*") if path.name != ".lock"] if folder.exists() else []
    return store.folders() == before and not left


def test_a_pack_says_what_it_is(made: dict[str, Path]) -> None:
    manifest = read_manifest(made["fi"])
    assert (manifest.name, manifest.languages) == ("fi", ("fi",))
    figures = manifest.figures["fi"]
    counts = [gain.count for gain in (figures.kept_apart, figures.trained_on) if gain is not None]
    assert sum(counts) == 3
    # How much English a random model keeps differs with its tokenizer, learnt anew each time.
    assert -1 <= manifest.english_cosine < 1
    assert (made["fi"] / "words.txt").read_text("utf-8").split() == [
        *("kissa", "koira", "kuu", "musta", "valkoinen"),
    ]
    assert (made["th"] / "words.txt").read_text("utf-8") == ""


def test_install_from_a_folder_or_an_archive_then_remove(
    store: PackStore, made: dict[str, Path], tmp_path: Path
) -> None:
    assert store.folders() == []
    assert store.install(made["fi"]).name == "fi"
    store.install(zipped(made["th"], tmp_path / "th.zip", "th-pack/"))
    assert [folder.name for folder in store.folders()] == ["fi", "th"]
    for folder in store.folders():
        assert content(folder) == content(made[folder.name])
        assert store.load(folder).languages == (folder.name,)
    store.remove("fi")
    assert [folder.name for folder in store.folders()] == ["th"]
    with pytest.raises(PackError, match="no pack 'fi'; installed: th"):
        store.remove("fi")


def test_installed_again_it_takes_the_place_of_the_former(store: PackStore, copy: Copy) -> None:
    newer = copy("fi")
    store.install(newer)
    (folder,) = store.folders()
    before = store.load(folder).revision
    change(newer, title="better")
    assert store.install(newer).title == "better"
    assert store.folders() == [folder]
    assert store.read(folder).title == "better"
    assert store.load(folder).revision != before


def test_two_packs_for_one_language_are_one_too_many(store: PackStore, copy: Copy) -> None:
    first = copy("fi")
    store.install(first)
    figures = json.loads((first / "pack.json").read_text("utf-8"))["figures"]["fi"]
    change(first, name="other", languages=["fi-FI"], figures={"fi-FI": figures})
    with pytest.raises(PackError, match="'fi' knows fi already; remove it first"):
        store.install(first)
    assert untouched(store, store.folders()[:1])


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def _without_weights(path: Path) -> None:
    weights = load_file(path)
    weights.pop("text_projection.weight")
    save_file(weights, path, metadata={"format": "pt"})


def _not_finite(path: Path) -> None:
    weights = load_file(path)
    weights["text_projection.weight"] *= np.float16("nan")
    save_file(weights, path, metadata={"format": "pt"})


def _nothing(path: Path) -> None:
    weights = load_file(path)
    weights["text_projection.weight"] *= np.float16(0)
    save_file(weights, path, metadata={"format": "pt"})


def _one_piece_more(path: Path) -> None:
    tokenizer = json.loads(path.read_text("utf-8"))
    tokenizer["added_tokens"].append(
        tokenizer["added_tokens"][-1] | {"id": 100_000, "content": "one more"}
    )
    path.write_text(json.dumps(tokenizer), encoding="utf-8")


def _set(**values: object) -> Callable[[Path], None]:
    return lambda path: change(path.parent, **values)


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("pack.json", Path.unlink, r"not a language pack: it has no pack\.json"),
        ("pack.json", _cut, r"pack\.json is damaged"),
        ("pack.json", lambda path: path.write_text("[]"), "holds no object"),
        ("pack.json", lambda path: path.write_text("[" * 100_000), "is damaged"),
        ("pack.json", _set(format=2), "made by a newer Babelpix; .* update it first"),
        ("pack.json", _set(format="1.5"), "format"),
        ("pack.json", _set(name="../../etc"), "name"),
        ("pack.json", _set(name=""), "name"),
        ("pack.json", _set(title="\x1b[2J"), "title"),
        ("pack.json", _set(languages=[]), "languages"),
        ("pack.json", _set(languages=["sw"]), "different languages"),
        ("pack.json", _set(space="0" * 64), "made for another embedding space"),
        ("config.json", Path.unlink, r"config\.json is missing"),
        ("config.json", _cut, r"config\.json"),
        ("config.json", lambda path: path.write_text('{"model_type": "bert"}'), "'bert'"),
        ("model.safetensors", Path.unlink, r"incomplete: model\.safetensors is missing"),
        ("model.safetensors", _cut, "damaged"),
        ("model.safetensors", _without_weights, r"incomplete: .*text_projection\.weight"),
        ("model.safetensors", _not_finite, "not finite"),
        ("model.safetensors", _nothing, "nothing but zeros"),
        ("tokenizer.json", _one_piece_more, "do not belong together"),
        ("tokenizer.json", Path.unlink, r"incomplete: tokenizer\.json is missing"),
        ("tokenizer.json", _cut, r"tokenizer\.json cannot be read"),
        ("words.txt", lambda path: path.write_bytes(b"\xff"), r"words\.txt is damaged"),
    ],
)
@pytest.mark.parametrize("as_archive", [False, True])
def test_a_bad_pack_is_refused_and_nothing_changes(  # noqa: PLR0917
    store: PackStore,
    copy: Copy,
    tmp_path: Path,
    file: str,
    damage: Callable[[Path], object],
    reason: str,
    as_archive: bool,
) -> None:
    folder = copy("fi")
    damage(folder / file)
    source = zipped(folder, tmp_path / "bad.zip") if as_archive else folder
    with pytest.raises(PackError, match=reason) as caught:
        store.install(source)
    assert ".scratch" not in str(caught.value)
    assert untouched(store, [])


def test_a_pack_of_another_model_is_refused(
    made: dict[str, Path], other_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(PackError, match="another embedding space"):
        PackStore(tmp_path / "packs", other_model, EXACT).install(made["fi"])


def test_the_packs_of_other_models_stay_where_they_are(
    store: PackStore, made: dict[str, Path], other_model: Path, tmp_path: Path
) -> None:
    store.install(made["fi"])
    assert PackStore(tmp_path / "packs", other_model, EXACT).folders() == []


@pytest.mark.parametrize("name", ["../pack.json", "/etc/x", "a/../../x", "..\\x", "C:\\x"])
def test_an_archive_that_points_out_of_itself_is_refused(
    store: PackStore, made: dict[str, Path], tmp_path: Path, name: str
) -> None:
    path = zipped(made["fi"], tmp_path / "slip.zip")
    with zipfile.ZipFile(path, "a") as archived:
        archived.writestr(name, "x")
    with pytest.raises(PackError, match="points out of the archive"):
        store.install(path)
    assert untouched(store, [])


def test_an_archive_with_a_link_is_refused(
    store: PackStore, made: dict[str, Path], tmp_path: Path
) -> None:
    path = zipped(made["fi"], tmp_path / "link.zip")
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archived:
        archived.writestr(link, "/etc/passwd")
    with pytest.raises(PackError, match="'link' is a link"):
        store.install(path)


def test_an_archive_that_unpacks_to_too_much_is_refused_while_it_is_read(
    store: PackStore, made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(archive.MAX_BYTES, "model.safetensors", 2**20)
    folder = shutil.copytree(made["fi"], tmp_path / "big")
    (folder / "model.safetensors").write_bytes(bytes(2**20 + 1))
    path = zipped(folder, tmp_path / "big.zip")
    assert path.stat().st_size < 2**18
    with pytest.raises(PackError, match=r"model\.safetensors is larger than 1 MiB"):
        store.install(path)
    assert untouched(store, [])


def test_odd_archives_are_refused(store: PackStore, made: dict[str, Path], tmp_path: Path) -> None:
    path = zipped(made["fi"], tmp_path / "two.zip", "one/")
    with zipfile.ZipFile(path, "a") as archived:
        archived.writestr("two/pack.json", "{}")
    with pytest.raises(PackError, match=r"more than one pack\.json"):
        store.install(path)
    whole = zipped(made["fi"], tmp_path / "whole.zip").read_bytes()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(whole[:200] + bytes(200) + whole[400:])
    with pytest.raises(PackError, match=r"cannot be unpacked|damaged|cannot be read"):
        store.install(broken)
    text = tmp_path / "notes.txt"
    text.write_text("no archive")
    with pytest.raises(PackError, match="neither a folder nor a ZIP archive"):
        store.install(text)
    with pytest.raises(PackError, match="no such file or folder"):
        store.install(tmp_path / "gone")
    assert untouched(store, [])


def test_what_a_killed_installation_left_is_swept_up(
    store: PackStore, made: dict[str, Path]
) -> None:
    leftover = store.folder / ".scratch-killed"
    leftover.mkdir(parents=True)
    (leftover / "model.safetensors").write_bytes(b"half")
    assert store.folders() == []
    store.install(made["fi"])
    assert not leftover.exists()


def test_a_replacement_killed_half_way_leaves_the_former_pack(
    store: PackStore, made: dict[str, Path]
) -> None:
    store.install(made["fi"])
    (folder,) = store.folders()
    before = content(folder)
    # As a kill between the two renames leaves it.
    folder.rename(store.folder / ".former-fi")
    store.install(made["th"])
    assert [path.name for path in store.folders()] == ["fi", "th"]
    assert content(folder) == before
    # And one after both of them.
    shutil.copytree(made["fi"], store.folder / ".former-fi")
    store.remove("th")
    assert untouched(store, [folder])
    folder.rename(store.folder / ".former-fi")
    store.remove("fi")
    assert untouched(store, [])


def test_a_replacement_that_fails_leaves_the_former_pack(
    store: PackStore, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = copy("fi")
    store.install(newer)
    (folder,) = store.folders()
    before = content(folder)
    change(newer, title="better")
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name.startswith(".scratch-"):
            raise OSError(5, "Input/output error", str(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(PackError, match="Input/output error"):
        store.install(newer)
    assert content(folder) == before
    assert untouched(store, [folder])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_nobody_may_write_to_is_named(
    made: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(PackError, match=r"cannot write to .*closed"):
        PackStore(tmp_path / "closed" / "packs", model, EXACT).install(made["fi"])


def test_a_file_where_a_folder_should_be_is_named(
    made: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    (tmp_path / "closed").write_text("no folder")
    with pytest.raises(PackError, match=r"cannot write to .*closed"):
        PackStore(tmp_path / "closed" / "packs", model, EXACT).install(made["fi"])


def test_every_file_of_a_pack_is_known(made: dict[str, Path]) -> None:
    assert set(content(made["fi"])) == set(FILES)


def test_a_manifest_reads_back_as_written(made: dict[str, Path], tmp_path: Path) -> None:
    manifest = read_manifest(made["th"])
    manifest.write(tmp_path)
    again = Manifest.model_validate_json((tmp_path / "pack.json").read_text("utf-8"))
    assert again == manifest
