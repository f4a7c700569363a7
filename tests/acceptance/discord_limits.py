"""Discord's numbers, each with its page in discord-api-docs, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass, field

# resources/message
CONTENT_CHARACTERS = 2000
EMBEDS = 10
ATTACHMENTS = 10
DESCRIPTION_CHARACTERS = 1024
HISTORY_PAGE = 100
# resources/message, embed limits
EMBED_CHARACTERS = 6000
EMBED_TITLE_CHARACTERS = 256
EMBED_DESCRIPTION_CHARACTERS = 4096
EMBED_FIELDS = 25
EMBED_FIELD_NAME_CHARACTERS = 256
EMBED_FIELD_VALUE_CHARACTERS = 1024
EMBED_FOOTER_CHARACTERS = 2048
EMBED_AUTHOR_CHARACTERS = 256
# reference, uploading files
FILE_BYTES = 10 * 2**20
REQUEST_BYTES = 25 * 2**20
# components/reference
CUSTOM_ID_CHARACTERS = 100
LABEL_CHARACTERS = 80
ROWS = 5
BUTTONS_A_ROW = 5
SELECT_OPTIONS = 25
SELECT_VALUES = 25
OPTION_CHARACTERS = 100
PLACEHOLDER_CHARACTERS = 150
COMPONENTS = 40
GALLERY_ITEMS = 10
TEXT_DISPLAY_CHARACTERS = 4000
SECTION_TEXTS = 3
MODAL_TITLE_CHARACTERS = 45
MODAL_PARTS = 5
TEXT_INPUT_LABEL_CHARACTERS = 45
TEXT_INPUT_PLACEHOLDER_CHARACTERS = 100
TEXT_INPUT_CHARACTERS = 4000
# interactions/application-commands
COMMANDS = 100
CONTEXT_MENUS = 15
COMMAND_NAME_CHARACTERS = 32
COMMAND_DESCRIPTION_CHARACTERS = 100
COMMAND_OPTIONS = 25
COMMAND_CHARACTERS = 8000
CHOICES = 25
CHOICE_CHARACTERS = 100
STRING_OPTION_CHARACTERS = 6000
LARGEST_INTEGER = 2**53
# interactions/receiving-and-responding
ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LIFE_S = 15 * 60.0
# Not in the docs; what users have measured, discord-api-docs issue 2701.
FOLLOWUPS = 5
FOLLOWUPS_WITHIN_S = 2.0
# topics/gateway
PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15
MESSAGE_CONTENT_INTENT = 1 << 15
# resources/application: the flag of an app that was granted it, and of a small one that asked
MESSAGE_CONTENT_FLAGS = 1 << 18 | 1 << 19

# resources/message, message flags
SUPPRESS_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
COMPONENTS_V2 = 1 << 15

# topics/permissions
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
USE_APPLICATION_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
SEND_MESSAGES_IN_THREADS = 1 << 38
ALL_PERMISSIONS = (1 << 53) - 1

# reference, locales
LOCALES = frozenset(
    (
        *("id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu"),
        *("nl", "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru"),
        *("uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko"),
    )
)


class RefusedError(Exception):
    """The request gets this status and code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class UploadedFile:
    """A file as it came in."""

    filename: str
    content: bytes
    description: str | None = None
    id: int = field(default=0, compare=False)
    """Its attachment's; given by Discord."""


def form(is_right: object, message: str) -> None:
    """Refuse a body that is not right."""
    if not is_right:
        raise RefusedError(400, 50035, f"Invalid Form Body: {message}")


def form_length(text: str | None, name: str, most: int, least: int = 0) -> None:
    """Refuse a text that is too long or too short."""
    form(least <= len(text or "") <= most, f"{name}: Must be between {least} and {most} in length.")
