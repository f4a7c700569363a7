"""Formatted texts on the fake Telegram: what parse_mode makes of them, and what is seen anyway."""

from __future__ import annotations

import html
import json
import re

from tests.acceptance import telegram_limits as limits
from tests.acceptance.telegram_limits import Json, length, refuse

_SEEN = (
    ("bot_command", re.compile(r"(?<!\S)/\w{1,32}(?:@\w+)?(?!\S)", re.A)),
    ("mention", re.compile(r"(?<!\w)@\w{5,}", re.A)),
    ("hashtag", re.compile(r"(?<!\w)#\w+")),
    ("url", re.compile(r"\bhttps?://[^\s<>]+")),
)
_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(r"<(/?)([a-zA-Z0-9-]*)([^>]*)>|<")
_MARKS = {
    "*": "bold",
    "__": "underline",
    "_": "italic",
    "~": "strikethrough",
    "||": "spoiler",
    "```": "pre",
    "`": "code",
}
_MARK = re.compile(r"```|\|\||__|[*_~`]|\]\(|\[")
_RESERVED = set("_*[]()~`>#+-=|{}.!")


def detected(text: str) -> list[Json]:
    """Mark commands, mentions, hashtags and addresses, in UTF-16 units, as the server does."""
    return [
        {"type": kind, "offset": length(text[: match.start()]), "length": length(match[0])}
        for kind, rule in _SEEN
        for match in rule.finditer(text)
    ]


def formatted(
    call: Json, name: str = "text", most: int = limits.MAX_TEXT
) -> tuple[str, list[Json]]:
    """Return a text and its entities as they are shown; refuse one that is too long by then."""
    text = call.get(name) or ""
    mode = (call.get("parse_mode") or "").lower()
    given = call.get("entities" if name == "text" else "caption_entities")
    entities: list[Json] = []
    if mode == "html":
        text, entities = _html(text)
    elif mode == "markdownv2":
        text, entities = _markdown(text)
    elif mode:
        refuse(mode != "markdown", "unsupported parse_mode")
        refuse(mode, "this server does not know the old Markdown")
    elif given:
        entities = json.loads(given) if isinstance(given, str) else given
        outside = any(one["offset"] + one["length"] > length(text) for one in entities)
        refuse(outside, "entity is outside of the text")
    start = length(text) - length(text.lstrip())
    text = text.strip()
    kept = [{**one, "offset": max(0, one["offset"] - start)} for one in entities]
    too_long = "message is too long" if name == "text" else "message caption is too long"
    refuse(length(text) > most, too_long)
    return text, (kept + detected(text))[: limits.MAX_ENTITIES]


def _html(source: str) -> tuple[str, list[Json]]:
    text, at, entities = "", 0, []
    opened: list[tuple[str, int, Json]] = []
    for match in _TAG.finditer(source):
        text += html.unescape(source[at : match.start()])
        at = match.end()
        byte = len(source[: match.start()].encode())
        closes, tag = match[1] == "/", (match[2] or "").lower()
        if closes:
            _parse(not opened, f"Unexpected end tag at byte offset {byte}")
            name, start, more = opened.pop()
            found = f'expected "</{name}>", found "</{tag}>"'
            wrong = tag not in {"", name}
            _parse(wrong, f"Unmatched end tag at byte offset {byte}, {found}")
            entities.append(_entity(_TAGS[name], text, start) | more)
        else:
            _parse(tag not in _TAGS, f'Unsupported start tag "{tag}" at byte offset {byte}')
            link = re.search(r'href\s*=\s*["\']?([^"\'\s>]+)', match[3] or "")
            opened.append((tag, length(text), {"url": link[1]} if link and tag == "a" else {}))
    text += html.unescape(source[at:])
    if opened:
        _parse(True, f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return text, [one for one in entities if one["length"]]


def _markdown(source: str) -> tuple[str, list[Json]]:
    text, at, entities = "", 0, []
    opened: list[tuple[str, int]] = []
    while at < len(source):
        byte = len(source[:at].encode())
        in_code = bool(opened) and opened[-1][0] in {"`", "```"}
        character, mark = source[at], _MARK.match(source, at)
        if character == "\\" and at + 1 < len(source) and ord(source[at + 1]) < 127:
            text, at = text + source[at + 1], at + 2
        elif in_code and not source.startswith(opened[-1][0], at):
            text, at = text + character, at + 1
        elif mark and mark[0] == "](" and opened and opened[-1][0] == "[":
            end = source.find(")", at)
            _parse(end < 0, f"Can't find end of a URL at byte offset {byte}")
            link = {"url": source[at + 2 : end]}
            entities.append(_entity("text_link", text, opened.pop()[1]) | link)
            at = end + 1
        elif mark and opened and opened[-1][0] == mark[0]:
            entities.append(_entity(_MARKS[mark[0]], text, opened.pop()[1]))
            at = mark.end()
        elif mark and mark[0] in {*_MARKS, "["}:
            opened.append((mark[0], length(text)))
            at = mark.end()
        elif character == ">" and (not text or text.endswith("\n")):
            at += 1
        else:
            _parse(
                character in _RESERVED,
                f"Character '{character}' is reserved and must be escaped with the preceding '\\'",
            )
            text, at = text + character, at + 1
    if opened:
        kind = _MARKS.get(opened[-1][0], "url").capitalize()
        _parse(True, f"Can't find end of {kind} entity at byte offset {opened[-1][1]}")
    return text, [one for one in entities if one["length"]]


def _entity(kind: str, text: str, start: int) -> Json:
    return {"type": kind, "offset": start, "length": length(text) - start}


def _parse(is_wrong: object, description: str) -> None:
    refuse(is_wrong, f"can't parse entities: {description}")
