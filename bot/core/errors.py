"""Everything that can go wrong, as the conversation sees it."""

from __future__ import annotations


class CoreError(Exception):
    """Something went wrong that the person should be told.

    ``code`` is stable and names the sentence to say; ``retryable`` tells whether the same
    request may succeed later; ``params`` fill the sentence's gaps.
    """

    code = "unexpected"
    retryable = False

    def __init__(self, **params: object) -> None:
        super().__init__(self.code, params)
        self.params = params


class QuestionEmptyError(CoreError):
    """Nothing is left of the question once white space and invisible characters are gone."""

    code = "question_empty"


class QuestionTooLongError(CoreError):
    """The question is longer than ``limit`` characters."""

    code = "question_too_long"


class NotAllowedError(CoreError):
    """The person may not do that in this collection."""

    code = "not_allowed"


class SearchNotAllowedError(CoreError):
    """Only certain groups may search this collection, and the person is in none of them."""

    code = "search_not_allowed"


class TooManyQuestionsError(CoreError):
    """The person, or their whole server, asks faster than is good for the others.

    ``seconds`` says in how many the next question is welcome.
    """

    code = "too_many_questions"
    retryable = True


class ImageGoneError(CoreError):
    """The picture is not in the collection, or not any more."""

    code = "image_gone"


class PageExpiredError(CoreError):
    """The question behind a "more" button is forgotten."""

    code = "page_expired"


class PictureRefusedError(CoreError):
    """A picture cannot be used; ``reason`` is one of :data:`REFUSALS`."""

    code = "picture_refused"

    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(reason=reason, **params)
        self.reason = reason


REFUSALS = (
    "empty",
    "too_large",
    "too_many_pixels",
    "not_a_picture",
    "unsupported",
    "truncated",
    "missing",
    "crashed",
)


class UnavailableError(CoreError):
    """A part of the service is down or too slow; ``part`` says which (for the log)."""

    code = "unavailable"
    retryable = True


class WarmingUpError(CoreError):
    """No worker has loaded its model yet."""

    code = "warming_up"
    retryable = True
