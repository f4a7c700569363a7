"""``python -m bot telegram`` as an operator runs it: environment, TLS, nothing patched."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.acceptance.telegram_server import TelegramServer
from tests.acceptance.telegram_tls import telegram_behind_tls
from tests.pictures.good import jpeg
from tests.stack import Stack, new_data_dir


@asynccontextmanager
async def process(folder: Path) -> AsyncIterator[tuple[TelegramServer, Stack]]:
    """Lend a Telegram and a bot's process that is about to be started for it."""
    async with telegram_behind_tls(folder) as (server, environment):
        stack = Stack(new_data_dir(), samples=False)
        stack.program = "telegram"
        stack.environment |= environment | {"LOG_LEVEL": "DEBUG"}
        try:
            yield server, stack
            assert server.misbehaviour == []
        finally:
            await asyncio.to_thread(stack.kill_everything)
            shutil.rmtree(stack.data_dir, ignore_errors=True)


async def test_from_the_first_start_to_an_answer_after_a_restart(tmp_path: Path) -> None:
    async with process(tmp_path) as (server, stack):
        await asyncio.to_thread(stack.start)
        assert "https://t.me/BabelpixBot" in stack.said()
        assert "127.0.0.1" not in stack.said(), "the web chat was not asked for"
        ana = server.world.person("Ana")
        await ana.start()
        assert "/add" in await ana.private.next_text()
        await ana.send(photo=jpeg(), caption="/add my little cat")
        assert await ana.private.next_text() == "1 picture was added."
        await ana.send("a cat")
        photo, _text = await ana.private.next(2)
        assert photo.text == "1 · my little cat"

        await asyncio.to_thread(stack.stop)
        assert server.world.updates == []
        # Telegram tells of it again, and the bot knows that it was answered.
        server.world.queue.repeat()
        await asyncio.to_thread(stack.start)
        await ana.send("at night, after a restart", reply_to=photo)
        photo, text = await ana.private.next(2)
        assert photo.text == "1 · my little cat"
        assert "a cat at night, after a restart" in text.text
        assert server.uploads == []

        logged = (stack.data_dir / "logs" / "bot.log").read_text("utf-8")
        assert "telegram_connected" in logged
        assert "after a restart" not in logged
        assert "little cat" not in logged
        assert server.token.split(":")[1] not in logged + stack.said() + stack.logs()
