"""``python -m bot ask``: one question, answered in the terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bot.app import LOCAL_COLLECTION, App, connected
from bot.core.messages import Ask, FindSimilar, Hit, Incoming, PictureKind, Reply, Tone
from bot.settings import BotSettings
from bot.terminal.console import (
    errors,
    local_person,
    output,
    prepare_samples,
    terminal_language,
    warm_up,
)
from db.blobs import original


@dataclass(frozen=True, slots=True)
class AskOptions:
    """What was typed behind ``ask``."""

    question: str
    image: Path | None
    limit: int
    as_json: bool
    sheet: Path | None
    everything: bool = False


async def ask(settings: BotSettings, options: AskOptions) -> int:
    """Answer one question; returns the exit code."""
    request: Ask | FindSimilar = Ask(options.question, everything=options.everything)
    if options.image is not None:
        try:
            request = FindSimilar(options.image.read_bytes(), options.everything)
        except OSError as error:
            errors.print(f"{options.image}: {error.strerror}", style="red", markup=False)
            return 2
    async with connected(settings, "ask", lambda line: errors.print(line, style="dim")) as app:
        if not await warm_up(app):
            return 1
        await prepare_samples(app)
        reply = await _answer(app, request, options.limit)
        if reply.tone is Tone.ERROR:
            errors.print(reply.text, style="red", markup=False)
            return 1
        if options.as_json:
            output.print_json(json.dumps([_as_dict(app, hit) for hit in reply.hits]))
        elif not reply.hits:
            output.print(reply.text, markup=False)
            if reply.choices:
                errors.print("--all shows the closest pictures.", style="dim")
        else:
            output.print(_table(app, reply.hits))
        if options.sheet is not None:
            await _sheet(app, reply, options.sheet)
    return 0


async def _answer(app: App, request: Ask | FindSimilar, limit: int) -> Reply:
    incoming = Incoming(
        LOCAL_COLLECTION, local_person(), terminal_language(), request, page_size=limit
    )
    reply = Reply("")
    async for answer in app.conversation.handle(incoming):
        reply = answer
    return reply


def _path(app: App, hit: Hit) -> str:
    """Return where the picture lies: the file it was indexed from, else the stored original."""
    if hit.source_path and Path(hit.source_path).exists():
        return hit.source_path
    stored = app.blobs.path(original(hit.sha256))
    return original(hit.sha256) if stored is None else str(stored)


def _as_dict(app: App, hit: Hit) -> dict[str, object]:
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "relevance": None if hit.relevance is None else round(hit.relevance, 4),
        "id": hit.image_id,
        "caption": hit.caption,
        "path": _path(app, hit),
    }


def _table(app: App, hits: tuple[Hit, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("rank", justify="right")
    is_calibrated = any(hit.relevance is not None for hit in hits)
    table.add_column("relevance" if is_calibrated else "score", justify="right")
    table.add_column("name")
    table.add_column("path", style="dim", overflow="fold")
    for hit in hits:
        table.add_row(str(hit.rank), _measure(hit), hit.caption, _path(app, hit))
    return table


def _measure(hit: Hit) -> str:
    return f"{hit.score:.3f}" if hit.relevance is None else f"{hit.relevance:.0%}"


async def _sheet(app: App, reply: Reply, path: Path) -> None:
    from bot.terminal.contact_sheet import contact_sheet

    pictures = []
    for hit in reply.hits:
        picture = await app.conversation.picture(
            LOCAL_COLLECTION, hit.image_id, PictureKind.RENDITION
        )
        pictures.append(picture.content if picture is not None else None)
    labels = [f"{hit.rank}. {hit.caption}" for hit in reply.hits]
    try:
        contact_sheet(reply.text, pictures, labels).save(path)
    except (OSError, ValueError) as error:
        errors.print(f"{path}: {error}", style="red", markup=False)
    else:
        errors.print(f"Contact sheet: {path}", style="dim", markup=False)
