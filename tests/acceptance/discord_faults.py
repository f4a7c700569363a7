"""What can go wrong with a request to the fake Discord, and how that looks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request of a kind."""

    status: int = 0
    code: int = 0
    does_it: bool = False
    """Do as asked all the same."""
    loses_answer: bool = False
    """Do as asked, but break the connection instead of saying so."""
    loses_request: bool = False
    """Break the connection before doing anything."""
    delay_s: float = 0.0
    held: asyncio.Event | None = None
    """Do nothing before this is set."""
    holds_answer: asyncio.Event | None = None
    """Do as asked, but do not say so before this is set."""
    retry_after: float = 0.1
    """When to come back after a 429."""
    is_global: bool = False
    via: bool = True
    """Whether Discord answers, and not Cloudflare in front of it."""

    async def wait(self) -> None:
        """Be as slow as the test demands."""
        if self.held is not None:
            await self.held.wait()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)

    def response(self) -> web.Response:
        """Answer as the test demands."""
        if self.status == 429 and self.via:
            return rate_limited(self.retry_after, is_global=self.is_global)
        if self.status == 429:
            headers = {"Retry-After": str(int(self.retry_after) or 1)}
            return web.Response(status=429, text="error code: 1015", headers=headers)
        if self.status >= 500 and not self.code:
            # What is in front of Discord says so, in its own words.
            text = "<html><body>upstream connect error</body></html>"
            return web.Response(status=self.status, text=text, content_type="text/html")
        told = {"code": self.code, "message": "as the test demands"}
        return web.json_response(told, status=self.status)


def rate_limited(retry_after: float, *, is_global: bool = False) -> web.Response:
    """Answer as Discord does to too many requests (topics/rate-limits)."""
    told = {
        "message": "You are being rate limited.",
        "retry_after": retry_after,
        "global": is_global,
    }
    scope = "global" if is_global else "user"
    headers = {"Retry-After": str(retry_after), "X-RateLimit-Scope": scope}
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    return web.json_response(told, status=429, headers=headers)
