"""Captions in some sixty languages for one thousand drawings: the stamps of Tux Paint."""

import re
from collections.abc import Iterator
from pathlib import Path

from workers.training import sources

_LINE = re.compile(r"^([A-Za-z]{2,3})(?:_[A-Z]{2})?(?:@\w+)?\.utf8=(.+)$")


def tuxpaint(cache: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (language, caption, English caption); English comes as ("en", caption, caption)."""
    folder = sources.debian_folder(
        "tuxpaint-stamps-default", Path("/usr/share/tuxpaint/stamps"), cache
    )
    for path in sorted(folder.rglob("*.txt")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if not lines or not lines[0].strip():
            continue
        english = lines[0].strip().rstrip(".")
        yield "en", english, english
        for line in lines[1:]:
            found = _LINE.match(line.strip())
            if found and (caption := found[2].strip(" .।|。")):
                yield found[1], caption, english
