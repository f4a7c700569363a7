"""What the fake Discord refuses of buttons, lists, V2 layouts and dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.acceptance import discord_limits as limits
from tests.acceptance.discord_limits import form, form_length
from tests.acceptance.discord_messages import all_parts

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR = 9, 10, 11, 12, 13, 14
CONTAINER, LABEL, FILE_UPLOAD = 17, 18, 19
SELECTS = {STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT}
LINK, PREMIUM = 5, 6
_TOP = {ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER}
_DEFAULTS = {
    USER_SELECT: {"user"},
    ROLE_SELECT: {"role"},
    MENTIONABLE_SELECT: {"user", "role"},
    CHANNEL_SELECT: {"channel"},
}


def check_components(rows: Sequence[dict[str, Any]]) -> None:
    """Refuse rows of buttons and lists that Discord would not show."""
    form(len(rows) <= limits.ROWS, "components: Must be 5 or fewer in length.")
    for row in rows:
        form(row["type"] == ROW, "components: the top level takes action rows")
        _check_row(row)
    _check_ids(rows)


def check_layout(components: Sequence[dict[str, Any]], filenames: set[str]) -> None:
    """Refuse a V2 layout that Discord would not show."""
    form(components, "components: a V2 message needs some")
    parts = list(all_parts(components))
    form(len(parts) <= limits.COMPONENTS, "components: Must be 40 or fewer in total.")
    texts = [part.get("content", "") for part in parts if part["type"] == TEXT_DISPLAY]
    total = sum(map(len, texts))
    form(total <= limits.TEXT_DISPLAY_CHARACTERS, "components: texts exceed 4000 in total")
    for part in components:
        form(part["type"] in _TOP, f"components: type {part['type']} is not for the top level")
        if part["type"] == CONTAINER:
            form(part["components"], "components: a container holds something")
            for inner in part["components"]:
                form(inner["type"] in _TOP - {CONTAINER}, "components: not for a container")
                _check_part(inner, filenames)
        else:
            _check_part(part, filenames)
    _check_ids(components)


def _check_part(part: dict[str, Any], filenames: set[str]) -> None:
    match part["type"]:
        case 1:
            _check_row(part)
        case 9:
            inner = part["components"]
            form(1 <= len(inner) <= limits.SECTION_TEXTS, "components: 1 to 3 in a section")
            form(all(item["type"] == TEXT_DISPLAY for item in inner), "components: texts only")
            accessory = part.get("accessory") or {}
            form(accessory.get("type") in {BUTTON, THUMBNAIL}, "accessory: button or thumbnail")
            if accessory["type"] == BUTTON:
                _check_button(accessory)
            else:
                _check_media(accessory, filenames)
        case 10:
            form(part.get("content"), "content: This field is required")
        case 12:
            items = part["items"]
            form(1 <= len(items) <= limits.GALLERY_ITEMS, "items: Must be between 1 and 10.")
            for item in items:
                _check_media(item, filenames)
        case 13:
            _check_media({"media": part["file"]}, filenames)
            form(part["file"]["url"].startswith("attachment://"), "file: attachments only")


def _check_media(item: dict[str, Any], filenames: set[str]) -> None:
    form_length(item.get("description"), "description", limits.DESCRIPTION_CHARACTERS)
    url = item["media"]["url"]
    if url.startswith("attachment://"):
        form(url.removeprefix("attachment://") in filenames, f"url: {url} is not attached")
    else:
        form(url.startswith(("https://", "http://")), "url: Scheme must be http, https, attachment")


def _check_row(row: dict[str, Any]) -> None:
    parts = row["components"]
    form(1 <= len(parts) <= limits.BUTTONS_A_ROW, "components: 1 to 5 in a row")
    for part in parts:
        if part["type"] == BUTTON:
            _check_button(part)
        else:
            form(part["type"] in SELECTS, f"components: type {part['type']} is not for a row")
            form(len(parts) == 1, "components: a select fills its row")
            _check_select(part)


def _check_button(button: dict[str, Any]) -> None:
    form_length(button.get("label"), "label", limits.LABEL_CHARACTERS)
    if button["style"] == PREMIUM:
        form("sku_id" in button and "custom_id" not in button, "sku_id: required")
        return
    form(button.get("label") or button.get("emoji"), "label: a label or an emoji is required")
    if button["style"] == LINK:
        form("custom_id" not in button, "custom_id: not for a link")
        form(1 <= len(button.get("url") or "") <= 512, "url: 1 to 512")
    else:
        form(1 <= button["style"] < LINK, "style: 1 to 6")
        form("url" not in button or button["url"] is None, "url: for links only")
        form("custom_id" in button, "custom_id: This field is required")


def _check_select(select: dict[str, Any]) -> None:
    form_length(select.get("placeholder"), "placeholder", limits.PLACEHOLDER_CHARACTERS)
    form("custom_id" in select, "custom_id: This field is required")
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    form(0 <= least <= limits.SELECT_VALUES, "min_values: 0 to 25")
    form(max(1, least) <= most <= limits.SELECT_VALUES, "max_values: 1 to 25, not below min_values")
    if select["type"] == STRING_SELECT:
        _check_options(select, most)
        return
    form(not select.get("options"), "options: for lists of texts only")
    defaults = select.get("default_values") or []
    allowed = _DEFAULTS[select["type"]]
    form(all(item["type"] in allowed for item in defaults), f"default_values: {allowed} only")
    form(not defaults or least <= len(defaults) <= most, "default_values: between min and max")


def _check_options(select: dict[str, Any], most: int) -> None:
    options = select["options"]
    form(1 <= len(options) <= limits.SELECT_OPTIONS, "options: Must be between 1 and 25 in length.")
    form(most <= len(options), "max_values: more than there are options")
    for option in options:
        form_length(option["label"], "label", limits.OPTION_CHARACTERS, 1)
        form_length(option["value"], "value", limits.OPTION_CHARACTERS, 1)
        form_length(option.get("description"), "description", limits.OPTION_CHARACTERS)
    values = [option["value"] for option in options]
    form(len(values) == len(set(values)), "options: The specified option value is already used")
    defaults = [option for option in options if option.get("default")]
    form(len(defaults) <= most, "options: more defaults than max_values")


def check_modal(data: dict[str, Any]) -> None:
    """Refuse a dialog that Discord would not show."""
    form_length(data.get("title"), "title", limits.MODAL_TITLE_CHARACTERS, 1)
    form_length(data.get("custom_id"), "custom_id", limits.CUSTOM_ID_CHARACTERS, 1)
    parts = data["components"]
    form(1 <= len(parts) <= limits.MODAL_PARTS, "components: 1 to 5 in a dialog")
    for part in parts:
        form(part["type"] in {ROW, LABEL, TEXT_DISPLAY}, "components: rows and labels only")
        if part["type"] == LABEL:
            form_length(part.get("label"), "label", limits.TEXT_INPUT_LABEL_CHARACTERS, 1)
            form_length(part.get("description"), "description", limits.OPTION_CHARACTERS)
            form(part["component"]["type"] in {TEXT_INPUT, *SELECTS, FILE_UPLOAD}, "not for labels")
        if part["type"] == ROW:
            inner = part["components"]
            form(len(inner) == 1 and inner[0]["type"] == TEXT_INPUT, "components: a text in a row")
            form_length(inner[0].get("label"), "label", limits.TEXT_INPUT_LABEL_CHARACTERS, 1)
    for item in all_parts(parts):
        if item["type"] == TEXT_INPUT:
            hint = item.get("placeholder")
            form_length(hint, "placeholder", limits.TEXT_INPUT_PLACEHOLDER_CHARACTERS)
            form_length(item.get("value"), "value", limits.TEXT_INPUT_CHARACTERS)
    _check_ids(parts)


def _check_ids(components: Sequence[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for part in all_parts(components):
        if part.get("custom_id") is None:
            continue
        custom_id = part["custom_id"]
        form_length(custom_id, "custom_id", limits.CUSTOM_ID_CHARACTERS, 1)
        form(custom_id not in seen, "custom_id: Component custom id cannot be duplicated")
        seen.add(custom_id)
