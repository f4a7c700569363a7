"""A handful of photographs that may be given to everybody; README.md says whose they are."""

from dataclasses import dataclass
from importlib import resources

CAPTIONS = {
    "cat.jpg": "Chelsea the cat · Stefan van der Walt, CC0",
    "coffee.jpg": "Coffee · Rachel Michetti, CC0",
    "astronaut.jpg": "Eileen Collins, astronaut · NASA",
    "rocket.jpg": "Falcon 9 · SpaceX",
    "cameraman.jpg": "A man with a camera · Lav Varshney, CC0",
    "galaxies.jpg": "Hubble eXtreme Deep Field · NASA",
}


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph: its file's name and bytes, and what stands below it."""

    name: str
    content: bytes
    caption: str


def photographs() -> list[Photograph]:
    """Return the photographs."""
    folder = resources.files(__name__)
    return [
        Photograph(name, folder.joinpath(name).read_bytes(), caption)
        for name, caption in CAPTIONS.items()
    ]
