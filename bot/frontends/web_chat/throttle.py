"""Slow down people who guess passwords."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

FREE_ATTEMPTS = 3
LONGEST_WAIT_S = 300.0
FORGET_AFTER_S = 3600.0
MAX_ADDRESSES = 10_000


class Throttle:
    """Counts failures by address; each one past the free ones doubles the wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how long this address has to wait before its next attempt."""
        count, last = self._failures.get(_network(address), (0, 0.0))
        if count < FREE_ATTEMPTS:
            return 0.0
        wait = min(2.0 ** (count - FREE_ATTEMPTS + 1), LONGEST_WAIT_S)
        return max(0.0, last + wait - self._clock())

    def fail(self, address: str) -> None:
        """Count a failed attempt."""
        network, now = _network(address), self._clock()
        count, last = self._failures.pop(network, (0, now))
        self._failures[network] = (1 if now - last > FORGET_AFTER_S else count + 1, now)
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def succeed(self, address: str) -> None:
        """Forget the failures of an address."""
        self._failures.pop(_network(address), None)


def _network(address: str) -> str:
    """Group IPv6 by /64: one household has more addresses than could ever be counted."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
