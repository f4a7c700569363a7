"""The fake Discord's limits on commands, at the limit and one beyond."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance import discord_rules as rules
from tests.acceptance.discord_rules import RefusedError

Made = dict[str, Any]
COMMAND: Made = {"name": "search", "description": "x", "type": 1}


def option(n: int = 0, **more: Any) -> Made:
    return {"name": f"x{n}", "description": "x", "type": 3, **more}


def choices(count: int, **more: Any) -> list[Made]:
    return [{"name": f"n{n}", "value": f"v{n}", **more} for n in range(count)]


def sub(*options: Made, kind: int = 1) -> Made:
    return {"name": "s", "description": "x", "type": kind, "options": list(options)}


def choice(**more: Any) -> Made:
    return {"options": [option(choices=choices(1, **more))]}


def german(text: str, name: str = "name") -> Made:
    return {f"{name}_localizations": {"de": text}}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        # interactions/application-commands
        ({"name": "x" * 32}, {"name": "x" * 33}),
        ({"name": "x"}, {"name": ""}),
        ({"name": "x"}, {"name": "X"}),
        ({"name": "straße-2_ähm"}, {"name": "my search"}),
        ({"name": "खोजें"}, {"name": "бы\u0301ть"}),
        ({"name": "ค้นหา"}, {"name": "search!"}),
        ({"description": "x" * 100}, {"description": "x" * 101}),
        ({"description": "x"}, {"description": ""}),
        (german("x" * 32), german("x" * 33)),
        (german("suche"), german("Suche")),
        (german("x" * 100, "description"), german("x" * 101, "description")),
        ({"name_localizations": {"pt-BR": "x"}}, {"name_localizations": {"pt": "x"}}),
        ({"name_localizations": {"ja": "検索"}}, {"name_localizations": {"ar": "بحث"}}),
        ({"options": [option(n) for n in range(25)]}, {"options": [option(n) for n in range(26)]}),
        ({"options": [option(0), option(1)]}, {"options": [option(0), option(0)]}),
        ({"options": [option(name="x" * 32)]}, {"options": [option(name="x" * 33)]}),
        (
            {"options": [option(description="x" * 100)]},
            {"options": [option(description="x" * 101)]},
        ),
        (
            {"options": [option(0, required=True), option(1)]},
            {"options": [option(0), option(1, required=True)]},
        ),
        ({"options": [option(choices=choices(25))]}, {"options": [option(choices=choices(26))]}),
        (choice(name="x" * 100), choice(name="x" * 101)),
        (choice(value="x" * 100), choice(value="x" * 101)),
        (choice(name="x"), choice(name="")),
        (choice(**german("x" * 100)), choice(**german("x" * 101))),
        (
            {"options": [option(autocomplete=True)]},
            {"options": [option(type=6, autocomplete=True)]},
        ),
        (
            {"options": [option(choices=choices(1))]},
            {"options": [option(choices=choices(1), autocomplete=True)]},
        ),
        (
            {"options": [option(type=4, min_value=-(2**53))]},
            {"options": [option(type=4, min_value=-(2**53) - 1)]},
        ),
        ({"options": [option(max_length=6000)]}, {"options": [option(max_length=6001)]}),
        (
            {"options": [option(type=7, channel_types=[0])]},
            {"options": [option(type=3, channel_types=[0])]},
        ),
        ({"options": [sub()]}, {"options": [sub(), option()]}),
        ({"options": [sub(sub(option()), kind=2)]}, {"options": [sub(sub(sub(), kind=2), kind=2)]}),
        ({"options": [sub(option())]}, {"options": [sub(sub())]}),
        ({"options": [sub(sub(), kind=2)]}, {"options": [sub(kind=2)]}),
    ],
)
def test_commands(right: Made, wrong: Made) -> None:
    rules.check_commands([{**COMMAND, **right}])
    with pytest.raises(RefusedError) as refused:
        rules.check_commands([{**COMMAND, **wrong}])
    assert refused.value.code == 50035


@pytest.mark.parametrize(("kind", "most"), [(1, 100), (2, 15), (3, 15)])
def test_so_many_commands(kind: int, most: int) -> None:
    described = {"description": "x"} if kind == 1 else {}
    many = [{"name": f"x{n}", "type": kind, **described} for n in range(most + 1)]
    rules.check_commands(many[:most])
    with pytest.raises(RefusedError) as refused:
        rules.check_commands(many)
    assert refused.value.code == 30032
    with pytest.raises(RefusedError):
        rules.check_commands([many[0], many[0]])


def test_the_longest_translation_counts_towards_the_size() -> None:
    # 6 of the name, 1 of the description, and of each option 2, 100 and its choices.
    def sized(total: int) -> Made:
        full = [option(n + 10, **german("x" * 100, "description")) for n in range(25)]
        left = total - 7 - sum(len(item["name"]) + 100 for item in full)
        for item in full:
            item["choices"] = []
            while left and len(item["choices"]) < 25:
                long = min(left - 4, 100) if left > 104 else left - 3
                name = f"{len(item['choices']):03}"
                item["choices"].append({"name": name, "value": "v" * long})
                left -= long + 3
        return {**COMMAND, "options": full}

    rules.check_commands([sized(8000)])
    with pytest.raises(RefusedError):
        rules.check_commands([sized(8001)])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"name": "Find similar!"}, {"name": "x" * 33}),
        ({"name": "x" * 32}, {"name": ""}),
        (german("Ähnliche finden"), german("x" * 33)),
        ({"description": ""}, {"description": "x"}),
        ({}, {"options": [option()]}),
    ],
)
def test_context_menus(right: Made, wrong: Made) -> None:
    menu = {"name": "x", "type": 3}
    rules.check_commands([{**menu, **right}])
    with pytest.raises(RefusedError):
        rules.check_commands([{**menu, **wrong}])


def test_what_is_offered_while_typing() -> None:
    rules.check_choices(choices(25))
    rules.check_choices([{"name": "x" * 100, "value": "x" * 100}])
    rules.check_choices([{"name": "x", "value": 1}], 4)
    for wrong in (
        choices(26),
        [{"name": "x" * 101, "value": "x"}],
        [{"name": "", "value": "x"}],
        [{"name": "x", "value": "x" * 101}],
        [{"name": "x", "value": 1}],
    ):
        with pytest.raises(RefusedError):
            rules.check_choices(wrong)
