"""What the numbers below an answer do; the signs below them switch it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.commands import Command
from bot.core.messages import Delete, MoreLikeThis, NotThis

SIGNS = {"l": "🔎", "n": "🚫", "d": "🗑"}
"""They need no translation; in the order in which they are shown."""
PRESS = re.compile(r"x:(?:([ld])|(n):([A-Za-z0-9_-]{1,24}):([0-9]{1,9}))")


@dataclass(frozen=True, slots=True)
class Mode:
    """What the press of a number asks for."""

    kind: str
    token: str = ""
    """With the offset, for 🚫: the page that is answered anew."""
    offset: int = 0

    @property
    def sign(self) -> str:
        """What numbers carry in this mode."""
        return SIGNS[self.kind]

    @property
    def data(self) -> str:
        """What stands behind the button that turns it on; at most 38 bytes."""
        return f"x:n:{self.token}:{self.offset}" if self.kind == "n" else f"x:{self.kind}"

    def request(self, image_id: int) -> Command:
        """Return what a picture's number asks for."""
        if self.kind == "n":
            return NotThis(self.token, self.offset, image_id)
        return MoreLikeThis(image_id) if self.kind == "l" else Delete(image_id)


LIKE, DELETE = Mode("l"), Mode("d")


def pressed(data: str) -> Mode | None:
    """Read which mode a button turns on; None for other buttons."""
    press = PRESS.fullmatch(data)
    if press is None:
        return None
    kind, hides, token, offset = press.groups()
    return Mode(hides, token, int(offset)) if hides else Mode(kind)


def of_request(request: MoreLikeThis | NotThis | Delete) -> Mode:
    """Return the mode in which a number asks for this."""
    if isinstance(request, NotThis):
        return Mode("n", request.token, request.offset)
    return LIKE if isinstance(request, MoreLikeThis) else DELETE
