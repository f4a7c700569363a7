"""Start and stop the bot on Discord."""

from __future__ import annotations

import asyncio
import logging
import re
from types import SimpleNamespace
from typing import cast

import discord

from bot.frontends.base import ConversationPort, Frontend, FrontendError, FrontendOptions
from bot.frontends.discord_bot.answers import Answers
from bot.frontends.discord_bot.client import BotClient, invite_link
from bot.frontends.discord_bot.outlets import NETWORK_ERRORS
from bot.frontends.discord_bot.translation import strings
from bot.frontends.discord_bot.visibility import Visibility

START_WAIT_S = 8.0
"""How long a start waits for Discord before it goes on in the background."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
ANSWER_GRACE_S = 0.7
CLOSE_GRACE_S = 0.5
_TOKEN = re.compile(r"[!-~]+")
_AUTHENTICATION_FAILED = 4004
_REFUSED = (
    "Discord does not accept DISCORD_TOKEN: copy it again, or make a new one, "
    "under “Bot” at https://discord.com/developers/applications"
)

logger = logging.getLogger(__name__)


def create(conversation: ConversationPort, options: FrontendOptions) -> Frontend:
    """Build the bot; nothing is opened yet."""
    return DiscordBot(conversation, options)


def command_strings() -> list[str]:
    """Return what the catalogues should translate of the commands; connects to nothing."""

    async def listed() -> list[str]:
        nobody = cast(ConversationPort, SimpleNamespace(communities=None))
        bot = DiscordBot(nobody, FrontendOptions())
        async with bot._new_client() as client:
            found = strings(client.tree)
        connector = client.http.connector
        if connector:
            await connector.close()
        return found

    return asyncio.run(listed())


class DiscordBot:
    """The bot on Discord."""

    def __init__(
        self,
        conversation: ConversationPort,
        options: FrontendOptions,
        *,
        start_wait_s: float = START_WAIT_S,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._options = options
        self._start_wait_s = start_wait_s
        self._first_pause_s = first_pause_s
        self._conversation = conversation
        self._visibility = Visibility()
        self._answers = Answers(conversation, options, self._visibility)
        self._client: BotClient | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._refused = False
        self._reads_messages: bool | None = None
        """Whether to ask for the content of messages; None until Discord has told."""

    async def start(self) -> str:
        """Connect; returns the link that invites the bot. Raises FrontendError."""
        token = (self._options.discord_token or "").strip()
        if not _TOKEN.fullmatch(token):
            raise FrontendError(_REFUSED if token else "DISCORD_TOKEN is not set")
        # Below this level the library writes every message into the log.
        level = max(logging.INFO, logging.getLogger().level)
        logging.getLogger("discord").setLevel(level)
        self._keeper = asyncio.create_task(self._keep(token), name="discord")
        connected = asyncio.create_task(self._connected.wait())
        try:
            await asyncio.wait(
                {self._keeper, connected},
                timeout=self._start_wait_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        except asyncio.CancelledError:
            await self.stop()
            raise
        finally:
            connected.cancel()
        if self._refused:
            raise FrontendError(_REFUSED)
        link = self._link()
        if self._connected.is_set():
            return link
        waiting = "Discord cannot be reached yet; trying on in the background"
        return f"{link} ({waiting})" if link else waiting

    async def stop(self) -> None:
        """Finish what is being answered, then close the connection."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        await self._answers.finish(ANSWER_GRACE_S)
        keeper.cancel()
        await asyncio.wait({keeper}, timeout=CLOSE_GRACE_S)

    async def _keep(self, token: str) -> None:
        """Stay connected until cancelled, or until Discord refuses the token."""
        pause = self._first_pause_s
        while True:
            client = self._client = self._new_client()
            try:
                async with client:
                    await client.login(token)
                    if client.may_read_messages and self._reads_messages is None:
                        # Which events to ask for is settled before the login that tells.
                        self._reads_messages = True
                        continue
                    await client.connect()
                logger.warning("discord_connection_ended")
            except discord.PrivilegedIntentsRequired:
                logger.warning("discord_message_content_refused")
                self._reads_messages = False
            except Exception as error:
                if _is_refusal(error):
                    self._refused = True
                    logger.error(_REFUSED)  # noqa: TRY400 - the traceback tells nothing more
                    return
                # What is not the network's fault is ours, and worth a traceback.
                details = None if isinstance(error, NETWORK_ERRORS) else error
                more = {"error": type(error).__name__, "pause_s": pause}
                logger.warning("discord_unreachable", exc_info=details, extra=more)
            if self._connected.is_set():
                self._connected.clear()
                pause = self._first_pause_s
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _new_client(self) -> BotClient:
        # No voice here, so nothing to warn about.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        return BotClient(
            self._conversation,
            self._answers,
            self._options,
            self._visibility,
            self._on_connected,
            reads_messages=bool(self._reads_messages),
        )

    def _on_connected(self) -> None:
        if not self._connected.is_set():
            logger.info("discord_connected", extra={"invite": self._link()})
        self._connected.set()

    def _link(self) -> str:
        application_id = self._client.application_id if self._client is not None else None
        return invite_link(application_id) if application_id is not None else ""


def _is_refusal(error: Exception) -> bool:
    closed = isinstance(error, discord.ConnectionClosed) and error.code == _AUTHENTICATION_FAILED
    return closed or isinstance(error, discord.LoginFailure)
