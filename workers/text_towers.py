"""The text towers a worker answers with, and how they change while it works."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from db.errors import DatabaseError
from workers import contract
from workers.encoders.base import Encoder
from workers.encoders.routed import Pack
from workers.packs.installed import InstalledPacks

DRAIN_S = 2.0 * contract.ENCODE_EXPIRES_S
"""Questions sent before a change are answered for so long as before it."""

logger = logging.getLogger(__name__)

Register = Callable[[Encoder, Sequence[Pack]], None]
"""Makes an encoder's text tower the default one; raises DatabaseError."""


class TextTowers:
    """The encoder with its packs, followed while packs come and go. Thread-safe.

    Nobody notices a change: the new towers are warm before they are registered, bots learn of
    them by the registration, and what was sent before it is answered by the former ones.
    """

    def __init__(self, installed: InstalledPacks, register: Register) -> None:
        self._installed = installed
        self._register = register
        self._lock = threading.Lock()
        self._registered = ""
        self._drained_at = 0.0
        self._trouble = ""
        self._look()
        self._serving = {installed.encoder.text_revision: installed.encoder}

    def register(self) -> None:
        """Make the towers of the moment known; raises DatabaseError."""
        encoder, packs = self._installed.encoder, self._installed.packs
        self._register(encoder, packs)
        self._registered = encoder.text_revision
        names = [pack.name for pack in packs]
        logger.info(
            "text_towers_registered", extra={"packs": names, "text_revision": self._registered}
        )

    def known(self, revision: object) -> Encoder | None:
        """Return the encoder that a question was sent to, among those of the moment."""
        return self._serving.get(str(revision))

    def serving(self, revision: object) -> Encoder | None:
        """Return the encoder that a question was sent to, by text revision; None: no such one.

        One that is not known may be of a pack that another worker was quicker to take up.
        """
        found = self.known(revision)
        if found is None:
            self.refresh()
            found = self.known(revision)
        return found

    def refresh(self) -> None:
        """Take up what has been installed or removed; what fails is tried again next time."""
        with self._lock:
            if self._look():
                encoder = self._installed.encoder
                self._serving = {**self._serving, encoder.text_revision: encoder}
            current = self._installed.encoder.text_revision
            if current != self._registered:
                try:
                    self.register()
                except DatabaseError as error:
                    logger.warning("text_towers_not_registered", extra={"reason": str(error)})
                    return
                self._drained_at = time.monotonic() + DRAIN_S
            elif len(self._serving) > 1 and time.monotonic() > self._drained_at:
                self._serving = {current: self._installed.encoder}

    def _look(self) -> bool:
        """Look at what is installed; nothing about packs keeps the model from answering."""
        try:
            changed = self._installed.look()
        except Exception as error:
            if repr(error) != self._trouble:
                self._trouble = repr(error)
                logger.exception("packs_not_taken_up")
            return False
        self._trouble = ""
        return changed
