"""The admins' side: adding, importing, watching, removing, statistics, settings."""

from typing import Any

from discord import ui

from bot.frontends.discord_bot.library.adding import add_to_library_menu
from bot.frontends.discord_bot.library.commands import library_group
from bot.frontends.discord_bot.library.importing import Importer
from bot.frontends.discord_bot.library.patience import Pace
from bot.frontends.discord_bot.library.presence import Presence
from bot.frontends.discord_bot.library.progress import ImportButton
from bot.frontends.discord_bot.library.removing import ChooseSelect, DeleteButton
from bot.frontends.discord_bot.library.settings_panel import Setting
from bot.frontends.discord_bot.library.watch_list import ImportThereButton
from bot.frontends.discord_bot.library.watching import Watcher

__all__ = [
    "ITEMS",
    "Importer",
    "Pace",
    "Presence",
    "Watcher",
    "add_to_library_menu",
    "is_known",
    "library_group",
]

ITEMS: tuple[type[ui.DynamicItem[Any]], ...] = (
    ImportButton,
    ImportThereButton,
    ChooseSelect,
    DeleteButton,
    Setting,
)


def is_known(custom_id: str) -> bool:
    """Tell whether a component is one of this package's."""
    return any(item.__discord_ui_compiled_template__.fullmatch(custom_id) for item in ITEMS)
