"""The client; the library is wired in."""

from bot.frontends.discord_bot.client import BotClient as WiredClient

__all__ = ["WiredClient"]
