"""What a worker makes of the installed packs: the encoder for the moment, kept up to date."""

from __future__ import annotations

import logging

from workers.encoders.base import Encoder, EncoderError
from workers.encoders.routed import Pack
from workers.packs.store import PackStore, signature

logger = logging.getLogger(__name__)

_Signature = tuple[tuple[str, int, int, int], ...]


class InstalledPacks:
    """The base encoder with the packs that are installed; not for several threads at once."""

    def __init__(self, base: Encoder, store: PackStore) -> None:
        self._base = base
        self._store = store
        self._known: dict[str, tuple[_Signature, Pack | None]] = {}
        self._trouble = ""
        self.encoder: Encoder = base
        """The base itself while no pack is installed."""
        self.packs: tuple[Pack, ...] = ()

    def look(self) -> bool:
        """Load what is new and let go of what is gone; tells whether the encoder is another now.

        A pack that cannot be used is left out, with the reason in the log.
        """
        try:
            found = {folder.name: (folder, signature(folder)) for folder in self._store.folders()}
        except (EncoderError, OSError) as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                logger.warning("packs_unreadable", extra={"reason": self._trouble})
            return False
        if {name: seen for name, (_, seen) in found.items()} == {
            name: seen for name, (seen, _) in self._known.items()
        }:
            return False
        known: dict[str, tuple[_Signature, Pack | None]] = {}
        for name, (folder, seen) in found.items():
            before = self._known.get(name)
            if before is not None and before[0] == seen:
                known[name] = before
                continue
            try:
                known[name] = (seen, self._store.load(folder))
            # Whatever is wrong with one pack is nothing to the others.
            except Exception as error:
                logger.warning("pack_left_out", extra={"pack": name, "reason": str(error)})
                known[name] = (seen, None)
        packs = tuple(pack for _, pack in known.values() if pack is not None)
        encoder = self._base.with_packs(packs) if packs else self._base
        if packs:
            # The first of all questions loads the language identification.
            encoder.encode_texts(["warm-up"])
        former = self.encoder.text_revision
        # Not before nothing can go wrong any more: what went wrong is tried again.
        self.encoder, self.packs, self._known = encoder, packs, known
        return encoder.text_revision != former
