"""Other sites, other names and strangers stay outside."""

from __future__ import annotations

import pytest
from aiohttp import ClientSession, FormData, WSServerHandshakeError

from tests.unit.web_chat.memory_conversation import MemoryConversation
from tests.unit.web_chat.visitor import StartChat, Visitor

PASSWORD = "correct horse"


async def test_every_response_carries_the_protective_headers(visitor: Visitor) -> None:
    for path in ("/", "/login", "/static/js/main.js", "/api/session", "/nowhere", "/images/1/x"):
        async with visitor.http.get(visitor.chat.url + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "same-origin"
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "Server" not in response.headers


async def test_the_page_has_nothing_inline_and_nothing_foreign(visitor: Visitor) -> None:
    async with visitor.http.get(visitor.chat.url) as response:
        page = await response.text()
    assert "style=" not in page
    assert "onclick" not in page
    assert "http" not in page.replace('"http', "").replace("https://", "") or "//" not in page


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost", "0.0.0.0:{port}"]
)
async def test_a_foreign_host_name_is_refused(visitor: Visitor, host: str) -> None:
    headers = {"Host": host.format(port=visitor.chat.port)}
    async with visitor.http.get(visitor.chat.url, headers=headers) as response:
        assert response.status == 403
        assert "boot" not in await response.text()


@pytest.mark.parametrize("host", ["localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
async def test_the_names_of_this_machine_are_accepted(visitor: Visitor, host: str) -> None:
    headers = {"Host": host.format(port=visitor.chat.port)}
    async with visitor.http.get(visitor.chat.url, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://127.0.0.1:1", "http://[broken"]
)
async def test_a_socket_from_another_site_is_refused(visitor: Visitor, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    with pytest.raises(WSServerHandshakeError) as refusal:
        await visitor.http.ws_connect(f"{visitor.chat.url}/ws", headers=headers)
    assert refusal.value.status == 403


@pytest.mark.parametrize("path", ["/api/upload", "/api/login", "/api/logout"])
@pytest.mark.parametrize(
    ("origin", "token"),
    [
        ("own", None),
        ("own", "0" * 64),
        ("own", "ünïcode"),
        ("https://evil.example", "own"),
        (None, "own"),
    ],
)
async def test_a_post_needs_our_origin_and_our_token(
    visitor: Visitor,
    conversation: MemoryConversation,
    path: str,
    origin: str | None,
    token: str | None,
) -> None:
    headers = {}
    if origin:
        headers["Origin"] = visitor.chat.url if origin == "own" else origin
    if token:
        headers["X-CSRF-Token"] = await visitor.csrf() if token == "own" else token
    form = FormData({"kind": "add"})
    form.add_field("picture", b"cat", filename="cat.png")
    url = visitor.chat.url + path
    async with visitor.http.post(url, data=form, headers=headers) as response:
        assert response.status == 403
    assert conversation.incoming == []
    assert conversation.pictures == {}


async def test_without_the_password_there_is_only_the_login_page(
    start_chat: StartChat, http: ClientSession
) -> None:
    visitor = Visitor(await start_chat(web_password=PASSWORD), http)
    async with http.get(visitor.chat.url, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/login")
    for path in ("/images/1/original", "/images/1/rendition", "/api/strings/de", "/nowhere"):
        async with http.get(visitor.chat.url + path) as response:
            assert response.status == 401
    status, _ = await visitor.upload("add", b"cat")
    assert status == 401
    with pytest.raises(WSServerHandshakeError) as refusal:
        await http.ws_connect(f"{visitor.chat.url}/ws", headers=visitor.origin)
    assert refusal.value.status == 401
    async with http.get(f"{visitor.chat.url}/login") as response:
        assert response.status == 200
        assert PASSWORD not in await response.text()


async def test_the_password_opens_and_signing_out_closes(
    start_chat: StartChat, http: ClientSession
) -> None:
    visitor = Visitor(await start_chat(web_password=PASSWORD), http)
    before = await visitor.csrf()
    assert await visitor.sign_in(PASSWORD) == 200
    (cookie,) = http.cookie_jar
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert await visitor.csrf() != before
    async with http.get(visitor.chat.url) as response:
        assert response.status == 200
        assert "composer" in await response.text()
    async with http.get(f"{visitor.chat.url}/login") as response:
        assert response.url.path == "/"
    await (await visitor.connect()).close()

    kept = cookie.value
    url = f"{visitor.chat.url}/api/logout"
    async with http.post(url, headers=await visitor.headers()) as response:
        assert response.status == 200
    headers = {"Cookie": f"{cookie.key}={kept}"}
    async with http.get(visitor.chat.url, headers=headers, allow_redirects=False) as response:
        assert response.status == 303


async def test_guessing_is_slowed_down_even_for_the_right_password(
    start_chat: StartChat, http: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = Visitor(await start_chat(web_password=PASSWORD), http)
    assert [await visitor.sign_in("wrong") for _ in range(3)] == [403, 403, 429]
    url = f"{visitor.chat.url}/api/login"
    body = f'{{"password": "{PASSWORD}", "language": "de"}}'
    async with http.post(url, data=body, headers=await visitor.headers()) as response:
        assert response.status == 429
        assert int(response.headers["Retry-After"]) >= 1
        assert "Zu viele Versuche" in (await response.json())["text"]
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"password": 1}', b"\xff", b"x" * 5000])
async def test_a_malformed_sign_in_is_no_server_error(
    start_chat: StartChat, http: ClientSession, body: bytes
) -> None:
    visitor = Visitor(await start_chat(web_password=PASSWORD), http)
    url = f"{visitor.chat.url}/api/login"
    async with http.post(url, data=body, headers=await visitor.headers()) as response:
        assert response.status in (400, 413)
