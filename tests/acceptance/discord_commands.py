"""What the fake Discord refuses of commands (interactions/application-commands)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_limits import RefusedError, form, form_length

CHAT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER = 1, 2, 3, 4, 5, 6
CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 7, 8, 9, 10, 11
# Unicode blocks of the scripts whose marks a name may hold too.
_DEVANAGARI_AND_THAI = (range(0x900, 0x980), range(0xA8E0, 0xA900), range(0xE00, 0xE80))


def check_commands(commands: Sequence[dict[str, Any]]) -> None:
    """Refuse commands that Discord would not register."""
    names = [(command.get("type", CHAT), command["name"]) for command in commands]
    form(len(names) == len(set(names)), "name: Application command names must be unique")
    for kind, most in ((CHAT, limits.COMMANDS), (USER_MENU, 15), (MESSAGE_MENU, 15)):
        if sum(known == kind for known, _ in names) > most:
            message = f"Maximum number of application commands reached ({most})."
            raise RefusedError(400, 30032, message)
    for command in commands:
        if command.get("type", CHAT) == CHAT:
            _check_described(command)
            _check_options(command.get("options") or [], depth=0)
            form(_size(command) <= limits.COMMAND_CHARACTERS, "Command exceeds maximum size (8000)")
        else:
            form(not command.get("description"), "description: not for context menus")
            form(not command.get("options"), "options: not for context menus")
            for name in _localized(command, "name"):
                form_length(name, "name", limits.COMMAND_NAME_CHARACTERS, 1)


def check_choices(choices: Sequence[dict[str, Any]], kind: int = STRING) -> None:
    """Refuse choices that Discord would not offer."""
    form(len(choices) <= limits.CHOICES, "choices: Must be 25 or fewer in length.")
    for choice in choices:
        for name in _localized(choice, "name"):
            form_length(name, "choices.name", limits.CHOICE_CHARACTERS, 1)
        value = choice["value"]
        if kind == STRING:
            form(isinstance(value, str), "choices.value: a text")
            form_length(value, "choices.value", limits.CHOICE_CHARACTERS, 1)
        else:
            is_number = isinstance(value, int) or (kind == NUMBER and isinstance(value, float))
            form(is_number and not isinstance(value, bool), "choices.value: a number")
            form(abs(value) <= limits.LARGEST_INTEGER, "choices.value: too large")
    names = [choice["name"] for choice in choices]
    form(len(names) == len(set(names)), "choices: Option choice names must be unique")


def _check_options(options: Sequence[dict[str, Any]], depth: int) -> None:
    form(len(options) <= limits.COMMAND_OPTIONS, "options: Must be 25 or fewer in length.")
    names = [option["name"] for option in options]
    form(len(names) == len(set(names)), "options: Option names must be unique")
    nested = [option for option in options if option["type"] in {SUBCOMMAND, GROUP}]
    form(not nested or len(nested) == len(options), "options: subcommands stand alone")
    is_required = [bool(option.get("required")) for option in options]
    message = "options: Required options must be placed before non-required options"
    form(is_required == sorted(is_required, reverse=True), message)
    for option in options:
        _check_described(option)
        if option["type"] == GROUP:
            form(depth == 0, "options: groups stand at the top")
            inner = option.get("options") or []
            form(inner and all(item["type"] == SUBCOMMAND for item in inner), "subcommands only")
            _check_options(inner, depth + 1)
        elif option["type"] == SUBCOMMAND:
            inner = option.get("options") or []
            form(not any(item["type"] in {SUBCOMMAND, GROUP} for item in inner), "nested too deep")
            _check_options(inner, depth + 1)
        else:
            _check_value(option)


def _check_value(option: dict[str, Any]) -> None:
    kind = option["type"]
    form(STRING <= kind <= ATTACHMENT, "type: unknown")
    choices = option.get("choices") or []
    form(not choices or kind in {STRING, INTEGER, NUMBER}, "choices: for texts and numbers only")
    form(not (choices and option.get("autocomplete")), "autocomplete: not with choices")
    if option.get("autocomplete"):
        form(kind in {STRING, INTEGER, NUMBER}, "autocomplete: for texts and numbers only")
    check_choices(choices, kind)
    form(kind == CHANNEL or not option.get("channel_types"), "channel_types: for channels only")
    if kind == STRING:
        least = option.get("min_length") or 0
        most = option.get("max_length") or limits.STRING_OPTION_CHARACTERS
        form(0 <= least <= most <= limits.STRING_OPTION_CHARACTERS, "min_length: 0 to 6000")
    for name in ("min_value", "max_value"):
        if option.get(name) is not None:
            form(kind in {INTEGER, NUMBER}, f"{name}: for numbers only")
            form(abs(option[name]) <= limits.LARGEST_INTEGER, f"{name}: too large")


def _check_described(item: dict[str, Any]) -> None:
    for name in _localized(item, "name"):
        form(is_name(name), f"name: String value did not match validation regex: {name!r}")
    for text in _localized(item, "description"):
        form_length(text, "description", limits.COMMAND_DESCRIPTION_CHARACTERS, 1)


def _localized(item: dict[str, Any], name: str) -> Iterable[str]:
    yield item.get(name, "")
    translated = item.get(f"{name}_localizations") or {}
    unknown = set(translated) - limits.LOCALES
    form(not unknown, f"{name}_localizations: {sorted(unknown)} are no locales")
    yield from translated.values()


@cache
def is_name(name: str) -> bool:
    r"""Tell whether it is ``^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$``, in lower case."""
    in_length = 1 <= len(name) <= limits.COMMAND_NAME_CHARACTERS
    return in_length and name == name.lower() and all(map(_is_letter, name))


def _is_letter(character: str) -> bool:
    is_mark = any(ord(character) in block for block in _DEVANAGARI_AND_THAI)
    return character in "-_'" or is_mark or unicodedata.category(character)[0] in "LN"


def _size(item: dict[str, Any]) -> int:
    """Count names, descriptions and values, each in its longest translation."""
    own = sum(max(map(len, _localized(item, name))) for name in ("name", "description"))
    own += len(str(item["value"])) if "value" in item else 0
    return own + sum(
        _size(inner) for name in ("options", "choices") for inner in item.get(name) or ()
    )
