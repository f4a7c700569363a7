"""Names and descriptions of the commands in people's languages, with catalogues made up here."""

from __future__ import annotations

import asyncio
import gettext
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import discord
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import texts
from bot.core.texts import Texts, languages
from bot.frontends.discord_bot import translation
from bot.frontends.discord_bot.frontend import command_strings
from bot.frontends.discord_bot.translation import Translator
from tests.acceptance.discord_commands import check_commands
from tests.acceptance.discord_limits import LOCALES
from tests.acceptance.discord_people import DiscordPerson
from tests.acceptance.discord_running import build_bot, running_bot
from tests.acceptance.discord_server import DiscordServer
from tests.acceptance.discord_world import Guild
from tests.unit.frontends.discord_memory import MemoryConversation

Catalogue = Callable[[str, Mapping[str, str]], None]


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    """Writes catalogues, which are the only ones then."""

    def write(language: str, sentences: Mapping[str, str]) -> None:
        book = Catalog(language)
        for english, translated in sentences.items():
            book.add(english, translated)
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        with (folder / "babelpix.mo").open("wb") as file:
            write_mo(file, book)
        texts.texts_for.cache_clear()

    monkeypatch.setattr(texts, "LOCALES", tmp_path)
    texts.texts_for.cache_clear()
    yield write
    texts.texts_for.cache_clear()


async def registered(memory: MemoryConversation) -> list[dict[str, Any]]:
    """Return the commands as Discord would be told of them."""
    async with build_bot(memory)._new_client() as client:
        tree, translator = client.tree, Translator(client.tree)
        commands = [c for kind in discord.AppCommandType for c in tree.get_commands(type=kind)]
        payloads = [await c.get_translated_payload(tree, translator) for c in commands]
    connector = client.http.connector
    assert connector
    await connector.close()
    return payloads


