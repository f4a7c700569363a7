"""The one place where concrete parts meet."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.backends.cache import RedisCache, RedisHistory
from bot.backends.communities import PgCommunityStore
from bot.backends.encoder import WorkerEncoder
from bot.backends.index import PgImageIndex
from bot.backends.store import PgImageStore
from bot.core.communities import Communities
from bot.core.conversation import Conversation
from bot.core.errors import CoreError
from bot.core.library import Library, UploadLimits
from bot.core.ports import EVERYTHING
from bot.core.search import BLOCK_SIZE, Search
from bot.frontends.base import FrontendOptions
from bot.instance import InstanceLock
from bot.services import LocalServices, ServiceUrls, service_urls
from bot.settings import BotSettings
from db.blobs import Blobs
from db.notes import Notes
from db.pool import Database
from db.query_cache import RedisQueryCache
from db.rate_limits import RateLimits
from db.recent_questions import RecentQuestions
from db.redis_pool import forgetful_pool
from workers.client import ClientError, WorkerClient, end_tasks

LOCAL_COLLECTION = "local"
"""The collection of the web chat and of the commands in the terminal."""
SWEEP_EVERY_S = 5.0
DROP_EVERY_S = 3600.0
WARM_UP_TEXT = "a picture"

logger = logging.getLogger(__name__)


class App:
    """The conversation with everything it stands on, connected to running services."""

    def __init__(
        self, settings: BotSettings, urls: ServiceUrls, services: LocalServices | None = None
    ) -> None:
        self.settings = settings
        self.services = services
        """What runs on this process's behalf; None when somebody else looks after it."""
        self.database = Database(urls.database)
        self.client = WorkerClient(urls.redis)
        self.blobs = Blobs(urls.blobs)
        connections = forgetful_pool(urls.redis)
        self.redis = Redis.from_pool(connections)
        encoder = self._encoder = WorkerEncoder(self.client)
        self.index = PgImageIndex(self.database)
        images = PgImageStore(self.database, self.blobs, self.client)
        self.library = Library(images, UploadLimits(int(settings.max_upload_mb * 2**20)))
        self._cache = RedisCache(RedisQueryCache(self.redis))
        self.search = Search(encoder, self.index, self._cache, min_relevance=settings.min_relevance)
        self.questions = RecentQuestions(self.redis)
        self._history = history = RedisHistory(self.questions)
        self.communities = Communities(
            PgCommunityStore(self.database), self.index, self.library, images, history
        )
        limiter = RateLimits(
            connections,
            per_person=settings.limit_per_person,
            per_collection=settings.limit_per_collection,
        )
        self.conversation = Conversation(
            self.search,
            self.library,
            encoder,
            history,
            limiter,
            self.communities,
            Notes(self.redis),
        )
        self._chores: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connect, without waiting for anybody."""
        await self.database.open()
        await self.client.open()
        self._chores = [
            asyncio.create_task(self._sweep(), name="sweep"),
            asyncio.create_task(self._drop_long_left(), name="drop long left"),
        ]

    async def close(self) -> None:
        """Let all connections go."""
        await end_tasks(self._chores)
        await self._cache.settled()
        await self._history.settled()
        await self.client.close()
        await self.database.close()
        with contextlib.suppress(RedisError, OSError):
            await self.redis.aclose()

    def frontend_options(self) -> FrontendOptions:
        """Return the settings for front-ends."""
        password = self.settings.web_password
        discord, telegram = self.settings.discord_token, self.settings.telegram_token
        return FrontendOptions(
            web_host=self.settings.web_host,
            web_port=self.settings.web_port,
            web_password=password.get_secret_value() if password else None,
            collection=LOCAL_COLLECTION,
            max_upload_bytes=int(self.settings.max_upload_mb * 2**20),
            page_size=self.settings.page_size,
            model=Path(self.settings.encoder).name,
            discord_proxy=self.settings.discord_proxy,
            discord_token=discord.get_secret_value() if discord else None,
            telegram_token=telegram.get_secret_value() if telegram else None,
            telegram_api_url=self.settings.telegram_api_url,
            telegram_proxy=self.settings.telegram_proxy,
            telegram_webhook_url=self.settings.telegram_webhook_url,
            telegram_webhook_listen=self.settings.telegram_webhook_listen,
            telegram_messages_a_second=self.settings.telegram_messages_a_second,
        )

    async def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait for a warm worker and a registered embedding space."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + timeout_s
        # Asks other processes: there is no event to wait for. The clock is looked at besides the
        # timeout, because redis-py takes a cancellation during a connect for a failure of it, and
        # the timeout would be gone.
        while True:
            try:
                async with asyncio.timeout_at(give_up):
                    if (await self.conversation.status(LOCAL_COLLECTION)).ready:
                        break
                    await asyncio.sleep(0.05)
            except TimeoutError:
                return False
            if loop.time() >= give_up:
                return False
        await self._warm_up()
        return True

    async def _warm_up(self) -> None:
        """Do once what a question does, so that the first one is as fast as the next.

        Connections are opened, modules loaded, tables read. Who asks is told what is not well.
        """
        with contextlib.suppress(CoreError):
            state = await self.search.state(LOCAL_COLLECTION)
            if state.space is not None:
                probe = await self._encoder.encode_text(WARM_UP_TEXT, state.space)
                await self.index.search(state, probe.vector, EVERYTHING, limit=BLOCK_SIZE)

    async def _sweep(self) -> None:
        """Have pictures that fell out of the queue found again, for ever."""
        while True:
            try:
                await self.client.sweep()
            except ClientError as error:
                logger.info("sweep_not_sent", extra={"code": error.code})
            await asyncio.sleep(SWEEP_EVERY_S)

    async def _drop_long_left(self) -> None:
        """Delete the collections of places that the bot was removed from, for ever."""
        while True:
            await asyncio.sleep(DROP_EVERY_S)
            try:
                await self.communities.drop_long_left()
            except CoreError as error:
                logger.info("left_not_dropped", extra={"code": error.code})


class BusyError(Exception):
    """Another process uses the data folder in a way that does not go together with this."""


@asynccontextmanager
async def connected(
    settings: BotSettings, role: str, say: Callable[[str], None]
) -> AsyncIterator[App]:
    """Lend an app on running services, or on services started for as long as the block lasts.

    Raises BusyError, EmbeddedError.
    """
    if not (settings.embeds_database or settings.embeds_redis):
        async with opened(App(settings, service_urls(settings))) as app:
            yield app
        return
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = InstanceLock(settings.data_dir)
    while not lock.acquire(role):
        holder = lock.holder()
        if holder is not None and holder.role == "run":
            async with opened(App(settings, service_urls(settings))) as app:
                yield app
            return
        # Another command has the services for a moment; they end with it.
        await asyncio.sleep(0.2)
    try:
        services = LocalServices(settings)
        try:
            say("Starting the search …")
            await services.start()
            async with opened(App(settings, services.urls, services)) as app:
                yield app
        finally:
            await services.stop()
    finally:
        lock.release()


@asynccontextmanager
async def opened(app: App) -> AsyncIterator[App]:
    """Open an app and close it again."""
    try:
        await app.open()
        yield app
    finally:
        await app.close()
