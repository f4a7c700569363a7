"""Start, stop and the pages themselves."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest
from aiohttp import ClientSession, WSMsgType

from bot.frontends.base import FrontendError, FrontendOptions, load
from bot.frontends.web_chat import WebChat
from tests.unit.web_chat.memory_conversation import MemoryConversation
from tests.unit.web_chat.visitor import StartChat, Visitor, receive

EVERYWHERE = "0.0.0.0"  # noqa: S104


async def test_the_web_chat_is_found_by_name_and_says_where_it_is(
    conversation: MemoryConversation,
) -> None:
    chat = load("web")(conversation, FrontendOptions(web_port=0))
    assert isinstance(chat, WebChat)
    try:
        assert await chat.start() == chat.url == f"http://127.0.0.1:{chat.port}"
        assert chat.port > 0
    finally:
        await chat.stop()


async def test_a_port_in_use_is_named_with_its_setting(
    visitor: Visitor, start_chat: StartChat
) -> None:
    with pytest.raises(FrontendError, match=rf"{visitor.chat.port}.*in use.*WEB_PORT"):
        await start_chat(web_port=visitor.chat.port)


async def test_an_address_that_is_not_ours_is_named(start_chat: StartChat) -> None:
    with pytest.raises(FrontendError, match=r"192\.0\.2\.1.*WEB_HOST"):
        await start_chat(web_host="192.0.2.1", web_password="x")


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "", "192.168.1.2", "example.org"])
@pytest.mark.parametrize("password", [None, ""])
async def test_the_network_is_served_with_a_password_only(
    start_chat: StartChat, host: str, password: str | None
) -> None:
    with pytest.raises(FrontendError, match="WEB_PASSWORD"):
        await start_chat(web_host=host, web_password=password)


async def test_with_a_password_the_network_may_use_any_name(
    start_chat: StartChat, http: ClientSession
) -> None:
    chat = await start_chat(web_host=EVERYWHERE, web_password="x")
    headers = {"Host": "pictures.example.org"}
    async with http.get(f"http://127.0.0.1:{chat.port}/login", headers=headers) as response:
        assert response.status == 200


async def test_stopping_takes_under_two_seconds_with_pages_and_questions_open(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    conversation.gates = {"never": asyncio.Event()}
    sockets = [await visitor.connect() for _ in range(3)]
    await sockets[0].send_json({"type": "ask", "id": "1", "text": "never"})
    await receive(sockets[0], "reply")
    # One that is open and says nothing, not even goodbye.
    reader, writer = await asyncio.open_connection("127.0.0.1", visitor.chat.port)
    began = time.monotonic()
    await visitor.chat.stop()
    assert time.monotonic() - began < 2
    for open_socket in sockets:
        while (message := await open_socket.receive(timeout=60)).type is WSMsgType.TEXT:
            pass
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    assert await reader.read() == b""
    writer.close()
    await visitor.chat.stop()


async def test_an_answer_under_way_is_finished_before_the_end(
    visitor: Visitor, conversation: MemoryConversation
) -> None:
    gate = conversation.gates["soon"] = asyncio.Event()
    open_socket = await visitor.connect()
    await open_socket.send_json({"type": "ask", "id": "1", "text": "soon"})
    await receive(open_socket, "reply")
    stopping = asyncio.create_task(visitor.chat.stop())
    gate.set()
    assert (await receive(open_socket, "reply"))["reply"]["tone"] == "answer"
    await stopping


async def test_the_port_is_free_again_after_the_stop(start_chat: StartChat) -> None:
    chat = await start_chat()
    await chat.stop()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", chat.port))


@pytest.mark.parametrize(
    ("accepted", "cookie", "language", "direction"),
    [
        ("de-AT,en;q=0.5", "", "de", "ltr"),
        ("xx, ar-EG;q=0.4, fr;q=0.2", "", "ar", "rtl"),
        ("de", "he", "he", "rtl"),
        ("de", "../../etc/passwd", "de", "ltr"),
        ("iw", "", "he", "rtl"),
        ("", "", "en", "ltr"),
        ("x;q=nonsense,,;q=1", "", "en", "ltr"),
    ],
)
async def test_the_page_speaks_the_visitors_language(
    visitor: Visitor, accepted: str, cookie: str, language: str, direction: str
) -> None:
    headers = {"Accept-Language": accepted, "Cookie": f"babelpix_language={cookie}"}
    async with visitor.http.get(visitor.chat.url, headers=headers) as response:
        page = await response.text()
        assert response.headers["Content-Type"].startswith("text/html")
    assert f'<html lang="{language}" dir="{direction}">' in page
    data = page.partition('id="boot">')[2].partition("</script>")[0]
    boot = json.loads(data)
    assert boot["language"] == language
    assert boot["max_upload_bytes"] == 1000
    assert "<" not in data
    assert "{{" not in page


async def test_strings_of_another_language_can_be_fetched(visitor: Visitor) -> None:
    async with visitor.http.get(f"{visitor.chat.url}/api/strings/fa") as response:
        answer = await response.json()
    assert answer["dir"] == "rtl"
    assert answer["strings"]["language_name"] == "فارسی"
    async with visitor.http.get(f"{visitor.chat.url}/api/strings/tlh") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    "path", ["index.html", "login.html", "../server.py", "%2e%2e/server.py", "js", "js/", "nope.js"]
)
async def test_only_the_pages_own_files_are_served(visitor: Visitor, path: str) -> None:
    async with visitor.http.get(f"{visitor.chat.url}/static/{path}") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("js/main.js", "javascript"), ("css/base.css", "text/css"), ("icon.svg", "image/svg+xml")],
)
async def test_static_files_have_their_types_and_are_asked_for_again(
    visitor: Visitor, path: str, media_type: str
) -> None:
    async with visitor.http.get(f"{visitor.chat.url}/static/{path}") as response:
        assert media_type in response.headers["Content-Type"]
        assert response.headers["Cache-Control"] == "no-cache"
        headers = {"If-None-Match": response.headers["ETag"]}
    async with visitor.http.get(f"{visitor.chat.url}/static/{path}", headers=headers) as again:
        assert again.status == 304
