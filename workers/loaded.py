"""The models a worker holds: that of the live space, and that of one on its way (ADR 18)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from db.errors import DatabaseError, DatabaseUnavailableError, SchemaMissingError
from db.ingest import IngestStore
from db.records import SpaceRecord
from db.spaces import all_spaces, live_space, register_space, register_text_towers
from workers import contract
from workers.calibration import measures
from workers.choice import chosen_encoder
from workers.encoders.base import Encoder, EncoderError
from workers.encoders.models import (
    BUNDLED,
    describe_model,
    extended_by_packs,
    knows_photographs,
    load,
    model_folder,
)
from workers.encoders.routed import Pack
from workers.memory import give_back_memory
from workers.packs.installed import InstalledPacks
from workers.packs.store import PackStore
from workers.settings import WorkerSettings
from workers.text_towers import DRAIN_S, TextTowers

STARTUP_PATIENCE_S = 120
"""How long a worker waits for the database to come up and be migrated."""
AGAIN_AFTER_S = 60.0
"""A model that could not be loaded is tried again after so long."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Model:
    """A model that this worker holds, with its embedding space."""

    name: str
    """What an operator calls it."""
    encoder: Encoder
    """The model itself, without language packs; ``text_towers`` has them."""
    space: SpaceRecord
    text_towers: TextTowers | None
    is_measured: bool = False
    """Whether what its cosines mean is to be measured by its pictures."""


