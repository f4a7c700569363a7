"""The fake Discord's limits, at the limit and one beyond."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance import discord_rules as rules
from tests.acceptance.discord_rules import RefusedError, UploadedFile

BUTTON = {"type": 2, "style": 2, "label": "More", "custom_id": "a"}


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def button(n: int = 0, **more: Any) -> dict[str, Any]:
    return {**BUTTON, "custom_id": f"id{n}", **more}


def select(options: int, **more: Any) -> dict[str, Any]:
    listed = [{"label": "x", "value": str(n)} for n in range(options)]
    return {"type": 3, "custom_id": "s", "options": listed, **more}


def option(n: int = 0, **more: Any) -> dict[str, Any]:
    return {"name": f"x{n}", "description": "x", "type": 3, **more}


def file(size: int = 1, description: str = "") -> UploadedFile:
    return UploadedFile("a.webp", bytes(size), description)


@pytest.mark.parametrize(
    ("at_the_limit", "beyond", "code"),
    [
        ({"content": "x" * 2000}, {"content": "x" * 2001}, 50035),
        ({"components": [row(button())] * 1}, {"components": [row(button())] * 2}, 50035),
        (
            {"components": [row(button(n)) for n in range(5)]},
            {"components": [row(button(n)) for n in range(6)]},
            50035,
        ),
        (
            {"components": [row(*(button(n) for n in range(5)))]},
            {"components": [row(*(button(n) for n in range(6)))]},
            50035,
        ),
        (
            {"components": [row(button(custom_id="x" * 100))]},
            {"components": [row(button(custom_id="x" * 101))]},
            50035,
        ),
        (
            {"components": [row(button(label="x" * 80))]},
            {"components": [row(button(label="x" * 81))]},
            50035,
        ),
        ({"components": [row(select(25))]}, {"components": [row(select(26))]}, 50035),
        (
            {"components": [row(select(1, placeholder="x" * 150))]},
            {"components": [row(select(1, placeholder="x" * 151))]},
            50035,
        ),
    ],
)
def test_messages(at_the_limit: dict[str, Any], beyond: dict[str, Any], code: int) -> None:
    rules.check_message({"content": "x", **at_the_limit}, [])
    with pytest.raises(RefusedError) as refused:
        rules.check_message({"content": "x", **beyond}, [])
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("at_the_limit", "beyond", "code"),
    [
        ([file()] * 10, [file()] * 11, 30015),
        ([file(10 * 2**20)], [file(10 * 2**20 + 1)], 40005),
        ([file(description="x" * 1024)], [file(description="x" * 1025)], 50035),
        ([file()], [], 50006),
    ],
)
def test_files(at_the_limit: list[UploadedFile], beyond: list[UploadedFile], code: int) -> None:
    rules.check_message({}, at_the_limit)
    with pytest.raises(RefusedError) as refused:
        rules.check_message({}, beyond)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"name": "x" * 32}, {"name": "x" * 33}),
        ({"name": "x"}, {"name": "X"}),
        ({"description": "x" * 100}, {"description": "x" * 101}),
        (
            {"options": [option(n) for n in range(25)]},
            {"options": [option(n) for n in range(26)]},
        ),
    ],
)
def test_commands(right: dict[str, Any], wrong: dict[str, Any]) -> None:
    command = {"name": "search", "description": "x", "type": 1}
    rules.check_commands([{**command, **right}])
    with pytest.raises(RefusedError):
        rules.check_commands([{**command, **wrong}])
    with pytest.raises(RefusedError):
        rules.check_commands([command, command])
