"""Calls of the Bot API over aiohttp, several times cheaper than over httpx (ADR 10).

The token stands in every address, and aiohttp's errors quote addresses: none of them gets out of
here, neither as a text nor as the cause of another error.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.request import BaseRequest, RequestData

if TYPE_CHECKING:
    from telegram._utils.types import ODVInput

POOL_SIZE = 256
MAX_RESPONSE_BYTES = 21 * 2**20
"""A little more than the largest file that bots can fetch."""
KEEP_ALIVE_S = 15.0
"""How long an idle connection is kept; the far end keeps it longer, and hardly ever cuts it off
under a call."""
READ_TIMEOUT_S = WRITE_TIMEOUT_S = CONNECT_TIMEOUT_S = 5.0
POOL_TIMEOUT_S = 1.0
MEDIA_WRITE_TIMEOUT_S = 20.0
_ATTEMPTS = 3
_CHUNK_BYTES = 2**16
_TOKEN = re.compile(rb"bot\d+(:|%3[Aa])[\w%-]+")
_FORM_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
_REFUSED = (BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter)


class NotSentError(NetworkError):
    """Nothing of the call was sent: Telegram, or the proxy, was not reached."""


class NotSentInTimeError(TimedOut, NotSentError):
    """Nothing of the call was sent: there was no connection in time."""


def may_have_arrived(error: BaseException) -> bool:
    """Tell whether Telegram may have done what a failed call asked for.

    If not, the call can be made again, after what was wrong with it has changed: the pause that
    RetryAfter asks for, the network. Whatever is not known to have failed may have arrived.
    """
    return not isinstance(error, (NotSentError, *_REFUSED))


class AiohttpRequest(BaseRequest):
    """One client's connections to the Bot API; timeouts in seconds, None waits for ever.

    ``write_timeout`` is for each piece of a body, ``read_timeout`` for each piece of an answer.
    """

    def __init__(
        self,
        *,
        pool_size: int = POOL_SIZE,
        proxy: str | None = None,
        read_timeout: float | None = READ_TIMEOUT_S,
        write_timeout: float | None = WRITE_TIMEOUT_S,
        connect_timeout: float | None = CONNECT_TIMEOUT_S,
        pool_timeout: float | None = POOL_TIMEOUT_S,
        media_write_timeout: float | None = MEDIA_WRITE_TIMEOUT_S,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        self._pool_size = pool_size
        self._proxy = proxy
        self._read_timeout = read_timeout
        self._write_timeout = write_timeout
        self._connect_timeout = connect_timeout
        self._pool_timeout = pool_timeout
        self._media_write_timeout = media_write_timeout
        self._max_response_bytes = max_response_bytes
        # aiohttp counts the wait for a free connection as part of connecting.
        self._free = asyncio.Semaphore(pool_size)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """How long a piece of an answer is waited for, in seconds."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Open the session, unless it is open."""
        if self._session is not None:
            return
        connector = aiohttp.TCPConnector(
            limit=self._pool_size,
            keepalive_timeout=KEEP_ALIVE_S,
            # aiohttp's own is made when it is imported, maybe of another SSL_CERT_FILE.
            ssl=_trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT, "Accept-Encoding": "identity"},
        )

    async def shutdown(self) -> None:
        """Close all connections; may be called again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(  # noqa: PLR0917 - the base class has it so
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make a call; returns the status and the answer. Raises NetworkError, TimedOut."""
        if self._session is None:
            raise RuntimeError("this transport is not initialized, or has been shut down")
        usual_write = self._write_timeout
        if request_data is not None and request_data.contains_files:
            usual_write = self._media_write_timeout
        timeout = _timeout(
            _chosen(connect_timeout, self._connect_timeout),
            _chosen(read_timeout, self._read_timeout),
        )
        body = None
        if method == "POST":
            body = _body(request_data, _chosen(write_timeout, usual_write))
        await self._acquire(_chosen(pool_timeout, self._pool_timeout))
        try:
            for _attempt in range(_ATTEMPTS):
                try:
                    return await self._call(self._session, method, url, body, timeout)
                except (aiohttp.ClientError, OSError, ValueError) as error:
                    is_sent = body is not None and body.is_begun
                    failure = _failure(error, is_sent=is_sent)
                    if is_sent or not _was_closed(error):
                        break
        finally:
            self._free.release()
        # Out of the handler, lest the error and the address in it come along as the context.
        raise failure

    async def _call(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        body: _Body | None,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's, of several kinds
    ) -> tuple[int, bytes]:
        async with session.request(
            method, url, data=body, timeout=timeout, proxy=self._proxy, allow_redirects=False
        ) as response:
            content = await self._read(response)
        if (response.status != 200 or method == "POST") and not content.startswith(b"{"):
            # The error page of a proxy may quote the address.
            content = _TOKEN.sub(b"bot<token>", content)
        return response.status, content

    async def _acquire(self, timeout_s: float | None) -> None:
        """Wait for a free connection; raises NotSentInTimeError."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._free.acquire()
        except TimeoutError:
            raise NotSentInTimeError("all connections are in use, nothing was sent") from None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the answer; raises aiohttp.ClientPayloadError if it is too large."""
        told = response.content_length
        is_told = told is not None and "Content-Encoding" not in response.headers
        if is_told and (told or 0) <= self._max_response_bytes:
            return await response.read()
        pieces, size = [], 0
        async for piece in response.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if size > self._max_response_bytes:
                response.close()
                raise aiohttp.ClientPayloadError
        return b"".join(pieces)


