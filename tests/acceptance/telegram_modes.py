"""Pressing the numbers below an answer of the bot on Telegram, in the mode one needs."""

from __future__ import annotations

from tests.acceptance.telegram_messages import Press, Sent
from tests.acceptance.telegram_people import TelegramPerson


async def press_number(person: TelegramPerson, below: Sent, label: str) -> Press:
    """Press a number such as "🗑 3"; where another mode is on, press its sign before."""
    if label not in below.labels:
        await (await person.press(below, label.partition(" ")[0])).answer()
        await below.wait_for(lambda one: label in one.labels)
    return await person.press(below, label)