class LoadedModels:
    """Holds what questions and pictures need, and follows when that changes. Thread-safe.

    When another model is wanted than that of the live space, the live one is loaded first and
    answers; the other comes to it behind. When its space is live, the former one goes.
    """

    def __init__(self, settings: WorkerSettings, store: IngestStore, queues: Sequence[str]) -> None:
        self._settings = settings
        self._store = store
        self._texts = contract.QUEUE_TEXT in queues
        self._images = not {contract.QUEUE_IMAGE, contract.QUEUE_INGEST}.isdisjoint(queues)
        self._lock = threading.Lock()
        self._models: Mapping[int, Model] = {}
        self._states: Mapping[int, str] = {}
        self._kept_since: dict[int, float] = {}
        self._wanted = ""
        self._again_at = 0.0
        self.trouble = ""
        """Why the model that is wanted cannot be had, for the operator."""

    # --- what is held ---------------------------------------------------------------------

    @property
    def live(self) -> Model:
        """The model of the live space, as far as is known; one is there once it has begun."""
        return self._in_state("live") or next(iter(self._models.values()))

    @property
    def on_its_way(self) -> Model | None:
        """The model of the space that is being built."""
        return self._in_state("building", "ready")

    @property
    def held(self) -> Sequence[int]:
        """The spaces whose model is held."""
        return sorted(self._models)

    @property
    def measurable(self) -> Sequence[Model]:
        """Those whose questions come without curves."""
        return [model for model in self._models.values() if model.is_measured]

    def of_space(self, space_id: object) -> Model | None:
        """Return the model of a space."""
        return self._models.get(space_id) if isinstance(space_id, int) else None

    def serving(self, revision: object) -> Encoder | None:
        """Return the encoder that a question was sent to, by text revision; None: no such one."""
        towers = [model.text_towers for model in self._models.values() if model.text_towers]
        known = (one.known(revision) for one in towers)
        found = next((encoder for encoder in known if encoder is not None), None)
        if found is None:
            # It may be of a pack that another worker was quicker to take up.
            sought = (one.serving(revision) for one in towers)
            found = next((encoder for encoder in sought if encoder is not None), None)
        return found

    def _in_state(self, *states: str) -> Model | None:
        return next((m for n, m in self._models.items() if self._states.get(n) in states), None)

    # --- the beginning --------------------------------------------------------------------

    def begin(self) -> None:
        """Load a model that can answer and make it known; raises EncoderError, DatabaseError.

        The database may still be on its way up.
        """
        wanted = self._wanted = self._settings.encoder
        folder = model_folder(wanted, self._settings.models_folder)
        try:
            live = live_space(self._store)
        except DatabaseError:
            live = None
        if live is not None and live[0] != Path(wanted).name:
            describe_model(folder)  # what is plainly damaged is told at once
            former = self._former(live)
            if not isinstance(former, str):
                _patiently(lambda: self._hold_former(live, former))
                return
        encoder = self._load(wanted)
        _patiently(lambda: self._take_up(wanted, encoder))

    def _take_up(self, name: str, encoder: Encoder) -> None:
        """Make the space of the model that is wanted known, and hold it."""
        space = self._register(name, encoder)
        live = None if space.live or self._in_state("live") else live_space(self._store)
        if live is not None:
            former = self._former(live)
            if isinstance(former, str):
                space = self._register(name, encoder, at_once=former)
            else:
                self._hold_former(live, former)
        self._add(self._model(name, encoder, space))
        self.look()

    def _former(self, live: tuple[str, str, str]) -> Encoder | str:
        """Load the model of the live space, which is not the one wanted; else say why not."""
        name, revision, source = live
        reason = f"{name}, which has answered so far, has been replaced by another model"
        try:
            encoder = self._load(source or name)
            if encoder.revision == revision:
                return encoder
        except EncoderError as error:
            reason = f"{name}, which has answered so far, cannot be loaded: {error}"
        logger.warning("former_encoder_lost", extra={"reason": reason})
        return reason

    def _hold_former(self, live: tuple[str, str, str], encoder: Encoder) -> None:
        """Hold the model of the live space as it is; raises DatabaseError."""
        name, revision, source = live
        for space in all_spaces(self._store):
            if (space.name, space.revision) == (name, revision):
                self._add(self._model(source or name, encoder, space))
        self.look()

    # --- what changes ---------------------------------------------------------------------

    def follow(self) -> None:
        """Look at the choice and at the spaces; load, register and let go. Raises DatabaseError."""
        with self._lock:
            self.look()
            if not self._in_state("live") and (live := live_space(self._store)):
                former = self._former(live)  # another worker has switched to it
                if not isinstance(former, str):
                    self._hold_former(live, former)
            wanted = self._settings.encoder
            if not self._settings.encoder_is_given:
                wanted = chosen_encoder(self._settings.data_dir)
            if wanted != self._wanted or (self._again_at and time.monotonic() > self._again_at):
                self._wanted, self._again_at, self.trouble = wanted, 0.0, ""
            if not self.trouble:
                self._want(wanted)
            self._let_go()
        for model in self._models.values():
            if model.text_towers is not None:
                model.text_towers.refresh()

    def _want(self, name: str) -> None:
        held = next((model for model in self._models.values() if model.name == name), None)
        if held is not None and self._states.get(held.space.id) != "kept":
            live = self._in_state("live")
            if held is live and not {"building", "ready"}.isdisjoint(self._states.values()):
                self._register(name, held.encoder)  # which ends what is on its way
            return
        try:
            encoder = self._load(name) if held is None else held.encoder
            self._take_up(name, encoder)
            logger.info("next_encoder_loaded", extra={"encoder": name})
        except EncoderError as error:
            self.trouble = str(error)
            self._again_at = time.monotonic() + AGAIN_AFTER_S
            logger.warning("next_encoder_unusable", extra={"reason": self.trouble})

    def look(self) -> None:
        """See which space is live and which is on its way; raises DatabaseError."""
        self._states = {space.id: space.state for space in all_spaces(self._store)}

    def _let_go(self) -> None:
        """Let go of models whose space is kept, once what was sent to them is answered."""
        now = time.monotonic()
        for number in self._models:
            if self._states.get(number) == "kept" and self._in_state("live"):
                self._kept_since.setdefault(number, now)
            else:
                self._kept_since.pop(number, None)
        gone = {number for number, since in self._kept_since.items() if now > since + DRAIN_S}
        if gone:
            logger.info("encoders_released", extra={"spaces": sorted(gone)})
            self._models = {n: model for n, model in self._models.items() if n not in gone}
            self._kept_since = {n: s for n, s in self._kept_since.items() if n not in gone}
            give_back_memory()

    # --- one model ------------------------------------------------------------------------

    def _load(self, name: str) -> Encoder:
        encoder = load(
            str(model_folder(name, self._settings.models_folder)),
            texts=self._texts or not self._images,
            images=self._images,
            options=self._settings.engine_options,
        )
        if self._texts:
            # Loading it has tried it with a few texts: a single one and the widest batch are left.
            for count in (1, contract.MAX_BATCH):
                encoder.encode_questions(["warm-up"] * count)
        return encoder

    def _register(self, name: str, encoder: Encoder, at_once: str | None = None) -> SpaceRecord:
        folder = Path(name).expanduser()
        return register_space(
            self._store,
            name=encoder.name,
            revision=encoder.revision,
            dim=encoder.dim,
            preprocessing=encoder.preprocessing,
            similar=encoder.similar,
            photographs=knows_photographs(model_folder(name, self._settings.models_folder)),
            source=str(folder.absolute()) if len(folder.parts) > 1 else name,
            at_once=at_once,
        )

    def _model(self, name: str, encoder: Encoder, space: SpaceRecord) -> Model:
        """Make a model's text towers known; raises DatabaseError."""
        towers, is_measured = None, False
        if self._texts:
            folder = model_folder(name, self._settings.models_folder)
            drawn = extended_by_packs(folder)  # what packs are made for
            packs = PackStore(self._settings.packs_folder, drawn, self._settings.engine_options)
            # What is bundled brings its curves, or has none that would be worth anything.
            is_measured = folder.parent != BUNDLED and measures(encoder)

            def register(routed: Encoder, packs: Sequence[Pack]) -> None:
                known = {pack.revision: pack.languages for pack in packs}
                known[encoder.text_revision] = tuple(encoder.languages)
                known[routed.text_revision] = tuple(routed.languages)
                default = routed.text_revision
                register_text_towers(self._store, space.id, known, default=default)

            towers = TextTowers(InstalledPacks(encoder, packs), register)
            towers.register()
        return Model(name, encoder, space, towers, is_measured)

    def _add(self, model: Model) -> None:
        self._models = {**self._models, model.space.id: model}
        give_back_memory()


def _patiently(work: Callable[[], None]) -> None:
    """Do something with a database that is still being started; raises DatabaseError."""
    give_up = time.monotonic() + STARTUP_PATIENCE_S
    while True:
        try:
            work()
        except (DatabaseUnavailableError, SchemaMissingError) as error:
            if time.monotonic() > give_up:
                raise
            logger.info("database_awaited", extra={"reason": str(error)})
            time.sleep(0.1)
        else:
            return