class _Body(Payload):
    """A form with files, written in pieces; knows whether anything of it has been sent.

    aiohttp sends the headers together with the first piece.
    """

    _autoclose = True

    def __init__(self, content: bytes, content_type: str, timeout_s: float | None) -> None:
        super().__init__(content, content_type=content_type)
        self._size = len(content)
        self._timeout_s = timeout_s
        self.is_begun = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the form as a text."""
        return str(self._value, encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the form; raises TimeoutError."""
        content = self._value
        if len(content) <= _CHUNK_BYTES:
            # There is room for it: nothing to wait for.
            await writer.write(content)
            self.is_begun = True
            return
        view = memoryview(content)
        for start in range(0, len(view), _CHUNK_BYTES):
            async with asyncio.timeout(self._timeout_s):
                await writer.write(view[start : start + _CHUNK_BYTES])
                self.is_begun = True
                await writer.drain()

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Send the form, which is always as long as it says."""
        await self.write(writer)


def _body(request_data: RequestData | None, timeout_s: float | None) -> _Body:
    """Write all parameters as one form.

    Without files it could be form-urlencoded: that takes longer, and is larger, for the JSON of a
    keyboard and for most of the world's scripts.
    """
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    if request_data is not None:
        for name, value in request_data.json_parameters.items():
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            parts.append(f"{head}{value}\r\n".encode("utf-8", "replace"))
        if request_data.contains_files:
            for name, (filename, content, media_type) in request_data.multipart_data.items():
                head = (
                    f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
                    f'filename="{filename.translate(_FORM_ESCAPES)}"\r\n'
                    f"Content-Type: {media_type}\r\n\r\n"
                )
                whole = content if isinstance(content, bytes) else content.read()
                parts += (head.encode(), whole, b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return _Body(b"".join(parts), f"multipart/form-data; boundary={boundary}", timeout_s)


def _chosen(asked: ODVInput[float], usual: float | None) -> float | None:
    if asked is BaseRequest.DEFAULT_NONE:
        return usual
    return cast("float | None", asked)


@lru_cache(maxsize=1)
def _trust(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Return the default context; reading all certificates takes some 40 ms and a megabyte."""
    return ssl.create_default_context()


@lru_cache(maxsize=64)
def _timeout(connect_s: float | None, read_s: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect_s, sock_read=read_s)


def _was_closed(error: Exception) -> bool:
    """Tell whether an idle connection was closed just when it was to be used again."""
    return isinstance(
        error, (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)
    ) and not isinstance(error, aiohttp.ClientConnectorError)


def _failure(error: Exception, *, is_sent: bool) -> NetworkError:
    """Return what python-telegram-bot makes of an error, without the text of aiohttp's own."""
    kind: type[NetworkError]
    if isinstance(error, TimeoutError):
        kind = TimedOut if is_sent else NotSentInTimeError
    else:
        kind = NetworkError if is_sent else NotSentError
    said, cause = type(error).__name__, None
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
    elif isinstance(error, aiohttp.ClientHttpProxyError):
        said = f"the proxy answered {error.status}"
    failure = kind(f"{said}: {cause}" if cause is not None else said)
    failure.__cause__ = cause
    return failure
