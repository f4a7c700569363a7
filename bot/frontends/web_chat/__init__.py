"""The chat in a browser: an aiohttp server and a page without a build step."""

from bot.frontends.web_chat.server import WebChat, create

__all__ = ["WebChat", "create"]
