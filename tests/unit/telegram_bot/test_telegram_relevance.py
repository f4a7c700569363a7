"""What fits on Telegram, the button to what hardly does, and inline mode without it."""

from __future__ import annotations

import pytest

from bot.core.relevance import Curve
from bot.core.sentences import SENTENCES
from bot.core.texts import texts_for
from tests.acceptance.telegram_chats import TelegramPerson
from tests.unit.telegram_bot.memory import MemoryConversation

pytestmark = pytest.mark.usefixtures("bot")

GERMAN = texts_for("de")
LESS_LIKELY = GERMAN.say(SENTENCES["less_likely"])


@pytest.fixture(autouse=True)
def calibrated(conversation: MemoryConversation) -> None:
    conversation.encoder.curve = Curve(20, -10)


def fill(conversation: MemoryConversation, chat_id: int, fitting: int, others: int) -> None:
    for number, image_id in enumerate(conversation.fill(chat_id, fitting + others)):
        conversation.pictures.scores[image_id] = 0.6 if number < fitting else 0.2


async def test_what_fits_is_shown_and_the_rest_behind_a_button(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    fill(conversation, ana.id, 2, 3)
    await ana.send("cat")
    *album, text = await ana.private.next(3)
    assert [one.text for one in album] == ["1 · cat 1", "2 · cat 2"]
    assert text.text == "Bilder zu „cat“ · 2 Bilder passen"
    assert text.labels[-1] == LESS_LIKELY
    # It stays in its row when the numbers come to mean something else.
    await (await ana.press(text, "🚫")).answer()
    assert text.labels[-1] == LESS_LIKELY
    await (await ana.press(text, LESS_LIKELY)).answer()
    *album, text = await ana.private.next(4)
    assert [one.text for one in album] == ["3 · cat 3", "4 · cat 4", "5 · cat 5"]
    assert LESS_LIKELY not in text.labels


async def test_that_nothing_fits_is_said_with_the_same_button(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    fill(conversation, ana.id, 0, 2)
    await ana.send("xyzzy")
    (text,) = await ana.private.next(1)
    assert text.text == GERMAN.say(SENTENCES["nothing_fits"])
    assert text.labels == [LESS_LIKELY]
    await (await ana.press(text, LESS_LIKELY)).answer()
    *album, text = await ana.private.next(3)
    assert [one.text for one in album] == ["1 · cat 1", "2 · cat 2"]
    assert text.text.startswith(GERMAN.say(SENTENCES["closest"]))


async def test_inline_offers_only_what_fits(
    conversation: MemoryConversation, ana: TelegramPerson
) -> None:
    fill(conversation, ana.id, 2, 1)
    await ana.send("cat")
    *_, text = await ana.private.next(3)
    await (await ana.press(text, LESS_LIKELY)).answer()
    await ana.private.next(2)  # Telegram has all three now
    answer = await ana.inline("cat")
    assert [result.title for result in answer.results] == ["cat 1", "cat 2"]
    conversation.pictures.scores = dict.fromkeys(conversation.ids(ana.id), 0.1)
    conversation.pictures.version += 1
    nothing = await ana.inline("dog")
    assert nothing.results == []
    assert nothing.button is not None
    assert nothing.button["text"] == GERMAN.say(SENTENCES["nothing_found"])
