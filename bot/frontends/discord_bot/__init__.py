"""The bot on Discord: slash commands, buttons, mentions and direct messages."""

import warnings

with warnings.catch_warnings():
    # discord.py's voice part, which is not used here, imports a module that Python 3.13 drops.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    from bot.frontends.discord_bot.frontend import DiscordBot, create

__all__ = ["DiscordBot", "create"]
