"""The fake Telegram under its real address: behind TLS, reached by a proxy, nothing patched.

The stock transport (httpx) reads ``SSL_CERT_FILE`` when a client is made; aiohttp gets it from
OpenSSL's defaults, but when it is imported, so within the tests' own process it must be given an
``ssl.SSLContext``. A process needs its environment only. A proxy has to be named to the library:
that is what ``TELEGRAM_PROXY`` is for.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from tests.acceptance.proxy import Proxy
from tests.acceptance.telegram_server import TelegramServer

HOST = "api.telegram.org"


@asynccontextmanager
async def telegram_behind_tls(
    folder: Path, *, privacy: bool = False
) -> AsyncIterator[tuple[TelegramServer, dict[str, str]]]:
    """Lend a Telegram, and the environment in which a process takes it for the real one.

    It runs in the caller's event loop; its certificate authority is written into ``folder``.
    """
    authority = trustme.CA()
    certificate = folder / "telegram-ca.pem"
    authority.cert_pem.write_to_path(str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(tls)
    server = TelegramServer(privacy=privacy)
    await server.start(tls)
    proxy = Proxy(server, (HOST,))
    await proxy.start()
    try:
        yield (
            server,
            {
                "SSL_CERT_FILE": str(certificate),
                "TELEGRAM_PROXY": proxy.url,
                "TELEGRAM_TOKEN": server.token,
            },
        )
    finally:
        await server.stop()
        await proxy.stop()
