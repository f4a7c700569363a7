"""Which pictures of a collection a search is about, as conditions on ``images``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import sql

_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions on pictures; those left at their defaults leave none out."""

    tag: str = ""
    uploader_id: str = ""
    hidden: tuple[int, ...] = ()
    sees: frozenset[str] | None = None
    """Channels whose pictures may be shown; None: all."""

    @property
    def narrows(self) -> bool:
        """Whether the row of a picture has to be looked at (``hidden`` needs its id only)."""
        return bool(self.tag or self.uploader_id or self.sees is not None)

    @property
    def shape(self) -> Selection:
        """The same for all selections whose conditions are the same but for their values."""
        return Selection(
            "tag" if self.tag else "",
            "uploader" if self.uploader_id else "",
            (0,) if self.hidden else (),
            None if self.sees is None else frozenset(),
        )

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of the conditions."""
        return {
            "tag": self.tag,
            "uploader": self.uploader_id,
            # Ids come from buttons too: some are larger than any number of Postgres.
            "hidden": [number for number in self.hidden if number <= _LARGEST_ID],
            "sees": sorted(self.sees or ()),
        }

    def condition(self, alias: str) -> sql.Composable:
        """Return the condition on the row of ``images`` named ``alias``, but for ``hidden``."""
        parts: list[sql.Composable] = [sql.SQL("true")]
        image = sql.Identifier(alias)
        if self.tag:
            parts.append(sql.SQL("{}.tags @> ARRAY[%(tag)s]").format(image))
        if self.uploader_id:
            parts.append(sql.SQL("{}.uploader_id = %(uploader)s").format(image))
        if self.sees is not None:
            parts.append(
                sql.SQL(
                    "(NOT {image}.confined OR EXISTS (SELECT FROM image_sources s"
                    " WHERE s.image_id = {image}.id AND s.channel = ANY(%(sees)s)))"
                ).format(image=image)
            )
        return sql.SQL(" AND ").join(parts)

    def left_out(self, alias: str, column: str) -> sql.Composable:
        """Return the condition on a column of ids that leaves out the hidden, with AND before it.

        A subquery is hashed; an array only where the plan is made for its very value.
        """
        if not self.hidden:
            return sql.SQL("")
        hidden = sql.SQL("AND {} NOT IN (SELECT unnest(%(hidden)s::bigint[]))")
        return hidden.format(sql.Identifier(alias, column))

    def source(self, alias: str) -> sql.Composable:
        """Return a FROM item ``source`` (channel, message): the first to be shown, if any."""
        seen = "true" if self.sees is None else "s.channel = ANY(%(sees)s)"
        return sql.SQL(
            "LEFT JOIN LATERAL (SELECT s.channel, s.message FROM image_sources s"
            " WHERE s.image_id = {image}.id AND s.message <> '' AND {seen}"
            " ORDER BY length(s.message), s.message LIMIT 1) source ON true"
        ).format(image=sql.Identifier(alias), seen=sql.SQL(seen))


EVERYTHING = Selection()
