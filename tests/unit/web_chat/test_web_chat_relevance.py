"""What the page is told of what fits, and of what hardly does."""

from __future__ import annotations

from typing import Any, cast

from bot.core.messages import Ask, MoreLikeThis
from bot.core.relevance import Curve
from bot.frontends.web_chat.wire import reply_message
from tests.unit.core.memory import CountingEncoder, MemoryBot
from tests.unit.core.memory_pictures import MemoryPictures


def _told(message: dict[str, object]) -> tuple[list[Any], list[Any]]:
    return cast("list[Any]", message["hits"]), cast("list[Any]", message["choices"])


async def test_the_choices_tell_which_leads_beyond_what_fits() -> None:
    encoder = CountingEncoder()
    encoder.curve = Curve(20, -10)
    bot = MemoryBot(MemoryPictures(30), encoder)
    bot.pictures.scores = {n: 0.6 if n <= 12 else 0.2 for n in range(1, 31)}
    hits, choices = _told(reply_message(await bot.say(Ask("cat"))))
    assert [round(hit["relevance"], 3) for hit in hits] == [0.881] * 10
    assert [(choice["label"], choice["is_rest"]) for choice in choices] == [("More", False)]
    hits, choices = _told(reply_message(await bot.say(Ask("cat", count=20))))
    assert len(hits) == 12
    assert [(one["label"], one["is_rest"]) for one in choices] == [("Show less likely ones", True)]
    bot.pictures.scores = {}
    hits, _ = _told(reply_message(await bot.say(MoreLikeThis(1))))
    assert {hit["relevance"] for hit in hits} == {None}
