"""Play a conversation with the bot on a Discord of our own, and write down what people see.

    python -m scripts.discord_transcript [--picture docs/discord.png]

The bot is the real process (`python -m bot discord`), the Discord is the tests' strict fake behind
TLS. The text goes to standard output; the picture is a rendering of the first messages in the look
of Discord, taken with headless Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import html
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from samples.emoji import render
from tests.acceptance.browser import find_browser
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_rules import UploadedFile
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_tls import discord_behind_tls
from tests.acceptance.discord_world import Message, Overwrite
from tests.stack import Stack, new_data_dir

PETS = {
    "🐈‍⬛": "our black cat",
    "🐈": "the neighbour's cat",
    "🐕": "our dog",
    "🚒": "fire engine",
    "🚗": "red car",
    "🌻": "sunflower in the garden",
    "🎂": "birthday cake",
    "🐘": "elephant at the zoo",
    "🌙": "moon last night",
}
VIEW_CHANNEL = 1 << 10


@dataclass
class Shown:
    """One message as it was seen at that moment."""

    who: str
    said: str
    pictures: list[tuple[str, bytes]] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    is_private: bool = False

    def text(self) -> str:
        """Write it in one paragraph."""
        lines = [f"{self.who}: {self.said}" + ("   (only they see it)" if self.is_private else "")]
        if self.pictures:
            lines.append("    pictures: " + " | ".join(name for name, _ in self.pictures))
        if self.buttons or self.lists:
            parts = [f"[{label}]" for label in self.buttons] + [f"({name})" for name in self.lists]
            lines.append("    below: " + " ".join(parts))
        return "\n".join(lines)


class Play:
    """The conversation, written down as it goes."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.shown: list[Shown] = []

    def note(self, what: str) -> None:
        """Write down something that happens beside the conversation."""
        self.shown.append(Shown("", f"— {what} —"))

    def person(self, name: str, said: str) -> None:
        """Write down what a person does."""
        self.shown.append(Shown(name, said))

    def bot(self, message: Message) -> Message:
        """Write down what the bot shows now."""
        buttons = [part["label"] for part in message.parts if part["type"] == 2]
        lists = [part.get("placeholder", "") for part in message.parts if part["type"] == 3]
        pictures = [(file.description or "", file.content) for file in message.files]
        said = re.sub(r"\[(\d+)\]\(<[^>]+>\)", r"[\1]", message.content)
        self.shown.append(Shown("Babelpix", said, pictures, buttons, lists, message.is_ephemeral))
        return message

    async def ask(self, person: DiscordPerson, query: str, **options: object) -> Message:
        """Have somebody use /search."""
        more = "".join(f" {name}: {value}" for name, value in options.items())
        self.person(person.user["global_name"], f"/search {query}{more}")
        return self.bot(await (await person.slash("search", query=query, **options)).answer())

    async def press(self, person: DiscordPerson, message: Message, label: str) -> None:
        """Have somebody press a button that changes its message."""
        self.person(person.user["global_name"], f"presses {label}")
        before = message.content
        await person.click(message, label)
        await self.server.wait_for(lambda: message.content != before)
        self.bot(message)


def drawn(emoji: str) -> UploadedFile:
    """Draw a picture to upload."""
    written = BytesIO()
    render(emoji).save(written, "PNG")
    return UploadedFile("picture.png", written.getvalue())


class Cast:
    """Who is there, and where."""

    def __init__(self, server: DiscordServer) -> None:
        guild = server.new_guild("Pets and cars")
        mods = guild.add_role("mods")
        self.hidden = guild.add_channel(
            "mods-only",
            overwrites=[
                Overwrite(guild.id, 0, 0, VIEW_CHANNEL),
                Overwrite(mods.id, 0, VIEW_CHANNEL, 0),
            ],
        )
        self.ada = DiscordPerson(server, "Ada", guild, is_admin=True, roles=[mods])
        self.max = DiscordPerson(server, "Max", guild, locale="de")
        self.yuki = DiscordPerson(server, "Yuki", guild, locale="ja")
        self.layla = DiscordPerson(server, "Layla", guild)
        self.eve = DiscordPerson(server, "Eve", server.new_guild("Elsewhere"))


async def play(server: DiscordServer, stack: Stack) -> list[Shown]:
    """Play everything; returns what was seen."""
    cast, scene = Cast(server), Play(server)
    await asyncio.to_thread(stack.start)
    for emoji, caption in PETS.items():
        exchange = await cast.ada.slash("library add", image1=drawn(emoji), caption=caption)
        await exchange.answer(lambda message: "added" in message.content)
    found = await turn_pages(scene, cast)
    await other_languages(scene, cast)
    await similar(scene, cast)
    await add_and_delete(scene, cast)
    await rights(scene, cast)
    scene.note("a restart of the bot; the old button of the first answer")
    await asyncio.to_thread(stack.stop)
    await asyncio.to_thread(stack.start)
    await scene.press(cast.max, found, "◀")
    return scene.shown


async def turn_pages(scene: Play, cast: Cast) -> Message:
    """Search, turn the page, look for more like one of the pictures."""
    found = await scene.ask(cast.max, "ein schwarzer Kater", count=3)
    await scene.press(cast.max, found, "▶")
    like, label = lists_of(found)[0]
    scene.person("Max", f"chooses from “{like}”: {label}")
    scene.bot(await (await cast.max.choose(found, label, select=like)).answer())
    return found


