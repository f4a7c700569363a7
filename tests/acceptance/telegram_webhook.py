"""Webhooks of the fake Telegram: updates are brought to the bot, again and again if need be."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_limits import Json, refuse
from tests.acceptance.telegram_rules import flag, number
from tests.acceptance.telegram_updates import Update, Updates

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_PAUSE_S = 0.02
"""Between attempts; the real server waits longer and longer."""
_TIMEOUT = ClientTimeout(total=10)


@dataclass(frozen=True)
class Delivery:
    """One attempt to bring an update."""

    update_id: int
    status: int
    """0 if nobody was there."""


class Webhook:
    """Brings updates to the address that the bot has set."""

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        self.hosts: dict[str, int] = {}
        """Where names lead to: ports on this machine, behind somebody's TLS."""
        self.deliveries: list[Delivery] = []
        self.secret = ""
        self.connections = 40
        self._last_error: Json = {}
        self._task: asyncio.Task[None] | None = None
        self.methods: dict[str, Callable[[Json], Awaitable[object]]] = {
            "setWebhook": self._set,
            "deleteWebhook": self._delete,
            "getWebhookInfo": self._info,
        }

    async def stop(self) -> None:
        """Bring nothing any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _set(self, call: Json) -> bool:
        address = call.get("url") or ""
        if not address:
            return await self._delete(call)
        url = URL(address)
        refuse(url.scheme != "https", "bad webhook: An HTTPS URL must be provided for webhook")
        refuse(
            url.port not in limits.WEBHOOK_PORTS,
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        )
        with contextlib.suppress(ValueError):
            reserved = not ipaddress.ip_address(url.host or "").is_global
            refuse(reserved, f"bad webhook: IP address {url.host} is reserved")
        unknown = "bad webhook: Failed to resolve host: Name or service not known"
        refuse(url.host not in self.hosts, unknown)
        secret = call.get("secret_token") or ""
        is_wrong = secret and not limits.SECRET.fullmatch(secret)
        refuse(is_wrong, "secret token contains unallowed characters")
        connections = number(call, "max_connections", 40)
        refuse(connections not in limits.WEBHOOK_CONNECTIONS, "max_connections is out of range")
        await self.stop()
        self._updates.choose(call)
        if flag(call, "drop_pending_updates"):
            self._updates.waiting.clear()
        self._updates.webhook_url, self.secret, self.connections = address, secret, connections
        self._last_error = {}
        self._updates.bell.ring()
        self._task = asyncio.create_task(self._run(url))
        return True

    async def _delete(self, call: Json) -> bool:
        await self.stop()
        self._updates.webhook_url = self.secret = ""
        if flag(call, "drop_pending_updates"):
            self._updates.waiting.clear()
        self._updates.bell.ring()
        return True

    async def _info(self, _call: Json) -> Json:
        updates = self._updates
        info = {"url": updates.webhook_url, "has_custom_certificate": False}
        info |= {"pending_update_count": len(updates.waiting)}
        if updates.webhook_url:
            info["max_connections"] = self.connections
        if updates.allowed != limits.UPDATES:
            info["allowed_updates"] = sorted(updates.allowed)
        return info | self._last_error

    async def _run(self, url: URL) -> None:
        """Bring what waits: of one chat one after the other, of several at the same time."""
        bringing: dict[int, asyncio.Task[None]] = {}
        places = asyncio.Semaphore(self.connections)
        bell = self._updates.bell

        def ready() -> list[Update]:
            self._updates.drop_old()
            first: dict[int, Update] = {}
            for update in self._updates.waiting:
                first.setdefault(update.chat_id, update)
            return [one for one in first.values() if one.chat_id not in bringing]

        async with ClientSession(timeout=_TIMEOUT) as http:

            async def bring(update: Update) -> None:
                try:
                    async with places:
                        while not await self._bring(http, url, update):  # noqa: ASYNC110 - it tries again
                            await asyncio.sleep(_PAUSE_S)
                    if update in self._updates.waiting:
                        self._updates.waiting.remove(update)
                finally:
                    bringing.pop(update.chat_id, None)
                    bell.ring()

            try:
                while True:
                    await bell.wait_for(ready, None)
                    for update in ready():
                        bringing[update.chat_id] = asyncio.create_task(bring(update))
            finally:
                tasks = [*bringing.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring(self, http: ClientSession, url: URL, update: Update) -> bool:
        """Make one attempt; returns whether the bot took the update."""
        here = url.with_scheme("http").with_host("127.0.0.1").with_port(self.hosts[url.host or ""])
        headers = {"Host": url.host or ""} | ({SECRET_HEADER: self.secret} if self.secret else {})
        try:
            async with http.post(here, json=update.body, headers=headers) as response:
                status = response.status
        except (ClientError, TimeoutError):
            status = 0
        self.deliveries.append(Delivery(update.id, status))
        is_taken = 200 <= status < 300
        if not is_taken:
            said = f"Wrong response from the webhook: {status}" if status else "Connection refused"
            self._last_error = {"last_error_date": int(time.time()), "last_error_message": said}
        self._updates.bell.ring()
        return is_taken
