"""What a worker makes of the packs folder while packs come, go and break."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.errors import DatabaseUnavailableError
from workers.encoders.base import Encoder
from workers.encoders.routed import Pack, RoutedEncoder
from workers.packs.installed import InstalledPacks
from workers.packs.store import PackStore
from workers.runtime import Runtime
from workers.text_towers import TextTowers

QUESTION = ["musta kissa"]


class Register:
    """Keeps what was registered; the database can be away."""

    def __init__(self) -> None:
        self.revisions: list[str] = []
        self.away = False

    def __call__(self, encoder: Encoder, packs: Sequence[Pack]) -> None:
        if self.away:
            raise DatabaseUnavailableError
        self.revisions.append(encoder.text_revision)


def test_without_packs_the_base_itself_answers(encoder: Encoder, store: PackStore) -> None:
    installed = InstalledPacks(encoder, store)
    assert not installed.look()
    assert installed.encoder is encoder
    # Nobody had the space read.
    assert "space" not in vars(store)


def test_packs_come_and_go(encoder: Encoder, store: PackStore, made: dict[str, Path]) -> None:
    installed = InstalledPacks(encoder, store)
    before = encoder.encode_texts(QUESTION)
    store.install(made["fi"])
    assert installed.look()
    assert not installed.look()
    one = installed.encoder
    assert np.abs(one.encode_texts(QUESTION) - before).max() > 1e-3
    store.install(made["th"])
    assert installed.look()
    assert [pack.name for pack in installed.packs] == ["fi", "th"]
    assert len({encoder.text_revision, one.text_revision, installed.encoder.text_revision}) == 3
    # What was loaded already is not loaded again.
    kept = installed.packs[0]
    store.remove("th")
    assert installed.look()
    assert installed.packs == (kept,)
    assert installed.encoder.text_revision == one.text_revision
    store.remove("fi")
    assert installed.look()
    assert installed.encoder is encoder


@pytest.mark.parametrize("file", ["pack.json", "model.safetensors", "tokenizer.json"])
def test_a_broken_pack_is_left_out_with_a_warning(
    encoder: Encoder,
    store: PackStore,
    made: dict[str, Path],
    caplog: pytest.LogCaptureFixture,
    file: str,
) -> None:
    for folder in made.values():
        store.install(folder)
    path = store.folder / "fi" / file
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    installed = InstalledPacks(encoder, store)
    assert installed.look()
    assert [pack.name for pack in installed.packs] == ["th"]
    (warning,) = caplog.records
    assert (warning.message, vars(warning)["pack"]) == ("pack_left_out", "fi")
    assert vars(warning)["reason"]
    # It says so once, and takes the pack up when it is whole again.
    assert not installed.look()
    assert len(caplog.records) == 1
    path.write_bytes(whole)
    assert installed.look()
    assert [pack.name for pack in installed.packs] == ["fi", "th"]


def test_whatever_is_wrong_with_a_pack_the_others_are_taken_up(
    encoder: Encoder,
    store: PackStore,
    made: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder in made.values():
        store.install(folder)
    load = PackStore.load

    def failing(self: PackStore, folder: Path) -> Pack:
        if folder.name == "fi":
            raise ZeroDivisionError
        return load(self, folder)

    monkeypatch.setattr(PackStore, "load", failing)
    installed = InstalledPacks(encoder, store)
    assert installed.look()
    assert [pack.name for pack in installed.packs] == ["th"]


def test_what_could_not_be_taken_up_is_tried_again(
    encoder: Encoder,
    store: PackStore,
    made: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.install(made["fi"])
    with monkeypatch.context() as broken:
        broken.setattr(RoutedEncoder, "encode_texts", lambda *_: 1 / 0)
        installed = InstalledPacks(encoder, store)
        towers = TextTowers(installed, register := Register())
        towers.refresh()
        assert towers.serving(encoder.text_revision) is encoder
    # Said once, however often it is tried.
    assert [record.message for record in caplog.records if record.exc_info] == [
        "packs_not_taken_up",
    ]
    towers.refresh()
    assert [pack.name for pack in installed.packs] == ["fi"]
    assert len(register.revisions) == 2


def test_a_worker_goes_on_following_packs_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Models:
        looked = 0

        def follow(self) -> None:
            self.looked += 1
            if self.looked == 3:
                worker.stopping.set()
            raise ZeroDivisionError

    monkeypatch.setattr("workers.runtime.FOLLOW_EVERY_S", 0.0)
    worker: Any = object.__new__(Runtime)
    worker.stopping, worker.models = threading.Event(), Models()
    worker._look_out()
    assert worker.models.looked == 3
    assert [record.message for record in caplog.records] == ["changes_not_followed"] * 3


def test_a_pack_in_a_folder_of_another_name_is_left_out(
    encoder: Encoder, store: PackStore, made: dict[str, Path]
) -> None:
    shutil.copytree(made["fi"], store.folder / "suomi")
    installed = InstalledPacks(encoder, store)
    assert not installed.look()
    assert installed.encoder is encoder


def test_questions_under_way_are_answered_by_the_tower_they_were_sent_to(
    encoder: Encoder, store: PackStore, made: dict[str, Path]
) -> None:
    register = Register()
    towers = TextTowers(InstalledPacks(encoder, store), register)
    towers.register()
    assert towers.serving(encoder.text_revision) is encoder
    store.install(made["fi"])
    towers.refresh()
    former, current = register.revisions
    assert towers.serving(former) is encoder
    assert towers.serving(current) is not None
    assert towers.serving("nobody") is None
    store.remove("fi")
    towers.refresh()
    assert register.revisions == [former, current, former]
    assert towers.serving(current) is not None


def test_a_pack_another_worker_was_quicker_to_take_up_is_looked_for_at_once(
    encoder: Encoder, store: PackStore, made: dict[str, Path]
) -> None:
    register = Register()
    slow = TextTowers(InstalledPacks(encoder, store), Register())
    quick = TextTowers(InstalledPacks(encoder, store), register)
    store.install(made["fi"])
    quick.refresh()
    assert slow.serving(register.revisions[-1]) is not None


def test_a_database_that_is_away_is_told_later(
    encoder: Encoder, store: PackStore, made: dict[str, Path]
) -> None:
    register = Register()
    towers = TextTowers(InstalledPacks(encoder, store), register)
    towers.register()
    register.away = True
    store.install(made["fi"])
    towers.refresh()
    assert len(register.revisions) == 1
    register.away = False
    towers.refresh()
    assert len(register.revisions) == 2
    assert towers.serving(register.revisions[-1]) is not None


def test_the_former_tower_is_let_go_after_a_while(
    encoder: Encoder,
    store: PackStore,
    copy: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.text_towers.DRAIN_S", 0.0)
    towers = TextTowers(InstalledPacks(encoder, store), Register())
    store.install(copy("fi"))
    towers.refresh()
    towers.refresh()
    assert towers.serving(encoder.text_revision) is None
