"""Start and stop the Telegram bot."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Update
from telegram.ext import Application, ApplicationBuilder, TypeHandler

from bot.frontends.base import ConversationPort, Frontend, FrontendError, FrontendOptions
from bot.frontends.telegram_bot.discretion import hush
from bot.frontends.telegram_bot.dispatch import Dispatch
from bot.frontends.telegram_bot.link import Contact, Link
from bot.frontends.telegram_bot.order import MAX_CONCURRENT_UPDATES, ChatOrder
from bot.frontends.telegram_bot.polling import Polling
from bot.frontends.telegram_bot.transport import AiohttpRequest
from bot.frontends.telegram_bot.webhook import Webhook, address_of

__all__ = ["MAX_CONCURRENT_UPDATES", "TelegramBot", "create"]

CONNECT_TIMEOUT_S = 5.0
"""How long a start waits for Telegram; later it is reached for in the background."""
ANSWER_GRACE_S = 1.0
"""How long a shutdown waits for what is being answered."""
_CLOSE_GRACE_S = 0.3
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")

TelegramApplication = Application[Any, Any, Any, Any, Any, Any]


def create(conversation: ConversationPort, options: FrontendOptions) -> Frontend:
    """Build the Telegram bot; nothing is opened yet."""
    return TelegramBot(conversation, options)


class TelegramBot:
    """The bot on Telegram."""

    def __init__(self, conversation: ConversationPort, options: FrontendOptions) -> None:
        self._conversation = conversation
        self._options = options
        self._updates = ChatOrder()
        self._application: TelegramApplication | None = None
        self._transports: tuple[AiohttpRequest, ...] = ()
        self._link: Link | None = None
        self.webhook: Webhook | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> str:
        """Reach for Telegram; returns the bot's name. Raises FrontendError."""
        hush()
        application = self._build()
        bot_id = int((self._options.telegram_token or "").partition(":")[0])
        dispatch = Dispatch(application.bot, bot_id, self._conversation, self._options)
        self._updates.is_taken = dispatch.is_taken
        application.add_handler(TypeHandler(Update, dispatch.on_update))
        application.add_error_handler(dispatch.on_error)

        async def connect() -> None:
            await application.initialize()
            if not application.running:
                await application.start()
                self._tasks.append(asyncio.create_task(dispatch.register_commands()))

        try:
            link = self._link = await self._linked(application, connect)
            self._tasks.append(asyncio.create_task(link.run(), name="telegram-updates"))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await link.tried.wait()
        except BaseException:
            await self.stop()
            raise
        if link.contact is Contact.REFUSED:
            await self.stop()
            raise FrontendError(_refusal(self._options))
        if link.contact is Contact.REACHED:
            return f"https://t.me/{application.bot.username}"
        return "cannot be reached yet; it is tried again and again in the background"

    async def stop(self) -> None:
        """Finish what is being answered, then let go."""
        application, self._application = self._application, None
        if application is None:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._link is not None:
            await self._link.close()
        if application.running:
            await self._finish(application.stop())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_GRACE_S):
                await application.shutdown()
                # The application has nothing to shut down if it never got through.
                for transport in self._transports:
                    await transport.shutdown()

    async def _linked(
        self, application: TelegramApplication, connect: Callable[[], Awaitable[None]]
    ) -> Link:
        """Return how updates come: by polling unless there is an address to bring them to."""
        options, bot, queue = self._options, application.bot, application.update_queue
        if not options.telegram_webhook_url:
            return Polling(bot, queue, connect)
        token = options.telegram_token or ""
        address = address_of(options.telegram_webhook_url, options.telegram_webhook_listen, token)
        webhook = self.webhook = Webhook(bot, queue, connect, address)
        await webhook.listen()
        return webhook

    def _build(self) -> TelegramApplication:
        """Build what is started and stopped; raises FrontendError."""
        options = self._options
        if not options.telegram_token:
            raise FrontendError("TELEGRAM_TOKEN is not set; @BotFather on Telegram gives you one")
        if not _TOKEN.fullmatch(options.telegram_token):
            raise FrontendError(
                "TELEGRAM_TOKEN does not look like a token of @BotFather: digits, a colon, letters"
            )
        server = _checked("TELEGRAM_API_URL", options.telegram_api_url)
        proxy = _checked("TELEGRAM_PROXY", options.telegram_proxy)
        # The library's coming way of telling times; it warns at every time told the old way.
        os.environ.setdefault("PTB_TIMEDELTA", "true")
        # A poll lasts long, and is never to wait for a connection that answers could have.
        calls, polls = AiohttpRequest(proxy=proxy), AiohttpRequest(pool_size=1, proxy=proxy)
        builder = (
            ApplicationBuilder()
            .token(options.telegram_token)
            .request(calls)
            .get_updates_request(polls)
            .concurrent_updates(self._updates)
            # Polling is done here: the library's own cannot be stopped while it waits to try again.
            .updater(None)
            .job_queue(None)
        )
        if server:
            builder = builder.base_url(f"{server}/bot").base_file_url(f"{server}/file/bot")
        self._application, self._transports = builder.build(), (calls, polls)
        return self._application

    async def _finish(self, stop: Awaitable[None]) -> None:
        stopping = asyncio.ensure_future(stop)
        await asyncio.wait({stopping}, timeout=ANSWER_GRACE_S)
        if not stopping.done():
            self._updates.cancel()
            await asyncio.wait({stopping}, timeout=_CLOSE_GRACE_S)
            stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)


def _checked(name: str, address: str | None) -> str | None:
    """Return an address without the slash at its end; raises FrontendError."""
    if not address:
        return None
    if not re.match(r"https?://[^/\s]", address):
        raise FrontendError(f"{name} must begin with http:// or https://")
    return address.rstrip("/")


def _refusal(options: FrontendOptions) -> str:
    sentence = "Telegram does not know TELEGRAM_TOKEN; @BotFather shows the right one"
    if options.telegram_api_url:
        sentence += " (or TELEGRAM_API_URL is not a Bot API server)"
    return sentence
