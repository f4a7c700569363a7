"""The buttons under an answer: numbers that act in one mode, signs of the others, pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.core import commands
from bot.core.commands import Command
from bot.core.messages import Hit, More, Reply
from bot.frontends.telegram_bot.modes import DELETE, LIKE, SIGNS, Mode, of_request, pressed

A_ROW = 5

Row = Sequence[InlineKeyboardButton]


@dataclass(frozen=True, slots=True)
class _Below:
    """What stands below an answer."""

    ranks: dict[int, str]
    """The numbers of pictures, by their ids."""
    modes: tuple[Mode, ...]
    """All that can be on, in the order of their signs."""
    mode: Mode
    paging: tuple[InlineKeyboardButton, ...]
    rest: tuple[InlineKeyboardButton, ...] = ()
    """What leads to pictures that hardly fit; its label needs a row of its own."""

    @classmethod
    def read(cls, markup: InlineKeyboardMarkup) -> _Below:
        """Read what is there; also what was sent before there were modes."""
        ranks: dict[int, str] = {}
        acting: list[Mode] = []
        others: list[Mode] = []
        paging: list[InlineKeyboardButton] = []
        rest: list[InlineKeyboardButton] = []
        for is_alone, one in (
            (len(row) == 1, one) for row in markup.inline_keyboard for one in row
        ):
            data = one.callback_data if isinstance(one.callback_data, str) else ""
            request = commands.decode(data)
            if (other := pressed(data)) is not None:
                others.append(other)
            elif request is None or isinstance(request, More):
                # Alone below what it could stand beside; alone it is the same wherever it stands.
                (rest if is_alone and (others or paging) else paging).append(one)
            else:
                ranks.setdefault(request.image_id, one.text.rpartition(" ")[2])
                acting.append(of_request(request))
        mode = acting[0] if acting else LIKE
        return cls(ranks, _in_order([*acting, *others]), mode, tuple(paging), tuple(rest))

    def markup(self) -> InlineKeyboardMarkup | None:
        """Lay it out; a single picture has a button in every mode, and needs no signs."""
        rows: list[Row] = []
        last: list[InlineKeyboardButton] = []
        if len(self.ranks) == 1:
            rows.append(self._numbers(self.modes))
        elif self.ranks:
            rows += in_rows(self._numbers([self.mode]))
            last += [_sign(mode) for mode in self.modes if mode != self.mode]
        last += self.paging
        if last:
            rows.append(last)
        rows += [[one] for one in self.rest]
        return InlineKeyboardMarkup(rows) if rows else None

    def _numbers(self, modes: Sequence[Mode]) -> Row:
        return [
            button(f"{mode.sign} {rank}", mode.request(image_id))
            for image_id, rank in self.ranks.items()
            for mode in modes
        ]


def keyboard(
    hits: Sequence[Hit], reply: Reply, *, only_delete: bool = False, kind: str = LIKE.kind
) -> InlineKeyboardMarkup | None:
    """Return the buttons under an answer that shows these hits; the mode is on if it can be."""
    span = reply.span
    token = span.token if span is not None else ""
    modes = [] if only_delete else [LIKE]
    if span is not None and token and span.total > 1 and not only_delete:
        modes.append(Mode("n", token, span.offset))
    if only_delete or any(hit.can_delete for hit in hits):
        modes.append(DELETE)
    if only_delete:
        hits = [hit for hit in hits if hit.can_delete]
    mode = next((one for one in modes if one.kind == kind), modes[0])
    paging: list[InlineKeyboardButton] = []
    rest: list[InlineKeyboardButton] = []
    if span is not None and token and span.previous_offset is not None:
        paging.append(button("⬅", More(token, span.previous_offset)))
    for choice in reply.choices:
        (rest if choice == reply.rest else paging).append(button(choice.label, choice.request))
    ranks = {hit.image_id: str(hit.rank) for hit in hits}
    return _Below(ranks, tuple(modes), mode, tuple(paging), tuple(rest)).markup()


def switched(markup: InlineKeyboardMarkup, mode: Mode) -> InlineKeyboardMarkup | None:
    """Return the buttons with another mode on; None if there is nothing to change."""
    below = _Below.read(markup)
    if len(below.ranks) < 2 or mode == below.mode or mode not in below.modes:
        return None
    return replace(below, mode=mode).markup()


def without(markup: InlineKeyboardMarkup, image_id: int) -> InlineKeyboardMarkup | None:
    """Return the buttons without those of a picture that is gone."""
    below = _Below.read(markup)
    if image_id not in below.ranks:
        return markup
    ranks = {one: rank for one, rank in below.ranks.items() if one != image_id}
    return replace(below, ranks=ranks).markup()


def only_deletes(markup: InlineKeyboardMarkup | None) -> bool:
    """Tell whether an answer offers its pictures for nothing but deletion."""
    return markup is not None and _Below.read(markup).modes == (DELETE,)


def button(label: str, request: Command) -> InlineKeyboardButton:
    """Return a button for one of the core's requests."""
    return InlineKeyboardButton(label, callback_data=commands.encode(request))


def in_rows(buttons: Sequence[InlineKeyboardButton], a_row: int = A_ROW) -> list[Row]:
    """Lay buttons out."""
    return [buttons[start : start + a_row] for start in range(0, len(buttons), a_row)]


def _sign(mode: Mode) -> InlineKeyboardButton:
    return InlineKeyboardButton(mode.sign, callback_data=mode.data)


def _in_order(modes: Iterable[Mode]) -> tuple[Mode, ...]:
    order = list(SIGNS)
    return tuple(sorted(set(modes), key=lambda mode: order.index(mode.kind)))