def command(payloads: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(payload for payload in payloads if payload["name"] == name)


def option(payload: dict[str, Any], name: str) -> dict[str, Any]:
    return command(payload["options"], name)


async def test_somebody_uses_commands_by_their_names_in_their_language(
    server: DiscordServer, guild: Guild, memory: MemoryConversation, catalogue: Catalogue
) -> None:
    catalogue(
        "de",
        {
            "/search": "/suche",
            "query:": "frage:",
            "from:": "von:",
            "What the picture should show": "Was auf dem Bild sein soll",
            "Find similar": "Ähnliche finden",
            "/library": "/sammlung",
            "/list": "/liste",
        },
    )
    async with running_bot(memory):
        person = DiscordPerson(server, "Max", guild, locale="de")
        assert "suche" in await person.shown_commands()
        await (await person.slash("suche", frage="Katze", von=person)).answer()
        assert memory.incoming[-1].request.text == "Katze"  # type: ignore[union-attr]
        choices = await person.autocomplete("suche", "frage", "")
        assert [choice["name"] for choice in choices] == ["Katze"]
        message = await person.post("nothing")
        await (await person.context_menu("Ähnliche finden", message)).answer()
        english = DiscordPerson(server, "Eve", guild)
        assert "search" in await english.shown_commands()
    assert server.misbehaviour == []
    known = command(server.commands, "search")
    assert known["name_localizations"] == {"de": "suche"}
    assert option(known, "query")["description_localizations"] == {
        "de": "Was auf dem Bild sein soll"
    }
    library = command(server.commands, "library")
    assert library["name_localizations"] == {"de": "sammlung"}
    assert option(library, "list")["name_localizations"] == {"de": "liste"}


async def test_every_locale_of_discord_that_a_catalogue_covers(
    memory: MemoryConversation, catalogue: Catalogue
) -> None:
    names = {
        "pt": "buscar",
        "es": "buscar",
        "zh_Hant": "搜尋",
        "zh": "搜索",
        "nb": "søk",
        "sv": "sök",
    }
    for language, name in {**names, "ar": "بحث", "xx": "xx"}.items():
        catalogue(language, {"/search": f"/{name}"})
    known = command(await registered(memory), "search")["name_localizations"]
    assert known == {
        "pt-BR": "buscar",
        "es-ES": "buscar",
        "es-419": "buscar",
        "zh-TW": "搜尋",
        "zh-CN": "搜索",
        "no": "søk",
        "sv-SE": "sök",
    }


def test_most_of_discord_s_locales_are_covered() -> None:
    spoken = {language.split("-")[0] for language in languages()} | {"no"}
    assert {locale for locale in LOCALES if locale.split("-")[0] not in spoken} == {
        "hr",
        "lt",
        "bg",
    }


@pytest.mark.parametrize(
    ("english", "translated", "is_used"),
    [
        ("/search", "/" + "s" * 32, True),
        ("/search", "/" + "s" * 33, False),
        ("/search", "/Suche", False),
        ("/search", "/suche jetzt", False),
        ("/search", "suche", True),
        ("/search", "/", False),
        ("/search", "/ค้นหา", True),
        ("/search", "/खोज", True),
        ("/search", "/su{che", False),
        ("query:", "frage：", True),
        ("query:", "Frage:", False),
        ("count:", "private:", False),
        ("What the picture should show", "x" * 100, True),
        ("What the picture should show", "x" * 101, False),
        ("What the picture should show", "   ", False),
        ("What the picture should show", "{0}", False),
        ("Find similar", "Ähnliche finden" + "!" * 17, True),
        ("Find similar", "Ähnliche finden" + "!" * 18, False),
        ("Find similar", "Add to library", False),
        ("/search", "/similar", False),
        ("/add", "/remove", False),
    ],
)
async def test_what_discord_would_not_take_stays_english(
    memory: MemoryConversation,
    catalogue: Catalogue,
    english: str,
    translated: str,
    is_used: bool,
) -> None:
    catalogue("de", {english: translated})
    payloads = await registered(memory)
    check_commands(payloads)
    said = translated.strip("/:：")
    assert (f"'de': {said!r}" in str(payloads)) == is_used
    assert is_used or "'de'" not in str(payloads)


async def test_two_options_of_one_name_both_stay_english(
    memory: MemoryConversation, catalogue: Catalogue
) -> None:
    catalogue("de", {"query:": "suche:", "tag:": "suche:", "count:": "anzahl:"})
    search = command(await registered(memory), "search")
    names = [option(search, name).get("name_localizations") for name in ("query", "tag", "count")]
    assert names == [None, None, {"de": "anzahl"}]


_WORDS = st.text("aA-_ /:{é字ัñ'०\u0301.", max_size=110)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_a_catalogue_says_discord_takes_the_commands(
    data: st.DataObject, strings: list[str]
) -> None:
    few = data.draw(st.lists(_WORDS | st.sampled_from(strings), min_size=1, max_size=5))
    said = {string: data.draw(st.sampled_from(few)) for string in strings}
    _check(said)


@pytest.mark.parametrize("length", [32, 100])
def test_the_longest_translations_of_all_fit_together(strings: list[str], length: int) -> None:
    _check({string: f"{number}".rjust(length, "x") for number, string in enumerate(strings)})


def _check(said: Mapping[str, str]) -> None:
    class Said(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return said.get(message, message)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(translation, "texts_for", lambda language: Texts(language, Said()))
        payloads = asyncio.run(registered(MemoryConversation()))
    check_commands(payloads)
    _check_unique(payloads)


def _check_unique(items: list[dict[str, Any]]) -> None:
    """No two names beside each other are alike in one language."""
    names = [
        (item.get("type", 1) in {2, 3}, item.get("name_localizations", {}).get("de", item["name"]))
        for item in items
    ]
    assert len(set(names)) == len(names)
    for item in items:
        _check_unique(item.get("options") or [])


# What there is to translate


@pytest.fixture(scope="module")
def strings() -> list[str]:
    return command_strings()


def test_all_there_is_to_translate_is_listed_once(strings: list[str]) -> None:
    assert len(set(strings)) == len(strings)
    assert {"/search", "/similar", "/help", "/about", "/forgetme", "/library", "/add"} <= {*strings}
    assert {"query:", "count:", "private:", "from:", "tag:", "image:", "channel:"} <= {*strings}
    assert {"Find similar", "Add to library", "What the picture should show"} <= {*strings}
    assert not [string for string in strings if string.rstrip(":")[-1:].isdigit()]


async def test_all_that_is_listed_is_used_and_nothing_else(
    memory: MemoryConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []

    class Noting(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            looked_up.append(message)
            return message

    monkeypatch.setattr(translation, "texts_for", lambda language: Texts(language, Noting()))
    await registered(memory)
    used = {text for text in looked_up if not text.rstrip(":")[-1:].isdigit()}
    assert used == set(await asyncio.to_thread(command_strings))


# The catalogues there are


async def test_discord_takes_every_translation_there_is(
    memory: MemoryConversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    unused: list[tuple[str, str]] = []
    translate = Translator.translate

    async def noted(self: Translator, string: Any, locale: Any, context: Any) -> str | None:
        said = await translate(self, string, locale, context)
        is_menu = isinstance(context.data, discord.app_commands.ContextMenu)
        source = translation._source(string.message, context.location, is_menu=is_menu)
        if said is None and texts.texts_for(locale.value).say(source) != source:
            unused.append((locale.value, source))
        return said

    monkeypatch.setattr(Translator, "translate", noted)
    payloads = await registered(memory)
    check_commands(payloads)
    assert unused == []
