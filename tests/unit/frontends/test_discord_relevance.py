"""What fits on Discord, and the button to what hardly does."""

from __future__ import annotations

import pytest

from bot.core.relevance import Curve
from tests.acceptance.discord_people import DiscordPerson
from tests.unit.frontends.discord_memory import MemoryConversation, captions, labels

pytestmark = pytest.mark.usefixtures("bot")

LESS_LIKELY = "Show less likely ones"


@pytest.fixture(autouse=True)
def calibrated(memory: MemoryConversation) -> None:
    memory.encoder.curve = Curve(20, -10)


def fill(memory: MemoryConversation, collection: str, fitting: int, others: int) -> None:
    for number, image_id in enumerate(memory.fill(collection, fitting + others)):
        memory.pictures.scores[image_id] = 0.6 if number < fitting else 0.2


async def test_what_fits_is_shown_and_the_rest_behind_a_button(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    fill(memory, collection, 12, 9)
    answer = await (await member.slash("search", query="cat")).answer()
    assert answer.content == "Pictures for “cat” · 1 to 10 of 12 pictures that fit"
    assert LESS_LIKELY not in labels(answer)
    await (await member.click(answer, "▶")).answer()
    assert captions(answer) == ["cat 10", "cat 11"]
    assert {"◀", LESS_LIKELY} <= set(labels(answer))
    assert "▶" not in labels(answer)
    await (await member.click(answer, LESS_LIKELY)).answer()
    assert captions(answer) == [f"cat {n}" for n in range(12, 21)]
    assert answer.content == "Pictures for “cat” · 13 to 21 of 21 pictures"


async def test_that_nothing_fits_is_said_with_the_same_button(
    member: DiscordPerson, memory: MemoryConversation, collection: str
) -> None:
    fill(memory, collection, 0, 3)
    answer = await (await member.slash("search", query="xyzzy")).answer()
    assert answer.content.startswith("Nothing here fits well.")
    assert (list(answer.files), labels(answer)) == ([], [LESS_LIKELY])
    await (await member.click(answer, LESS_LIKELY)).answer()
    assert answer.content.startswith("Nothing here fits well. Closest:\n")
    assert captions(answer) == ["cat 0", "cat 1", "cat 2"]
