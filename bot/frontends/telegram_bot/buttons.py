"""The buttons under an answer; their signs need no translation."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.core import commands
from bot.core.commands import Command
from bot.core.messages import Delete, Hit, More, MoreLikeThis, NotThis, Reply

A_ROW = 5

Row = Sequence[InlineKeyboardButton]


def keyboard(
    hits: Sequence[Hit], reply: Reply, *, only_delete: bool = False
) -> InlineKeyboardMarkup | None:
    """Return the buttons under an answer that shows these hits."""
    span = reply.span
    token = span.token if span is not None else ""
    rows: list[Row] = []
    if not only_delete:
        rows += in_rows([button(f"🔎 {hit.rank}", MoreLikeThis(hit.image_id)) for hit in hits])
        if span is not None and token and span.total > 1:
            rows += in_rows(
                [
                    button(f"🚫 {hit.rank}", NotThis(token, span.offset, hit.image_id))
                    for hit in hits
                ]
            )
    rows += in_rows(
        [button(f"🗑 {hit.rank}", Delete(hit.image_id)) for hit in hits if hit.can_delete]
    )
    paging = []
    if span is not None and token and span.previous_offset is not None:
        paging.append(button("⬅", More(token, span.previous_offset)))
    paging += [button(choice.label, choice.request) for choice in reply.choices]
    if paging:
        rows.append(paging)
    return InlineKeyboardMarkup(rows) if rows else None


def without(markup: InlineKeyboardMarkup, image_id: int) -> InlineKeyboardMarkup | None:
    """Return the buttons without those of a picture that is gone."""
    rows = [[one for one in row if not _is_about(one, image_id)] for row in markup.inline_keyboard]
    rows = [row for row in rows if row]
    return InlineKeyboardMarkup(rows) if rows else None


def only_deletes(markup: InlineKeyboardMarkup | None) -> bool:
    """Tell whether an answer offers its pictures for nothing but deletion."""
    if markup is None:
        return False
    requests = [commands.decode(_data(one)) for row in markup.inline_keyboard for one in row]
    kinds = {type(request) for request in requests}
    return Delete in kinds and MoreLikeThis not in kinds


def button(label: str, request: Command) -> InlineKeyboardButton:
    """Return a button for one of the core's requests."""
    return InlineKeyboardButton(label, callback_data=commands.encode(request))


def in_rows(buttons: Sequence[InlineKeyboardButton], a_row: int = A_ROW) -> list[Row]:
    """Lay buttons out."""
    return [buttons[start : start + a_row] for start in range(0, len(buttons), a_row)]


def _is_about(one: InlineKeyboardButton, image_id: int) -> bool:
    request = commands.decode(_data(one))
    return not isinstance(request, More) and getattr(request, "image_id", None) == image_id


def _data(one: InlineKeyboardButton) -> str:
    return one.callback_data if isinstance(one.callback_data, str) else ""
