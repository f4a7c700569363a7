"""python-telegram-bot, with nothing of it patched, on the fake Telegram under its real address."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from aiohttp import ClientHttpProxyError, ClientSession
from telegram import Update
from telegram.error import NetworkError
from telegram.ext import Application, ContextTypes, MessageHandler, filters
from telegram.request import HTTPXRequest

from tests.acceptance.telegram_server import TelegramServer, telegram_server
from tests.acceptance.telegram_tls import telegram_behind_tls
from tests.pictures.good import jpeg

PROCESS = """
import os
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    file = await update.message.photo[-1].get_file()
    await update.message.reply_photo(bytes(await file.download_as_bytearray()), caption="back")

proxy = os.environ["TELEGRAM_PROXY"]
builder = Application.builder().token(os.environ["TELEGRAM_TOKEN"])
application = builder.proxy(proxy).get_updates_proxy(proxy).build()
application.add_handler(MessageHandler(filters.PHOTO, answer))
application.run_polling()
"""


AIOHTTP = """
import asyncio, os
from aiohttp import ClientSession

async def main():
    url = f"https://api.telegram.org/bot{os.environ['TELEGRAM_TOKEN']}/getMe"
    async with ClientSession() as http:
        async with http.post(url, proxy=os.environ["TELEGRAM_PROXY"]) as response:
            print((await response.json())["result"]["username"])

asyncio.run(main())
"""


async def _answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.message
    assert message is not None
    file = await message.photo[-1].get_file()
    content = bytes(await file.download_as_bytearray())
    await message.reply_photo(content, caption=f"{len(content)} bytes")


async def _check(server: TelegramServer) -> None:
    ben = server.world.person("Ben")
    sent = await ben.send(photo=jpeg(), caption="look")
    answer = await ben.wait_for_answer(sent)
    assert (answer.photo, answer.caption) == (jpeg(), f"{len(jpeg())} bytes")
    assert server.downloaded_bytes == server.uploaded_bytes == len(jpeg())


async def test_a_bare_application_needs_a_proxy_and_a_certificate_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telegram_behind_tls(tmp_path) as (server, environment):
        monkeypatch.setenv("SSL_CERT_FILE", environment["SSL_CERT_FILE"])
        proxy = environment["TELEGRAM_PROXY"]
        builder = Application.builder().token(environment["TELEGRAM_TOKEN"])
        application = builder.proxy(proxy).get_updates_proxy(proxy).build()
        application.add_handler(MessageHandler(filters.PHOTO, _answer))
        async with application:
            assert application.updater is not None
            await application.updater.start_polling()
            await application.start()
            await _check(server)
            await application.updater.stop()
            await application.stop()
        assert server.misbehaviour == []
        assert server.world.updates == []


async def test_a_bare_application_in_the_open() -> None:
    async with telegram_server() as server:
        builder = Application.builder().token(server.token)
        builder = builder.base_url(f"{server.url}/bot").base_file_url(f"{server.url}/file/bot")
        application = builder.build()
        application.add_handler(MessageHandler(filters.PHOTO, _answer))
        async with application:
            assert application.updater is not None
            await application.updater.start_polling()
            await application.start()
            await _check(server)
            await application.updater.stop()
            await application.stop()
        assert server.misbehaviour == []


async def test_a_process_needs_its_environment_only(tmp_path: Path) -> None:
    async with telegram_behind_tls(tmp_path) as (server, environment):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, env=os.environ | environment
        )
        try:
            await server.world.until(lambda: server.counts["getUpdates"], 120)
            ben = server.world.person("Ben")
            answer = await ben.wait_for_answer(await ben.send(photo=jpeg()))
            assert (answer.photo, answer.caption) == (jpeg(), "back")
        finally:
            process.terminate()
            await process.wait()
        assert server.misbehaviour == []


async def test_aiohttp_needs_no_more(tmp_path: Path) -> None:
    async with telegram_behind_tls(tmp_path) as (_server, environment):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            AIOHTTP,
            env=os.environ | environment,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert said == b"BabelpixBot\n"


async def test_the_certificate_is_not_trusted_by_chance(tmp_path: Path) -> None:
    async with telegram_behind_tls(tmp_path) as (server, environment):
        transport = HTTPXRequest(proxy=environment["TELEGRAM_PROXY"])
        async with transport:
            with pytest.raises(NetworkError):
                await transport.retrieve("https://api.telegram.org/")
        assert server.calls == []


async def test_the_proxy_leads_nowhere_else(tmp_path: Path) -> None:
    async with (
        telegram_behind_tls(tmp_path) as (server, environment),
        ClientSession() as http,
    ):
        with pytest.raises(ClientHttpProxyError):
            await http.get("https://example.org/", proxy=environment["TELEGRAM_PROXY"])
        assert server.misbehaviour == ["proxy: CONNECT example.org:443"]
        await server.stop()
        with pytest.raises(ClientHttpProxyError):
            await http.get("https://api.telegram.org/", proxy=environment["TELEGRAM_PROXY"])
