"""The two pages, the strings they use, and signing in."""

from __future__ import annotations

import html
import math
from pathlib import Path

from aiohttp import web

from bot.frontends.base import FrontendOptions
from bot.frontends.web_chat import strings, wire
from bot.frontends.web_chat.gate import Gate
from bot.frontends.web_chat.sessions import LIFETIME_S, Sessions, SignInError
from bot.frontends.web_chat.uploads import MAX_PICTURES

STATIC = Path(__file__).parent / "static"
LANGUAGE_COOKIE = "babelpix_language"
_LONGEST_PASSWORD_MESSAGE = 4096


class Pages:
    """Serves the chat and the login page in the visitor's language."""

    def __init__(self, sessions: Sessions, gate: Gate, options: FrontendOptions) -> None:
        self._sessions = sessions
        self._gate = gate
        self._options = options

    async def chat(self, request: web.Request) -> web.Response:
        """Serve ``GET /``."""
        return self._page(request, "index.html")

    async def login(self, request: web.Request) -> web.Response:
        """Serve ``GET /login``."""
        if self._sessions.admits(self._gate.token(request)):
            raise web.HTTPSeeOther("/")
        return self._page(request, "login.html")

    async def strings(self, request: web.Request) -> web.Response:
        """Serve ``GET /api/strings/{language}``, for a change of language without a reload."""
        language = strings.match(request.match_info["language"])
        if language is None:
            raise web.HTTPNotFound
        return _json({"dir": strings.direction(language), "strings": strings.load(language)})

    async def session(self, request: web.Request) -> web.Response:
        """Serve ``GET /api/session``: is the visitor signed in, and the token for POSTs."""
        token = self._gate.token(request)
        signed_in = self._sessions.admits(token)
        return _json({"signed_in": signed_in, "csrf": self._sessions.csrf_token(token)})

    async def sign_in(self, request: web.Request) -> web.Response:
        """Serve ``POST /api/login``."""
        if (request.content_length or 0) > _LONGEST_PASSWORD_MESSAGE:
            raise web.HTTPRequestEntityTooLarge(_LONGEST_PASSWORD_MESSAGE, 0)
        try:
            message = wire.load_message(await request.text())
        except (wire.MalformedError, ValueError) as error:
            raise web.HTTPBadRequest from error
        language = wire.parse_language(message.get("language"))
        password = message.get("password")
        if not isinstance(password, str):
            raise web.HTTPBadRequest
        try:
            token = self._sessions.sign_in(request.remote or "", password)
        except SignInError as error:
            return _sign_in_refusal(language, error.wait_s)
        response = _json({"signed_in": True})
        response.set_cookie(
            self._gate.cookie,
            token,
            max_age=int(LIFETIME_S),
            httponly=True,
            samesite="Strict",
            secure=request.secure,
        )
        return response

    async def sign_out(self, request: web.Request) -> web.Response:
        """Serve ``POST /api/logout``."""
        self._sessions.sign_out(self._gate.token(request))
        response = _json({"signed_in": False})
        response.del_cookie(self._gate.cookie, httponly=True, samesite="Strict")
        return response

    def _page(self, request: web.Request, name: str) -> web.Response:
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        accepted = request.headers.get("Accept-Language", "")
        language, tag = strings.negotiate(accepted, chosen)
        boot = {
            "csrf": self._sessions.csrf_token(self._gate.token(request)),
            "language": language,
            "language_tag": wire.parse_language(tag),
            "languages": strings.languages(),
            "strings": strings.load(language),
            "max_upload_bytes": self._options.max_upload_bytes,
            "max_pictures": MAX_PICTURES,
            "can_sign_out": self._sessions.needs_password,
        }
        page = (STATIC / name).read_text(encoding="utf-8")
        gaps = {
            "language": language,
            "direction": strings.direction(language),
            "tagline": html.escape(strings.say(language, "tagline")),
            # Inside a script element only "<" could end the data early.
            "boot": wire.dump(boot).replace("<", "\\u003c"),
        }
        for gap, value in gaps.items():
            page = page.replace(f"{{{{{gap}}}}}", value)
        return web.Response(text=page, content_type="text/html")


def _sign_in_refusal(language: str, wait_s: float) -> web.Response:
    if wait_s > 0:
        seconds = math.ceil(wait_s)
        text = strings.say(language, "too_many_attempts", seconds=seconds)
        response = _json({"signed_in": False, "text": text}, status=429)
        response.headers["Retry-After"] = str(seconds)
        return response
    return _json({"signed_in": False, "text": strings.say(language, "wrong_password")}, status=403)


def _json(message: object, status: int = 200) -> web.Response:
    return web.Response(status=status, text=wire.dump(message), content_type="application/json")
