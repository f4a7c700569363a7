"""The same conversation on every platform, on the real services, the real model, real clients."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from aiohttp import ClientSession, CookieJar

from bot.app import App
from bot.frontends.telegram_bot import TelegramBot
from samples.emoji import render
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_running import discord_server, running_bot
from tests.acceptance.discord_world import Message
from tests.acceptance.telegram_chats import Sent, TelegramPerson
from tests.acceptance.telegram_modes import press_number
from tests.acceptance.telegram_server import telegram_server
from tests.stack import Stack
from tests.unit.telegram_bot.waiting import kept_loggers
from tests.unit.web_chat.visitor import Visitor, receive

SCRIPT = Path(__file__).with_name("one_conversation.txt")


class Stage(Protocol):
    """One platform: each verb returns the captions of the pictures that are shown then."""

    async def add(self, picture: bytes, caption: str) -> None:
        """Add a picture as an admin."""
        ...

    async def ask(self, question: str) -> list[str]:
        """Ask a question."""
        ...

    async def more(self) -> list[str]:
        """Turn to the next page."""
        ...

    async def like(self, caption: str) -> list[str]:
        """Ask for more like a picture that is shown."""
        ...

    async def find(self, picture: bytes) -> list[str]:
        """Send a picture to find similar ones."""
        ...

    async def remove(self, caption: str) -> None:
        """Delete a picture that is shown."""
        ...


def drawn(emoji: str) -> bytes:
    """Draw a picture to send."""
    written = BytesIO()
    render(emoji).save(written, "PNG")
    return written.getvalue()


async def play(stage: Stage) -> None:
    """Play the script; each line says what it expects."""
    shown: list[str] = []
    for line in SCRIPT.read_text("utf-8").splitlines():
        verb, _, rest = line.partition(" ")
        match verb:
            case "" | "#":
                continue
            case "add":
                emoji, _, caption = rest.partition(" ")
                await stage.add(drawn(emoji), caption)
            case "ask":
                shown = await stage.ask(rest)
            case "more":
                shown = await stage.more()
            case "like":
                shown = await stage.like(rest)
            case "find":
                shown = await stage.find(drawn(rest))
            case "remove":
                await stage.remove(rest)
            case "first":
                assert shown[0] == rest, (line, shown)
            case "shows":
                assert len(shown) == int(rest), (line, shown)
            case "without":
                assert rest not in shown, (line, shown)
            case _:
                raise AssertionError(f"no such line: {shlex.quote(line)}")


class OnDiscord:
    """An admin in a server."""

    def __init__(self, person: DiscordPerson) -> None:
        self._person = person
        self._answer: Message | None = None

    async def add(self, picture: bytes, caption: str) -> None:
        """Use /library add."""
        image = UploadedFile("picture.png", picture)
        exchange = await self._person.slash("library add", image1=image, caption=caption)
        await exchange.answer(lambda message: "was added" in message.content)

    async def ask(self, question: str) -> list[str]:
        """Use /search."""
        return self._show(await (await self._person.slash("search", query=question)).answer())

    async def more(self) -> list[str]:
        """Press the arrow."""
        before = self.answer.content
        await self._person.click(self.answer, "▶")
        await self._person.server.wait_for(lambda: self.answer.content != before)
        return self._show(self.answer)

    async def like(self, caption: str) -> list[str]:
        """Choose from the list."""
        label = self._label(caption)
        exchange = await self._person.choose(self.answer, label, select="More like this …")
        return self._show(await exchange.answer())

    async def find(self, picture: bytes) -> list[str]:
        """Use /similar."""
        image = UploadedFile("picture.png", picture)
        return self._show(await (await self._person.slash("similar", image=image)).answer())

    async def remove(self, caption: str) -> None:
        """Choose from the other list."""
        exchange = await self._person.choose(self.answer, self._label(caption), select="Delete …")
        await exchange.followup(0)

    @property
    def answer(self) -> Message:
        """The last answer."""
        assert self._answer is not None
        return self._answer

    def _show(self, answer: Message) -> list[str]:
        self._answer = answer
        return [file.description or "" for file in answer.files]

    def _label(self, caption: str) -> str:
        options = (option for part in self.answer.parts for option in part.get("options", []))
        return str(next(one["label"] for one in options if one["label"].endswith(caption)))


class InTheWebChat:
    """A visitor, who may do everything there."""

    def __init__(self, visitor: Visitor, socket: Any) -> None:
        self._visitor = visitor
        self._socket = socket
        self._reply: dict[str, Any] = {}
        self._number = 0

    async def add(self, picture: bytes, caption: str) -> None:
        """Upload it to be kept."""
        status, replies = await self._visitor.upload("add", picture, captions=(caption,))
        assert (status, replies[-1]["tone"]) == (200, "done")

    async def ask(self, question: str) -> list[str]:
        """Type it."""
        return await self._send({"type": "ask", "text": question})

    async def more(self) -> list[str]:
        """Press the button."""
        return await self._send(self._reply["choices"][0]["request"])

    async def like(self, caption: str) -> list[str]:
        """Press the button of a picture."""
        return await self._send({"type": "more_like_this", "image_id": self._id_of(caption)})

    async def find(self, picture: bytes) -> list[str]:
        """Upload it to be compared."""
        status, replies = await self._visitor.upload("similar", picture)
        assert status == 200
        return self._show(replies[-1])

    async def remove(self, caption: str) -> None:
        """Press the button of a picture."""
        reply = self._reply
        await self._send({"type": "delete", "image_id": self._id_of(caption)})
        assert self._reply["tone"] == "done"
        self._reply = reply

    async def _send(self, request: dict[str, Any]) -> list[str]:
        self._number += 1
        await self._socket.send_json({**request, "id": f"{self._number}", "language": "en"})
        return self._show((await receive(self._socket, "reply"))["reply"])

    def _show(self, reply: dict[str, Any]) -> list[str]:
        self._reply = reply
        return [hit["caption"] for hit in reply["hits"]]

    def _id_of(self, caption: str) -> int:
        return int(next(h["image_id"] for h in self._reply["hits"] if h["caption"] == caption))


class OnTelegram:
    """A person in their private chat."""

    def __init__(self, person: TelegramPerson) -> None:
        self._person = person
        self._chat = person.private
        self._captions: list[str] = []
        self._below: Sent | None = None

    async def add(self, picture: bytes, caption: str) -> None:
        """Send it with /add."""
        sent = await self._person.send(photo=picture, caption=f"/add {caption}")
        assert "was added" in (await self._person.wait_for_answer(sent)).text

    async def ask(self, question: str) -> list[str]:
        """Write it."""
        return await self._shown_after(self._person.send(question))

    async def more(self) -> list[str]:
        """Press the button."""
        return await self._shown_after(self._press("More"))

    async def like(self, caption: str) -> list[str]:
        """Press the button with the picture's number."""
        return await self._shown_after(self._press(f"🔎 {self._rank(caption)}"))

    async def find(self, picture: bytes) -> list[str]:
        """Send it."""
        return await self._shown_after(self._person.send(photo=picture))

    async def remove(self, caption: str) -> None:
        """Press the picture's number in the mode that deletes."""
        await self._press(f"🗑 {self._rank(caption)}")

    async def _press(self, label: str) -> None:
        assert self._below is not None
        await (await press_number(self._person, self._below, label)).answer()

    async def _shown_after(self, act: Awaitable[object]) -> list[str]:
        count = len(self._chat.sent)
        await act
        await self._chat.wait_for(
            lambda: len(self._chat.sent) > count and bool(self._chat.sent[-1].labels)
        )
        *pictures, self._below = self._chat.sent[count:]
        self._captions = [picture.text for picture in pictures]
        return [caption.partition(" · ")[2] for caption in self._captions]

    def _rank(self, caption: str) -> str:
        found = next(one for one in self._captions if one.endswith(f" · {caption}"))
        return found.partition(" · ")[0]


async def test_on_telegram(app: App) -> None:
    async with telegram_server() as server:
        options = replace(
            app.frontend_options(), telegram_token=server.token, telegram_api_url=server.url
        )
        with kept_loggers():
            bot = TelegramBot(app.conversation, options)
            await bot.start()
            try:
                await play(OnTelegram(server.world.person("Ada")))
            finally:
                await bot.stop()
        assert server.misbehaviour == []


async def test_on_discord(app: App) -> None:
    async with discord_server() as server:
        person = DiscordPerson(server, "Ada", server.new_guild("Here"), is_admin=True)
        async with running_bot(app.conversation):
            await play(OnDiscord(person))
        assert server.misbehaviour == []


@asynccontextmanager
async def visiting(stack: Stack) -> AsyncIterator[InTheWebChat]:
    """Lend a visitor of a running web chat."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        visitor = Visitor(SimpleNamespace(url=stack.web_url), http)  # type: ignore[arg-type]
        await visitor.csrf()
        socket = await visitor.connect()
        yield InTheWebChat(visitor, socket)
        await socket.close()


async def test_in_the_web_chat(fragile_stack: Stack) -> None:
    async with visiting(fragile_stack) as stage:
        await play(stage)
