"""What every request must pass before a handler sees it, and the headers of every response."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from bot.frontends.web_chat.sessions import Sessions

CSRF_HEADER = "X-CSRF-Token"
_OPEN_PATHS = frozenset({"/login", "/api/login", "/api/session", "/healthz"})
_SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})

PAGE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers would then send "Origin: null" with our own POSTs.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Tell whether a listening address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """Write an address as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


class Gate:
    """Checks Host, session, Origin and CSRF token, in this order."""

    def __init__(self, sessions: Sessions, host: str) -> None:
        self._sessions = sessions
        self._names = (
            {"localhost", "127.0.0.1", "[::1]", bracketed(host)} if is_loopback(host) else None
        )
        self._hosts: frozenset[str] | None = frozenset()
        self.cookie = "babelpix_session"

    def open(self, port: int) -> None:
        """Learn the port once it is bound."""
        # Cookies know no ports: two chats on one machine must not overwrite each other's.
        self.cookie = f"babelpix_session_{port}"
        if self._names is None:
            self._hosts = None
            return
        hosts = {f"{name}:{port}" for name in self._names}
        self._hosts = frozenset(hosts | self._names if port == 80 else hosts)

    def token(self, request: web.Request) -> str:
        """Return the session token a request came with, or an empty string."""
        return request.cookies.get(self.cookie, "")

    @property
    def middleware(self) -> Middleware:
        """Return the gate as aiohttp wants it."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._check(request)
            return await handler(request)

        return check

    def _check(self, request: web.Request) -> None:
        host = request.headers.get(hdrs.HOST, "").lower()
        # Another site's name that was made to point here (DNS rebinding) stops at this line.
        if not host or (self._hosts is not None and host not in self._hosts):
            raise web.HTTPForbidden(text="This address is not served here.")
        if not self._is_open(request) and not self._sessions.admits(self.token(request)):
            if request.path == "/" and request.method in _SAFE_METHODS:
                raise web.HTTPSeeOther("/login")
            raise web.HTTPUnauthorized(text="Sign in first.")
        changes = request.method not in _SAFE_METHODS
        if (changes or request.path == "/ws") and not _is_same_origin(request, host):
            raise web.HTTPForbidden(text="Requests from other sites are refused.")
        presented = request.headers.get(CSRF_HEADER, "")
        if changes and not self._sessions.is_csrf_token(self.token(request), presented):
            raise web.HTTPForbidden(text="The page is out of date. Load it again.")

    def _is_open(self, request: web.Request) -> bool:
        return request.path in _OPEN_PATHS or request.path.startswith("/static/")


def _is_same_origin(request: web.Request, host: str) -> bool:
    # The scheme is left out: behind a TLS proxy the page's is https and ours is http.
    try:
        origin = urlsplit(request.headers.get(hdrs.ORIGIN, "")).netloc
    except ValueError:
        return False
    return origin.lower() == host


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers that every response has unless its handler chose otherwise."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.popall(hdrs.SERVER, None)