async def other_languages(scene: Play, cast: Cast) -> None:
    """Ask in Japanese, and in Arabic where the settings say that answers are in Arabic."""
    await scene.ask(cast.yuki, "黒猫", count=3)
    scene.note("Ada chooses العربية in /library settings: Discord itself has no Arabic")
    panel = await (await cast.ada.slash("library settings")).answer()
    for part in panel.parts:
        labels = [option["label"] for option in part.get("options", [])]
        arabic = [label for label in labels if label.startswith("العربية")]
        if arabic:
            await cast.ada.choose(panel, arabic[0], select=part.get("placeholder"))
            await scene.server.wait_for(lambda: "العربية" in panel.content)
    scene.person("Layla", "@Babelpix قطة")
    scene.bot(await cast.layla.wait_for_answer(await cast.layla.mention("قطة")))


async def similar(scene: Play, cast: Cast) -> None:
    """Point at a picture in the chat."""
    scene.note("Find similar, in the menu of a message")
    posted = await cast.ada.post("who is this?", drawn("🐩"))
    scene.person("Max", "Apps → Find similar, on Ada's picture of a poodle")
    exchange = await cast.max.context_menu("Find similar", posted)
    scene.bot(await exchange.answer())


async def add_and_delete(scene: Play, cast: Cast) -> None:
    """Add three pictures, find one of them, delete it, search again."""
    ada = cast.ada
    scene.note("an admin adds three pictures, finds one of them, deletes it, searches again")
    scene.person("Ada", "/library add, three pictures: “new car”")
    images = {f"image{n}": drawn(emoji) for n, emoji in enumerate("🚙🏎🚕", 1)}
    exchange = await ada.slash("library add", **images, caption="new car")
    scene.bot(await exchange.answer(lambda message: "added" in message.content))
    cars = await scene.ask(ada, "taxi", count=2, private=True)
    delete, label = lists_of(cars)[-1]
    scene.person("Ada", f"chooses from “{delete}”: {label}")
    await (await ada.choose(cars, label, select=delete)).followup(0)
    scene.bot(cars)
    await scene.ask(ada, "taxi", count=2, private=True)


async def rights(scene: Play, cast: Cast) -> None:
    """Ask the same in another server, and with other rights."""
    scene.note("the same question by members of two servers")
    await scene.ask(cast.eve, "black cat")
    scene.note("and by members with different rights: a picture posted in #mods-only")
    there = cast.ada.in_channel(cast.hidden)
    secret = await there.post("evidence", drawn("🕵️"))
    scene.person("Ada", "Apps → Add to library, in #mods-only")
    exchange = await there.context_menu("Add to library", secret)
    scene.bot(await exchange.answer(lambda message: "added" in message.content))
    await scene.ask(cast.ada, "detective", count=1, private=True)
    await scene.ask(cast.ada, "detective", count=1)
    await scene.ask(cast.max, "detective", count=1, private=True)


def lists_of(message: Message) -> list[tuple[str, str]]:
    """Return the lists below an answer, each with its first option."""
    return [
        (part["placeholder"], part["options"][0]["label"])
        for part in message.parts
        if part["type"] == 3
    ]


PAGE = Path(__file__).with_suffix(".html")


def page(shown: list[Shown]) -> str:
    """Draw messages in the look of Discord."""
    drawn_messages = []
    for one in shown:
        is_bot = one.who == "Babelpix"
        colour = "#5865f2" if is_bot else "#3ba55c"
        tag = "<span class=t>APP</span>" if is_bot else ""
        pictures = "".join(
            f'<img alt="{html.escape(name)}" src="data:image/webp;base64,'
            f'{base64.b64encode(content).decode()}">'
            for name, content in one.pictures
        )
        buttons = "".join(f"<span class=k>{html.escape(label)}</span>" for label in one.buttons)
        lists = "".join(f"<div class=s>{html.escape(name)}</div>" for name in one.lists)
        said = html.escape(one.said).replace("\n", "<br>")
        drawn_messages.append(
            f'<div class=m><div class=a style="background:{colour}">{one.who[:1]}</div><div>'
            f"<b>{html.escape(one.who)}</b>{tag}"
            f'<div class="{"" if is_bot else "c"}">{said}</div>'
            + (f"<div class=p>{pictures}</div>" if pictures else "")
            + (f"<div class=r>{buttons}</div>" if buttons else "")
            + f"{lists}</div></div>"
        )
    return PAGE.read_text("utf-8") + "".join(drawn_messages)


def photograph(shown: list[Shown], target: Path) -> None:
    """Take the picture."""
    browser = find_browser()
    if browser is None:
        raise SystemExit("no Chromium found; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "page.html")
        source.write_text(page(shown), "utf-8")
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                "--window-size=676,850",
                f"--screenshot={target.absolute()}",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


async def run() -> list[Shown]:
    """Run the bot and play."""
    with tempfile.TemporaryDirectory() as folder:
        async with discord_behind_tls(Path(folder)) as (server, environment):
            stack = Stack(new_data_dir(), samples=False)
            stack.program = "discord"
            stack.environment |= environment | {"LIMIT_PER_PERSON": "1000/minute"}
            try:
                return await play(server, stack)
            finally:
                await asyncio.to_thread(stack.kill_everything)
                shutil.rmtree(stack.data_dir, ignore_errors=True)


def main() -> None:
    """Play, print, and take the picture if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--picture", type=Path)
    picture = parser.parse_args().picture
    shown = asyncio.run(run())
    print("\n".join(one.text() for one in shown))
    if picture is not None:
        photograph(shown[:4], picture)


if __name__ == "__main__":
    main()
