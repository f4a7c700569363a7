"""Puts errors, pictures found and pictures added into words."""

from __future__ import annotations

from bot.core.errors import CoreError, PictureRefusedError
from bot.core.messages import Choice, Hit, Incoming, More, Reply, Span, Tone
from bot.core.numbers import grouped
from bot.core.policy import may_delete
from bot.core.ports import Added, Match
from bot.core.questions import NewestQuery, TextQuery
from bot.core.search import Page
from bot.core.sentences import REFUSALS, SENTENCES
from bot.core.texts import Texts

MAX_TITLE_CHARACTERS = 200
"""Of a question in the line above the pictures."""


def explain(error: CoreError, texts: Texts) -> Reply:
    """Put an error into the person's words."""
    if isinstance(error, PictureRefusedError):
        text = texts.say(REFUSALS.get(error.reason, REFUSALS["not_a_picture"]), **error.params)
        return Reply(text, Tone.ERROR, code=f"picture_{error.reason}")
    text = texts.say(SENTENCES[error.code], **error.params)
    return Reply(text, Tone.ERROR, code=error.code, retryable=error.retryable)


def _title(page: Page, shown: int, texts: Texts) -> str:
    """Say what was searched, and which of how many pictures these are."""
    query = page.question.query
    if isinstance(query, TextQuery):
        title = texts.say(SENTENCES["found"], question=_short(query.text))
    elif isinstance(query, NewestQuery):
        title = texts.say(SENTENCES["newest"])
    elif page.question.words:
        title = texts.say(SENTENCES["like_this"], caption=_short(page.question.words))
    else:
        title = texts.say(SENTENCES["similar"])
    where = _place(page, page.offset + 1, page.offset + shown, texts)
    if page.nothing_fits:
        return f"{texts.say(SENTENCES['closest'])}\n{title} · {where}"
    return f"{title} · {where}"


def _place(page: Page, first: int, last: int, texts: Texts) -> str:
    """Say which of how many pictures are shown."""
    if not page.is_cut:
        return texts.count(
            "{first} to {last} of {number} picture",
            "{first} to {last} of {number} pictures",
            page.total,
            first=first,
            last=last,
        )
    if page.has_more:
        # A round number: it takes the same grammar in every language.
        counted = page.total // 10 * 10
        return texts.say(SENTENCES["many_fit"], first=first, last=last, number=counted)
    if first == 1 and last == page.total:
        return texts.count("{number} picture fits", "{number} pictures fit", page.total)
    return texts.count(
        "{first} to {last} of {number} picture that fits",
        "{first} to {last} of {number} pictures that fit",
        page.total,
        first=first,
        last=last,
    )


def _short(words: str) -> str:
    """Shorten a question, so that platforms that allow few characters show what follows it."""
    if len(words) <= MAX_TITLE_CHARACTERS:
        return words
    return f"{words[: MAX_TITLE_CHARACTERS - 1].rstrip()}…"


def gallery(page: Page, incoming: Incoming, limit: int, texts: Texts) -> Reply:
    """Show the pictures found, or say that there are none."""
    rest: tuple[Choice, ...] = ()
    if page.rest:
        rest = (Choice(texts.say(SENTENCES["less_likely"]), More(page.rest, page.total)),)
    if not page.matches:
        if page.offset:
            return Reply(texts.say(SENTENCES["no_more"]), choices=rest)
        if page.state.image_count == 0:
            name = "preparing" if page.state.pending_count else "empty_collection"
            return Reply(texts.say(SENTENCES[name]))
        if page.is_cut:
            return Reply(texts.say(SENTENCES["nothing_fits"]), choices=rest)
        return Reply(texts.say(SENTENCES["nothing_found"]))
    hits = hits_of(page, incoming)
    total = max(page.total + page.has_more, page.offset + len(hits))
    span = Span(page.token, page.offset, total, limit)
    choices = rest
    if span.next_offset is not None and page.token:
        choices = (Choice(texts.say(SENTENCES["more"]), More(page.token, span.next_offset)),)
    return Reply(_title(page, len(hits), texts), hits=hits, choices=choices, span=span)


def _hit(match: Match, rank: int, question: str, incoming: Incoming) -> Hit:
    return Hit(
        image_id=match.image_id,
        rank=rank,
        score=match.score,
        caption=match.caption,
        alt_text=match.caption or question or f"№ {rank}",
        width=match.width,
        height=match.height,
        media_type=match.media_type,
        sha256=match.sha256,
        uploader_id=match.uploader_id,
        uploader_name=match.uploader_name,
        added_at=match.added_at,
        source_path=match.source_path,
        source_channel=match.source_channel,
        source_message=match.source_message,
        can_delete=may_delete(incoming.person, match.uploader_id),
        relevance=match.relevance,
    )


def hits_of(page: Page, incoming: Incoming) -> tuple[Hit, ...]:
    """Return the pictures found, as they are shown to the person who asked."""
    query = page.question.query
    question = query.text if isinstance(query, TextQuery) else page.question.words
    return tuple(
        _hit(match, page.offset + n, question, incoming) for n, match in enumerate(page.matches, 1)
    )


def progress(done: int, total: int, texts: Texts) -> Reply:
    """Tell how far the adding of pictures is."""
    text = texts.say(SENTENCES["adding"], done=done, total=total)
    return Reply(text, Tone.PROGRESS, done=done, total=total)


def next_encoder(preparing: tuple[int, int], texts: Texts) -> str:
    """Tell how many pictures the next encoder has, and of how many."""
    done, number = preparing
    return texts.say(SENTENCES["next_encoder"], done=grouped(done), number=grouped(number))


def summary(added: list[Added], *, unfinished: int, texts: Texts) -> Reply:
    """Tell what became of a batch of uploads."""
    new = sum(item.is_new and item.image_id is not None for item in added)
    known = sum(not item.is_new and item.image_id is not None for item in added)
    refused = [item for item in added if item.refusal is not None]
    lines = []
    if new:
        lines.append(
            texts.count("{number} picture was added.", "{number} pictures were added.", new)
        )
    if known:
        lines.append(
            texts.count(
                "{number} picture was here already.",
                "{number} pictures were here already.",
                known,
            )
        )
    if unfinished:
        lines.append(
            texts.count(
                "{number} of them is stored safely and will be found in a little while.",
                "{number} of them are stored safely and will be found in a little while.",
                unfinished,
            )
        )
    for item in refused:
        reason = texts.say(REFUSALS.get(item.refusal or "", REFUSALS["not_a_picture"]))
        lines.append(f"{item.filename}: {reason}" if item.filename else reason)
    if not added:
        lines.append(texts.say(SENTENCES["nothing_to_add"]))
    done_something = bool(new or known)
    return Reply(
        "\n".join(lines),
        Tone.DONE if done_something else Tone.ERROR,
        done=new + known,
        total=len(added),
        code="" if done_something else "nothing_added",
    )
