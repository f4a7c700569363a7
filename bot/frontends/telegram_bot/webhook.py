"""Updates that Telegram brings to a public address; a proxy before it speaks TLS."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from telegram import Bot, Update
from yarl import URL

from bot.frontends.base import FrontendError
from bot.frontends.telegram_bot.dispatch import WANTED
from bot.frontends.telegram_bot.link import Link

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name
MAX_UPDATE_BYTES = 2**20
MAX_CONNECTIONS = 40
"""That Telegram may use at once."""
_CHECK_EVERY_S = 300.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where updates are brought, and where they are listened for."""

    url: str
    secret: str
    host: str
    port: int


def address_of(url: str, listen: str, token: str) -> Address:
    """Check the settings; raises FrontendError. Without a secret of its own there is one, too."""
    if URL(url).scheme != "https":
        raise FrontendError("TELEGRAM_WEBHOOK_URL must begin with https://")
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise FrontendError("TELEGRAM_WEBHOOK_LISTEN is written like 127.0.0.1:8081")
    # The same in every process and after every restart, and of no use to find the token.
    secret = hmac.new(token.encode(), b"babelpix webhook", hashlib.sha256).hexdigest()
    return Address(url, secret, host.strip("[]"), int(port))


class Webhook(Link):
    """Listens for updates."""

    def __init__(
        self,
        bot: Bot,
        queue: asyncio.Queue[object],
        connect: Callable[[], Awaitable[None]],
        address: Address,
    ) -> None:
        super().__init__(bot, queue, connect)
        self._address = address
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def listen(self) -> None:
        """Open the port; raises FrontendError."""
        application = web.Application(client_max_size=MAX_UPDATE_BYTES)
        application.router.add_post(URL(self._address.url).path, self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._address.host, self._address.port).start()
        except OSError as error:
            where = f"{self._address.host}:{self._address.port}"
            raise FrontendError(f"cannot listen for Telegram on {where}: {error}") from error
        self.port = int(self._runner.addresses[0][1])

    async def prepare(self) -> None:
        """Tell Telegram where to bring updates."""
        await self.bot.set_webhook(
            self._address.url,
            secret_token=self._address.secret,
            allowed_updates=WANTED,
            max_connections=MAX_CONNECTIONS,
        )

    async def receive(self) -> None:
        """Look now and then whether somebody else has taken the updates over."""
        await asyncio.sleep(_CHECK_EVERY_S)
        found = await self.bot.get_webhook_info()
        if found.url != self._address.url:
            logger.error("telegram_webhook_taken_over")
            await self.prepare()

    async def close(self) -> None:
        """Stop listening; Telegram keeps what comes meanwhile."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._address.secret.encode()):
            return web.Response(status=403)
        try:
            update = Update.de_json(json.loads(await request.read()), self.bot)
        except (ValueError, KeyError, TypeError, AttributeError):
            # It would fail again and again: let Telegram keep it to itself.
            logger.warning("telegram_update_unreadable")
            return web.Response()
        await self.queue.put(update)
        return web.Response()
