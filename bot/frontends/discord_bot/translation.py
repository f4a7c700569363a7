"""Names and descriptions of commands in the languages of the catalogues.

In the catalogues a command's name stands behind a slash ("/search"), an option's before a colon
("query:"), so that translators see what they are; everything else is a plain sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.core.texts import texts_for

NAME_CHARACTERS = 32
DESCRIPTION_CHARACTERS = 100
# discord-api-docs, application commands: "Application Command Naming".
_NAME = re.compile(r"[-_'\w\u0900-\u097f\u0e00-\u0e7f]{1,32}")

_COMMAND_NAMES = frozenset({Location.command_name, Location.group_name})
_NAMES = _COMMAND_NAMES | {Location.parameter_name}


_Named = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu


class Translator(app_commands.Translator):
    """Looks commands up in the catalogues; what has no translation stays English."""

    def __init__(self, tree: app_commands.CommandTree[Any]) -> None:
        self._tree = tree
        # Each name is asked for again with all those beside it.
        self._translated = cache(translated)

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return the translation, or None where there is none that Discord would take."""
        text, language, location = string.message, locale.value, context.location
        is_menu = isinstance(context.data, app_commands.ContextMenu)
        said = self._translated(text, language, location, is_menu=is_menu)
        if said is None or location not in _NAMES:
            return said
        # Of two alike, Discord takes neither, nor all the other commands.
        for other in self._names_beside(context.data):
            known = self._translated(other, language, location, is_menu=is_menu)
            if other != text and said in {other, known}:
                return None
        return said

    def _names_beside(self, named: Any) -> list[str]:
        if isinstance(named, app_commands.Parameter):
            return [parameter.display_name for parameter in named.command.parameters]
        if isinstance(named, app_commands.ContextMenu):
            return [menu.name for menu in self._tree.get_commands(type=named.type)]
        if named.parent is not None:
            return [command.name for command in named.parent.commands]
        commands = self._tree.get_commands(type=discord.AppCommandType.chat_input)
        return [command.name for command in commands]


def translated(
    text: str, language: str, location: Location, *, is_menu: bool = False
) -> str | None:
    """Translate one string of a command; None where English has to do."""
    source = _source(text, location, is_menu=is_menu)
    try:
        said = texts_for(language).say(source).strip()
    except (LookupError, ValueError):  # a stray brace
        return None
    if said == source or not said:
        return None
    if location in _COMMAND_NAMES and not is_menu:
        return _name(said.removeprefix("/"))
    if location is Location.parameter_name:
        return _name(said.rstrip(":："))
    limit = NAME_CHARACTERS if is_menu else DESCRIPTION_CHARACTERS
    return said if len(said) <= limit else None


def strings(tree: app_commands.CommandTree[Any]) -> list[str]:
    """Return all that the catalogues should translate of a tree, each once, in order."""
    found: dict[str, None] = {}
    for kind in discord.AppCommandType:
        for command in tree.get_commands(type=kind):
            found |= dict.fromkeys(_strings_of(command))
    return list(found)


def _strings_of(command: _Named) -> Iterator[str]:
    if isinstance(command, app_commands.ContextMenu):
        yield command.name
        return
    yield f"/{command.name}"
    yield command.description
    if isinstance(command, app_commands.Group):
        for inner in command.commands:
            yield from _strings_of(inner)
        return
    for parameter in command.parameters:
        # Numbered options of a row have one translation each in no language.
        if not parameter.display_name[-1:].isdigit():
            yield f"{parameter.display_name}:"
        yield str(parameter.description)


def _source(text: str, location: Location, *, is_menu: bool) -> str:
    if location in _COMMAND_NAMES and not is_menu:
        return f"/{text}"
    return f"{text}:" if location is Location.parameter_name else text


def _name(said: str) -> str | None:
    return said if _NAME.fullmatch(said) and said == said.lower() else None
