"""The fake Discord under the real addresses: behind TLS, reached by a proxy, nothing patched."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from tests.acceptance.discord_server import TOKEN, DiscordServer
from tests.acceptance.proxy import Proxy

HOSTS = ("discord.com", "gateway.discord.gg", "cdn.discordapp.com", "media.discordapp.net")


@asynccontextmanager
async def discord_behind_tls(folder: Path) -> AsyncIterator[tuple[DiscordServer, dict[str, str]]]:
    """Lend a Discord, and the environment in which a process takes it for the real one.

    It runs in the caller's event loop; its certificate authority is written into ``folder``.
    """
    authority = trustme.CA()
    certificate = folder / "discord-ca.pem"
    authority.cert_pem.write_to_path(str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(tls)
    server = DiscordServer()
    await server.start(tls=tls)
    proxy = Proxy(server, HOSTS)
    await proxy.start()
    try:
        yield (
            server,
            {
                "SSL_CERT_FILE": str(certificate),
                "DISCORD_PROXY": proxy.url,
                "DISCORD_TOKEN": TOKEN,
            },
        )
    finally:
        await server.stop()
        await proxy.stop()
