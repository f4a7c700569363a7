"""The fake Discord's limits on messages, at the limit and one beyond."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance import discord_rules as rules
from tests.acceptance.discord_limits import COMPONENTS_V2
from tests.acceptance.discord_rules import RefusedError, UploadedFile

Made = dict[str, Any]
TEXT = {"type": 10, "content": "x"}


def row(*parts: Made) -> Made:
    return {"type": 1, "components": list(parts)}


def button(n: int = 0, **more: Any) -> Made:
    return {"type": 2, "style": 2, "label": "More", "custom_id": f"id{n}", **more}


def select(count: int, **more: Any) -> Made:
    listed = [option(str(n)) for n in range(count)]
    return {"type": 3, "custom_id": "s", "options": listed, **more}


def option(value: str = "v", **more: Any) -> Made:
    return {"label": "x", "value": value, **more}


def role_select(defaults: int, **more: Any) -> Made:
    chosen = [{"id": str(n), "type": "role"} for n in range(defaults)]
    return {"type": 6, "custom_id": "s", "default_values": chosen, **more}


def link(**more: Any) -> Made:
    return {"type": 2, "style": 5, "label": "x", "url": "https://example.org", **more}


def field(**more: Any) -> Made:
    return {"name": "x", "value": "x", **more}


def file(size: int = 1, description: str = "", name: str = "a.webp") -> UploadedFile:
    return UploadedFile(name, bytes(size), description)


def gallery(items: int, url: str = "attachment://a.webp", **more: Any) -> Made:
    return {"type": 12, "items": [{"media": {"url": url}, **more} for _ in range(items)]}


def embeds(*lengths: int) -> list[Made]:
    return [{"description": "x" * length} for length in lengths]


def judge(payload: Made, *files: UploadedFile, **more: Any) -> int | None:
    """Return the code that a message is refused with."""
    try:
        rules.check_message(payload, files, **more)
    except RefusedError as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("at_the_limit", "beyond"),
    [
        # resources/message
        ({"content": "x" * 2000}, {"content": "x" * 2001}),
        ({"embeds": embeds(*[1] * 10)}, {"embeds": embeds(*[1] * 11)}),
        ({"embeds": [{"title": "x" * 256}]}, {"embeds": [{"title": "x" * 257}]}),
        ({"embeds": embeds(4096)}, {"embeds": embeds(4097)}),
        ({"embeds": embeds(4000, 2000)}, {"embeds": embeds(4000, 2001)}),
        ({"embeds": [{"fields": [field()] * 25}]}, {"embeds": [{"fields": [field()] * 26}]}),
        (
            {"embeds": [{"fields": [field(name="x" * 256)]}]},
            {"embeds": [{"fields": [field(name="x" * 257)]}]},
        ),
        (
            {"embeds": [{"fields": [field(value="x" * 1024)]}]},
            {"embeds": [{"fields": [field(value="x" * 1025)]}]},
        ),
        ({"embeds": [{"fields": [field()]}]}, {"embeds": [{"fields": [field(value="")]}]}),
        (
            {"embeds": [{"footer": {"text": "x" * 2048}}]},
            {"embeds": [{"footer": {"text": "x" * 2049}}]},
        ),
        (
            {"embeds": [{"author": {"name": "x" * 256}}]},
            {"embeds": [{"author": {"name": "x" * 257}}]},
        ),
    ],
)
def test_texts_and_embeds(at_the_limit: Made, beyond: Made) -> None:
    assert judge(at_the_limit) is None
    assert judge(beyond) == 50035


@pytest.mark.parametrize(
    ("at_the_limit", "beyond"),
    [
        # components/reference
        ([row(button(n)) for n in range(5)], [row(button(n)) for n in range(6)]),
        ([row(*map(button, range(5)))], [row(*map(button, range(6)))]),
        ([row(button())], [row()]),
        ([row(button())], [button()]),
        ([row(button(0), button(1))], [row(button(0), button(0))]),
        ([row(button(custom_id="x" * 100))], [row(button(custom_id="x" * 101))]),
        ([row(button(custom_id="x"))], [row(button(custom_id=""))]),
        ([row(button(label="x" * 80))], [row(button(label="x" * 81))]),
        ([row(button(label="", emoji={"name": "▶"}))], [row(button(label=""))]),
        ([row(button(style=4))], [row(button(style=7))]),
        ([row(link())], [row(link(custom_id="x"))]),
        ([row(link(url="https://" + "x" * 504))], [row(link(url="https://" + "x" * 505))]),
        ([row(select(25))], [row(select(26))]),
        ([row(select(1))], [row(select(0))]),
        ([row(select(1))], [row(select(1), button())]),
        ([row(select(1, placeholder="x" * 150))], [row(select(1, placeholder="x" * 151))]),
        ([row(select(25, max_values=25))], [row(select(25, max_values=26))]),
        ([row(select(2, max_values=2))], [row(select(2, max_values=3))]),
        ([row(select(2, min_values=0))], [row(select(2, min_values=2))]),
        (
            [row(select(1, options=[option(label="x" * 100)]))],
            [row(select(1, options=[option(label="x" * 101)]))],
        ),
        (
            [row(select(1, options=[option("x" * 100)]))],
            [row(select(1, options=[option("x" * 101)]))],
        ),
        (
            [row(select(1, options=[option(description="x" * 100)]))],
            [row(select(1, options=[option(description="x" * 101)]))],
        ),
        (
            [row(select(1, options=[option("a"), option("b")]))],
            [row(select(1, options=[option("a"), option("a")]))],
        ),
        ([row(role_select(1))], [row(role_select(2))]),
        ([row(role_select(2, max_values=2))], [row(role_select(1, type=8))]),
        ([row(button())], [TEXT]),
    ],
)
def test_buttons_and_lists(at_the_limit: list[Made], beyond: list[Made]) -> None:
    assert judge({"content": "x", "components": at_the_limit}) is None
    assert judge({"content": "x", "components": beyond}) == 50035


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
    assert judge({}, *at_the_limit) is None
    assert judge({}, *beyond) == code


def test_files_that_stay_count_too() -> None:
    assert judge({}, file(), kept=[file()] * 9) is None
    assert judge({}, file(), kept=[file()] * 10) == 30015
    assert judge({}, file(100), file_bytes=100) is None
    assert judge({}, file(101), file_bytes=100) == 40005


@pytest.mark.parametrize(
    ("at_the_limit", "beyond"),
    [
        # components/reference, with the flag IS_COMPONENTS_V2
        ([TEXT] * 40, [TEXT] * 41),
        # What is within another part counts too.
        (
            [{"type": 17, "components": [row(*map(button, range(5)))] + [TEXT] * 33}],
            [{"type": 17, "components": [row(*map(button, range(5)))] + [TEXT] * 34}],
        ),
        ([{**TEXT, "content": "x" * 4000}], [{**TEXT, "content": "x" * 4001}]),
        (
            [{**TEXT, "content": "x" * 2000}] * 2,
            [{**TEXT, "content": "x" * 2000}, {**TEXT, "content": "x" * 2001}],
        ),
        ([gallery(10)], [gallery(11)]),
        ([gallery(1)], [gallery(0)]),
        ([gallery(1)], [gallery(1, "attachment://b.webp")]),
        ([gallery(1, "https://example.org/a")], [gallery(1, "ftp://example.org/a")]),
        ([gallery(1, description="x" * 1024)], [gallery(1, description="x" * 1025)]),
        (
            [{"type": 9, "components": [TEXT] * 3, "accessory": button()}],
            [{"type": 9, "components": [TEXT] * 4, "accessory": button()}],
        ),
        (
            [{"type": 9, "components": [TEXT], "accessory": button()}],
            [{"type": 9, "components": [TEXT]}],
        ),
        (
            [{"type": 13, "file": {"url": "attachment://a.webp"}}],
            [{"type": 13, "file": {"url": "https://example.org/a"}}],
        ),
        (
            [{"type": 17, "components": [TEXT]}],
            [{"type": 17, "components": [{"type": 17, "components": [TEXT]}]}],
        ),
        ([row(button())], [button()]),
        ([TEXT, {"type": 14}], []),
        # There is no limit of five rows here, and none of one text a message.
        ([row(button(n)) for n in range(6)], [row(button(0)), row(button(0))]),
    ],
)
def test_layouts(at_the_limit: list[Made], beyond: list[Made]) -> None:
    layout = {"flags": COMPONENTS_V2}
    assert judge({**layout, "components": at_the_limit}, file()) is None
    assert judge({**layout, "components": beyond}, file()) == 50035


def test_layouts_stand_alone() -> None:
    layout = {"flags": COMPONENTS_V2, "components": [TEXT]}
    assert judge(layout) is None
    assert judge({**layout, "content": "x"}) == 50035
    assert judge({**layout, "embeds": embeds(1)}) == 50035


@pytest.mark.parametrize(
    ("at_the_limit", "beyond"),
    [
        ({"title": "x" * 45}, {"title": "x" * 46}),
        ({"title": "x"}, {"title": ""}),
        ({"custom_id": "x" * 100}, {"custom_id": "x" * 101}),
        ({"inputs": 5}, {"inputs": 6}),
        ({"inputs": 1}, {"inputs": 0}),
        ({"label": "x" * 45}, {"label": "x" * 46}),
        ({"placeholder": "x" * 100}, {"placeholder": "x" * 101}),
        ({"value": "x" * 4000}, {"value": "x" * 4001}),
    ],
)
def test_dialogs(at_the_limit: Made, beyond: Made) -> None:
    def dialog(*, inputs: int = 1, **more: Any) -> Made:
        top: Made = {name: more.pop(name) for name in ("title", "custom_id") if name in more}
        text = {"type": 4, "style": 1, "label": "x", **more}
        rows = [row({**text, "custom_id": f"t{n}"}) for n in range(inputs)]
        return {"title": "x", "custom_id": "d", "components": rows, **top}

    rules.check_modal(dialog(**at_the_limit))
    with pytest.raises(RefusedError):
        rules.check_modal(dialog(**beyond))
