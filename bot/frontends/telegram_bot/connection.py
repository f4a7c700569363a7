"""Start and stop the Telegram bot."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable
from typing import Any

from telegram.ext import (
    Application,
    ApplicationBuilder,
    BaseUpdateProcessor,
    CallbackQueryHandler,
    MessageHandler,
    filters,
)

from bot.frontends.base import ConversationPort, Frontend, FrontendError, FrontendOptions
from bot.frontends.telegram_bot.discretion import hush
from bot.frontends.telegram_bot.polling import Contact, Polling
from bot.frontends.telegram_bot.talk import Talk
from bot.frontends.telegram_bot.transport import AiohttpRequest

MAX_CONCURRENT_UPDATES = 256
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
        self._updates = _Updates(MAX_CONCURRENT_UPDATES)
        self._application: TelegramApplication | None = None
        self._transports: tuple[AiohttpRequest, ...] = ()
        self._polling: Polling | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Reach for Telegram; returns the bot's name. Raises FrontendError."""
        hush()
        application = self._build()
        talk = Talk(application.bot, self._conversation, self._options)
        application.add_handler(MessageHandler(filters.UpdateType.MESSAGE, talk.on_message))
        application.add_handler(CallbackQueryHandler(talk.on_press))
        application.add_error_handler(talk.on_error)

        async def connect() -> None:
            await application.initialize()
            # Where a webhook is set, Telegram refuses to be polled.
            await application.bot.delete_webhook()
            if not application.running:
                await application.start()

        polling = self._polling = Polling(application.bot, application.update_queue, connect)
        self._task = asyncio.create_task(polling.run(), name="telegram-polling")
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await polling.tried.wait()
        except BaseException:
            await self.stop()
            raise
        if polling.contact is Contact.REFUSED:
            await self.stop()
            raise FrontendError(_refusal(self._options))
        if polling.contact is Contact.REACHED:
            return f"https://t.me/{application.bot.username}"
        return "cannot be reached yet; it is tried again and again in the background"

    async def stop(self) -> None:
        """Finish what is being answered, then let go."""
        application, self._application = self._application, None
        if application is None:
            return
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._polling is not None:
            await self._polling.confirm()
        if application.running:
            await self._finish(application.stop())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_GRACE_S):
                await application.shutdown()
                # The application has nothing to shut down if it never got through.
                for transport in self._transports:
                    await transport.shutdown()

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


class _Updates(BaseUpdateProcessor):
    """Handles updates at the same time, and can give them up."""

    def __init__(self, max_concurrent_updates: int) -> None:
        super().__init__(max_concurrent_updates)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        self._tasks.add(task)
        try:
            await coroutine
        finally:
            self._tasks.discard(task)

    def cancel(self) -> None:
        """Give up what is being handled."""
        for task in self._tasks:
            task.cancel()

    async def initialize(self) -> None:
        """Do nothing; the base class asks for it."""

    async def shutdown(self) -> None:
        """Do nothing; the base class asks for it."""


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
