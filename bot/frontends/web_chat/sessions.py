"""Who has given the password, and the tokens that keep other sites out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from bot.frontends.web_chat.throttle import Throttle

LIFETIME_S = 30 * 24 * 3600.0
MAX_SESSIONS = 1000


class SignInError(Exception):
    """The password is wrong, or guesses come too fast: then ``wait_s`` is positive."""

    def __init__(self, wait_s: float = 0.0) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class Sessions:
    """Random tokens in memory; without a password everyone is signed in."""

    def __init__(self, password: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._password = _digest(password) if password else None
        self._clock = clock
        self._throttle = Throttle(clock)
        self._expiry: OrderedDict[str, float] = OrderedDict()
        self._key = secrets.token_bytes(32)

    @property
    def needs_password(self) -> bool:
        """Whether visitors have to sign in."""
        return self._password is not None

    def sign_in(self, address: str, password: str) -> str:
        """Return a new session's token; raises SignInError."""
        wait_s = self._throttle.wait_s(address)
        if wait_s > 0:
            raise SignInError(wait_s)
        # Digests are compared so that neither content nor length shows in the time it takes.
        if self._password is None or not hmac.compare_digest(_digest(password), self._password):
            self._throttle.fail(address)
            raise SignInError(self._throttle.wait_s(address))
        self._throttle.succeed(address)
        token = secrets.token_urlsafe(32)
        self._expiry[token] = self._clock() + LIFETIME_S
        if len(self._expiry) > MAX_SESSIONS:
            self._expiry.popitem(last=False)
        return token

    def sign_out(self, token: str) -> None:
        """Forget a session."""
        self._expiry.pop(token, None)

    def admits(self, token: str) -> bool:
        """Tell whether the holder of this token may use the chat."""
        if not self.needs_password:
            return True
        return self._expiry.get(token, 0.0) > self._clock()

    def csrf_token(self, token: str) -> str:
        """Return what a page of this session must send along with every POST."""
        session = token if token in self._expiry else "visitor"
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()

    def is_csrf_token(self, token: str, presented: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.csrf_token(token).encode(), presented.encode())


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
