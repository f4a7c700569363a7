"""Drive headless Chromium over its DevTools protocol; needs only the browser and aiohttp."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT_S, LONGEST_CALL_S = 60.0, 120.0
_KEYS = {
    "Enter": ("Enter", 13, "\r"),
    "Tab": ("Tab", 9, ""),
    "Escape": ("Escape", 27, ""),
    "Space": ("Space", 32, " "),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
}
_SHIFT = 8


class BrowserError(Exception):
    """The browser, or a script in its page, did not do what was asked."""


def find_browser() -> str | None:
    """Return the path of an installed Chromium."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium_or_skip() -> Iterator[str]:
    """Run the installed browser for a fixture, or skip the tests that need it."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium found; on Debian: apt-get install chromium")
    with chromium(path) as devtools:
        yield devtools


@contextmanager
def chromium(path: str) -> Iterator[str]:
    """Run a browser; yields the address of its DevTools socket."""
    with tempfile.TemporaryDirectory(
        prefix="babelpix-chromium-", ignore_cleanup_errors=True
    ) as profile:
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--force-color-profile=srgb",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
        ]
        with subprocess.Popen(
            [path, *flags, "about:blank"], stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            try:
                yield _devtools_address(process.stderr)
            finally:
                process.terminate()
                # Whatever it still has to say must not fill the pipe and keep it from ending.
                process.stderr.read()


def _devtools_address(lines: Iterator[str]) -> str:
    heard = []
    for line in lines:
        heard.append(line)
        if "DevTools listening on " in line:
            return line.partition("DevTools listening on ")[2].strip()
    raise BrowserError("chromium ended: " + "".join(heard[-5:]))


class Page:
    """One tab in its own profile: fresh cookies, fresh cache."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._session = ""
        self._count = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())
        self.console_errors: list[str] = []
        """What the page complained about: console errors, uncaught exceptions, CSP violations."""
        self.requested_hosts: set[str] = set()

    async def start(self, width: int, height: int) -> Self:
        """Open the tab."""
        context = await self.send("Target.createBrowserContext")
        target = await self.send(
            "Target.createTarget",
            url="about:blank",
            browserContextId=context["browserContextId"],
        )
        attached = await self.send(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            await self.send(f"{domain}.enable")
        await self.resize(width, height)
        return self

    async def close(self) -> None:
        """Stop listening; the browser goes with its process."""
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a DevTools method and return its result."""
        self._count += 1
        answer = asyncio.get_running_loop().create_future()
        self._answers[self._count] = answer
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        await self._socket.send_str(json.dumps(message))
        async with asyncio.timeout(LONGEST_CALL_S):
            result: dict[str, Any] = await answer
        if "error" in result:
            raise BrowserError(f"{method}: {result['error']['message']}")
        return dict(result["result"])

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is not WSMsgType.TEXT:
                break
            message = json.loads(frame.data)
            answer = self._answers.pop(message.get("id"), None)
            if answer is not None and not answer.done():
                answer.set_result(message)
            elif "method" in message:
                self._note(message["method"], message["params"])

    def _note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Runtime.exceptionThrown":
                self.console_errors.append(json.dumps(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "assert"):
                self.console_errors.append(json.dumps(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                entry = params["entry"]
                self.console_errors.append(f"{entry['text']} {entry.get('url', '')}")
            case "Network.requestWillBeSent" | "Network.webSocketCreated":
                url = params.get("request", params)["url"]
                if urlsplit(url).netloc:
                    self.requested_hosts.add(urlsplit(url).netloc)

    async def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Take a window's size, or a phone's screen with touch."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        await self.send("Emulation.setTouchEmulationEnabled", enabled=phone)

    async def prefer(self, **features: str) -> None:
        """Set media features, e.g. ``prefers_color_scheme="dark"``."""
        listed = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        await self.send("Emulation.setEmulatedMedia", features=listed)

    async def prefer_languages(self, languages: str) -> None:
        """Set what the browser asks for, e.g. ``ar,en;q=0.5``."""
        agent = await self.evaluate("navigator.userAgent")
        await self.send("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=languages)

    async def open(self, url: str) -> None:
        """Go to an address and wait until the page has loaded."""
        await self.send("Page.navigate", url=url)
        await self.wait(f"location.href.startsWith({json.dumps(url)})")
        await self.wait("document.readyState === 'complete'")

    async def evaluate(self, script: str) -> Any:
        """Return the value of an expression in the page; promises are awaited."""
        result = await self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise BrowserError(details.get("exception", details).get("description", str(details)))
        return result["result"].get("value")

    async def wait(self, condition: str, timeout_s: float = WAIT_S) -> Any:
        """Wait until an expression is true in the page, and return its value."""
        script = f"""new Promise((resolve, reject) => {{
            const end = performance.now() + {timeout_s * 1000};
            const look = () => {{
                let value;
                try {{ value = ({condition}); }} catch {{ value = false; }}
                if (value) resolve(value);
                else if (performance.now() > end) reject(new Error("never came true"));
                else setTimeout(look, 20);
            }};
            look();
        }})"""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while True:
            try:
                return await self.evaluate(script)
            except BrowserError as error:
                # Going to another page ends the scripts of the old one: ask the new one.
                if "context" not in str(error).lower() and "navigat" not in str(error).lower():
                    raise BrowserError(f"{condition}: {error}") from error
                if loop.time() > end:
                    raise

    async def click(self, selector: str) -> None:
        """Click the middle of the first element that matches, with the mouse."""
        quoted = json.dumps(selector)
        await self.wait(f"document.querySelector({quoted})?.checkVisibility()")
        x, y = await self.evaluate(
            f"""(() => {{
                const element = document.querySelector({quoted});
                element.scrollIntoView({{block: "center", behavior: "instant"}});
                const box = element.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        await self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            await self.send(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def type(self, text: str) -> None:
        """Put text where the focus is, as a keyboard or an input method does."""
        await self.send("Input.insertText", text=text)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release one key."""
        code, number, text = _KEYS[key]
        common = {
            "key": " " if key == "Space" else key,
            "code": code,
            "windowsVirtualKeyCode": number,
            "modifiers": _SHIFT if shift else 0,
        }
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        await self.send("Input.dispatchKeyEvent", **common, **down)
        await self.send("Input.dispatchKeyEvent", **common, type="keyUp")

    async def choose_files(self, selector: str, files: Sequence[Path]) -> None:
        """Choose files in an ``<input type=file>``, as its dialog would."""
        document = await self.send("DOM.getDocument")
        node = await self.send(
            "DOM.querySelector", nodeId=document["root"]["nodeId"], selector=selector
        )
        await self.send(
            "DOM.setFileInputFiles", nodeId=node["nodeId"], files=[str(file) for file in files]
        )

    async def drop_files(self, files: Sequence[Path], x: int = 300, y: int = 300) -> None:
        """Drag files from outside onto the page and let them go."""
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            await self.send("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    async def screenshot(self, path: Path) -> None:
        """Save what is seen as a PNG."""
        shot = await self.send("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))


@asynccontextmanager
async def open_page(devtools: str, *, width: int = 1280, height: int = 860) -> AsyncIterator[Page]:
    """Open a tab in a running browser and close it at the end."""
    async with (
        ClientSession() as session,
        session.ws_connect(devtools, max_msg_size=0) as socket,
    ):
        page = Page(socket)
        try:
            yield await page.start(width, height)
        finally:
            await page.close()
