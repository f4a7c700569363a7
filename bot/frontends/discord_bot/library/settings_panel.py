"""The settings of a library: a message that shows them, with menus that change them at once."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Self, cast

import discord
from discord import ui

from bot.core.policy import Policy
from bot.core.texts import Texts
from bot.frontends.discord_bot.library.channels import CHANNEL_TYPES
from bot.frontends.discord_bot.library.languages import AUTOMATIC, name_of, offered
from bot.frontends.discord_bot.library.parts import client_of, fresh_view, require_admin
from bot.frontends.discord_bot.library.presses import Press, press
from bot.frontends.discord_bot.library.sentences import SENTENCES
from bot.frontends.discord_bot.library.statistics import in_a_row, named
from bot.frontends.discord_bot.library.watch_list import MAX_WATCHED, admitted
from bot.frontends.discord_bot.limits import ATTACHMENTS, CONTENT_CHARACTERS, clip

MAX_ROLES = 25
_ID = re.compile(r"lib:set:(?P<name>search|add|watch|count|language)")
_PLACEHOLDER_CHARACTERS = 150
_NOBODY = "—"
_Select = ui.Select[ui.View] | ui.RoleSelect[ui.View] | ui.ChannelSelect[ui.View]


class Setting(ui.DynamicItem[ui.Item[ui.View]], template=_ID):
    """One of the menus."""

    def __init__(self, select: _Select) -> None:
        super().__init__(select)

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        """Build it anew from a message, however old."""
        return cls(cast("_Select", item))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Save what was chosen and show what holds now."""
        match, guild = _ID.fullmatch(self.custom_id), interaction.guild
        if match is None or guild is None:
            return
        name = match["name"]
        data = cast("dict[str, Any]", interaction.data)
        chosen = [str(value) for value in data.get("values", ())]

        async def work(pressed: Press) -> None:
            asker, watcher = pressed.asker, client_of(interaction).watcher
            require_admin(asker)
            refusals: list[str] = []
            values = chosen
            if name == "watch":
                known = (await watcher.policies.get(asker.collection)).watched
                values, refusals = await admitted(interaction, chosen, known, pressed.texts)
            policy = await watcher.policies.change(
                asker.collection, asker.person, lambda before: _changed(before, name, values, guild)
            )
            await pressed.redraw(*panel(policy, guild, pressed.texts))
            if refusals:
                await pressed.whisper(clip("\n".join(refusals), CONTENT_CHARACTERS))

        await press(interaction, work)


def panel(policy: Policy, guild: discord.Guild, texts: Texts) -> tuple[str, ui.View]:
    """Put the settings into words, and into menus that show the same."""
    everybody, usual = texts.say(SENTENCES["everybody"]), texts.say(SENTENCES["as_usual"])
    said = {
        "who_searches": {"roles": _roles(policy.search_groups) or everybody},
        "who_adds": {"roles": _roles(policy.add_groups) or _NOBODY},
        "watched": {"channels": named(policy.watched) or _NOBODY},
        "page_size": {"count": str(policy.page_size) if policy.page_size else usual},
        "language": {"language": name_of(policy.language) or usual},
    }
    lines = [f"{n} · {texts.say(SENTENCES[key], **said[key])}" for n, key in enumerate(said, 1)]
    commands = texts.say(SENTENCES["show_commands"]) if policy.add_groups else ""
    text = "\n".join(filter(None, [texts.say(SENTENCES["settings"]), *lines, commands]))
    hints = [_hint(line) for line in lines]
    counts = {"0": usual} | {str(n): str(n) for n in range(1, ATTACHMENTS + 1)}
    known = {AUTOMATIC: usual} | offered()
    view = fresh_view(
        _role_menu("search", hints[0], policy.search_groups, guild),
        _role_menu("add", hints[1], policy.add_groups, guild),
        _channel_menu(hints[2], policy.watched, guild),
        _menu("count", hints[3], counts, str(policy.page_size)),
        _menu("language", hints[4], known, policy.language or AUTOMATIC),
    )
    return clip(text, CONTENT_CHARACTERS), view


def _changed(policy: Policy, name: str, values: Collection[str], guild: discord.Guild) -> Policy:
    """Return the settings with one of them changed."""
    # @everyone has the server's id. That everybody may search is what no role at all means.
    roles = frozenset(value for value in values if value != str(guild.id))
    only = next(iter(values), "")
    match name:
        case "search":
            is_everybody = len(roles) < len(values)
            return replace(policy, search_groups=frozenset() if is_everybody else roles)
        case "add":
            return replace(policy, add_groups=roles)
        case "watch":
            return replace(policy, watched=frozenset(values))
        case "count":
            size = int(only) if only.isdecimal() else 0
            return replace(policy, page_size=min(size, ATTACHMENTS))
        case _:
            return replace(policy, language=only if only in offered() else "")


def _roles(groups: Collection[str]) -> str:
    return in_a_row([f"<@&{group}>" for group in sorted(groups, key=int)])


def _hint(line: str) -> str:
    """Return what a menu shows when nothing is chosen: the line above that it belongs to."""
    plain = re.sub(r"<[@#]&?\d+>\s?", "", line)
    return clip(plain, _PLACEHOLDER_CHARACTERS)


def _role_menu(name: str, hint: str, groups: Collection[str], guild: discord.Guild) -> Setting:
    # A role that was deleted since cannot be shown as chosen.
    known = [group for group in sorted(groups, key=int) if guild.get_role(int(group))]
    return Setting(
        ui.RoleSelect(
            custom_id=f"lib:set:{name}",
            placeholder=hint,
            min_values=0,
            max_values=MAX_ROLES,
            default_values=[
                discord.Object(int(one), type=discord.Role) for one in known[:MAX_ROLES]
            ],
        )
    )


def _channel_menu(hint: str, watched: Collection[str], guild: discord.Guild) -> Setting:
    known = [one for one in sorted(watched, key=int) if guild.get_channel(int(one))]
    return Setting(
        ui.ChannelSelect(
            custom_id="lib:set:watch",
            placeholder=hint,
            channel_types=list(CHANNEL_TYPES),
            min_values=0,
            max_values=MAX_WATCHED,
            default_values=[
                discord.SelectDefaultValue(id=int(one), type=discord.SelectDefaultValueType.channel)
                for one in known[:MAX_WATCHED]
            ],
        )
    )


def _menu(name: str, hint: str, labels: dict[str, str], chosen: str) -> Setting:
    options = [
        discord.SelectOption(label=label, value=value, default=value == chosen)
        for value, label in labels.items()
    ]
    return Setting(ui.Select(custom_id=f"lib:set:{name}", placeholder=hint, options=options))
