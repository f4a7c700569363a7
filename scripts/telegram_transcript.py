"""Play a conversation with the bot on a Telegram of our own, and write down what people see.

    python -m scripts.telegram_transcript

The bot is the real process (`python -m bot telegram`), the Telegram is the tests' strict fake
behind TLS.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from samples.emoji import render
from tests.acceptance.telegram_chats import Chat, Sent, TelegramPerson
from tests.acceptance.telegram_server import TelegramServer
from tests.acceptance.telegram_tls import telegram_behind_tls
from tests.stack import Stack, new_data_dir
from workers.images import flatten

PICTURES = {
    "🐈‍⬛": "our black cat",
    "🐈": "the neighbour's cat",
    "🐕": "our dog",
    "🐘": "an elephant",
    "🚒": "a fire engine",
    "🚗": "a red car",
    "🌻": "a sunflower",
    "🎂": "a birthday cake",
    "🌙": "the moon",
    "🎸": "a guitar",
    "⚽": "a ball",
    "🍕": "a pizza",
}
QUESTIONS = {
    "en": "a black cat",
    "de": "schwarze Katze",
    "fr": "un chat noir",
    "ru": "черный кот",
    "ja": "黒猫",
}


class Play:
    """The conversation, printed as it goes."""

    def __init__(self, server: TelegramServer) -> None:
        self.server = server

    def note(self, what: str) -> None:
        """Print something that happens beside the conversation."""
        print(f"— {what} —")

    async def does(
        self, who: TelegramPerson, what: str, act: Awaitable[object], chat: Chat | None = None
    ) -> list[Sent]:
        """Print what somebody does and what the bot answers in their chat; returns that."""
        chat = chat or who.private
        print(f"{who.name}: {what}")
        count, uploaded = len(chat.sent), self.server.uploaded_bytes
        await act
        await chat.wait_for(lambda: len(chat.sent) > count and not chat.sent[-1].album)
        answer = chat.sent[count:]
        shown = [one.text for one in answer if one.photo]
        if shown:
            sent = self.server.uploaded_bytes - uploaded
            how = f"{sent} bytes uploaded" if sent else "by file_id, nothing uploaded"
            print(f"    album ({how}): " + " | ".join(shown))
        for one in answer:
            if not one.photo:
                print(f"Babelpix: {one.text}")
                if one.labels:
                    print("    below: " + " ".join(f"[{label}]" for label in one.labels))
        return answer

    async def switches(self, who: TelegramPerson, below: Sent, sign: str) -> None:
        """Print what the numbers below an answer do when somebody has pressed a sign."""
        print(f"{who.name}: presses {sign}")
        await who.press(below, sign)
        await below.wait_for(lambda one: one.labels[0].startswith(sign))
        print("    below, now: " + " ".join(f"[{label}]" for label in below.labels))


def drawn(emoji: str) -> bytes:
    """Draw a picture to send."""
    written = BytesIO()
    flatten(render(emoji)).save(written, "JPEG", quality=95)
    return written.getvalue()


async def play(server: TelegramServer, stack: Stack) -> None:
    """Play everything."""
    await asyncio.to_thread(stack.start)
    scene, world = Play(server), server.world
    ada, max_ = world.person("Ada"), world.person("Max", "de")
    friends = world.group(ada, title="Friends", members=[max_])
    await scene.does(ada, "/start", ada.start())
    for emoji, caption in list(PICTURES.items())[:1]:
        send = ada.send(photo=drawn(emoji), caption=f"/add {caption}", chat=friends)
        await scene.does(ada, f"a picture in the group, “/add {caption}”", send, friends)
    refused = max_.send(photo=drawn("👻"), caption="/add mine", chat=friends)
    await scene.does(max_, "a picture in the group, “/add mine”, and is no admin", refused, friends)
    for emoji, caption in PICTURES.items():
        sent = await ada.send(photo=drawn(emoji), caption=f"/add {caption}")
        await ada.wait_for_answer(sent)
    scene.note("Ada has added twelve pictures of her own; a question in five languages")
    for language, question in QUESTIONS.items():
        speaking = replace(ada, language=language)
        *_, below = await scene.does(speaking, question, speaking.send(question))
    await scene.does(ada, "presses the last button", ada.press(below, below.labels[-1]))
    *_, below = await scene.does(ada, "a picture of 🚙", ada.send(photo=drawn("🚙")))
    await scene.does(ada, "presses 🔎 1", ada.press(below, "🔎 1"))
    await scene.switches(ada, below, "🚫")
    await scene.switches(ada, below, "🗑")
    await inline(scene, ada)
    scene.note("an update that comes twice")
    count = len(ada.private.sent)
    server.world.queue.repeat(1)
    *_, below = await scene.does(ada, "a guitar", ada.send("a guitar"))
    print(f"    answers to the repeated one: {len(ada.private.sent) - count - 11}")
    scene.note("a flood: Telegram asks to wait a second; another chat is answered meanwhile")
    server.flood.close(1, chat_id=ada.id)
    asked = asyncio.create_task(ada.send("the moon"))
    await scene.does(max_, "Katze", max_.send("Katze"))
    await asked
    await ada.private.wait_for(lambda: "the moon" in ada.private.sent[-1].text)
    print(f"Babelpix, to Ada: {ada.private.sent[-1].text}")
    scene.note("a restart of the bot; the last button of the answer before")
    await asyncio.to_thread(stack.stop)
    await asyncio.to_thread(stack.start)
    await scene.does(ada, f"presses {below.labels[-1]}", ada.press(below, below.labels[-1]))


async def inline(scene: Play, ada: TelegramPerson) -> None:
    """Type behind the bot's name in any chat."""
    scene.note("inline mode, in any chat")
    answer = await ada.inline("cat")
    print(f"{ada.name}: @BabelpixBot cat")
    titles = " | ".join(str(result.title) for result in answer.results)
    print(f"    grid of {len(answer.results)}: {titles}")
    print(f"    next page: {answer.next_offset or 'none'}; only for them: {answer.is_personal}")


async def run() -> None:
    """Run the bot and play."""
    with tempfile.TemporaryDirectory() as folder:
        async with telegram_behind_tls(Path(folder)) as (server, environment):
            stack = Stack(new_data_dir(), samples=False)
            stack.program = "telegram"
            stack.environment |= environment | {"LIMIT_PER_PERSON": "1000/minute"}
            try:
                await play(server, stack)
            finally:
                await asyncio.to_thread(stack.kill_everything)
                shutil.rmtree(stack.data_dir, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(run())
