"""Every sentence the core says, in English; the catalogues under ``locales`` translate them.

``_`` only marks a sentence for extraction; :class:`bot.core.texts.Texts` translates it. The
sentences with plural forms stand where they are used, in :mod:`bot.core.conversation`.
"""

from __future__ import annotations


def _(sentence: str) -> str:
    return sentence


SENTENCES = {
    "found": _("Pictures for “{question}”"),
    "similar": _("Pictures that look like this"),
    "like_this": _("Pictures like “{caption}”"),
    "newest": _("The newest pictures"),
    "more": _("More"),
    "no_more": _("That was all there is."),
    "nothing_found": _("I found nothing that fits."),
    "nothing_fits": _("Nothing here fits well. Perhaps it helps to ask in other words."),
    "closest": _("Nothing here fits well. Closest:"),
    "less_likely": _("Show less likely ones"),
    "many_fit": _("{first} to {last} of more than {number} pictures that fit"),
    "empty_collection": _("There are no pictures here yet. Add some, then ask me again."),
    "preparing": _("The first pictures are being prepared. Please ask me again in a moment."),
    "adding": _("Adding pictures: {done} of {total}"),
    "nothing_to_add": _("There was no picture to add."),
    "next_encoder": _("The new encoder is being prepared: {done} of {number} pictures"),
    "photographs": _(
        "These look like photographs, and I know little of those yet. Whoever runs me can change "
        "that: {command}"
    ),
    "deleted": _("“{caption}” is deleted."),
    "question_empty": _("Tell me in words what the picture should show, in any language."),
    "question_too_long": _("That is a long question. Please use at most {limit} characters."),
    "not_allowed": _("You may not do that here. Please ask an admin of this collection."),
    "search_not_allowed": _("Only certain people may search here. Please ask an admin."),
    "image_gone": _("That picture is not here any more."),
    "page_expired": _("I have forgotten what that question was. Please ask it again."),
    "too_many_questions": _("That was a lot at once. Please ask me again in {seconds} s."),
    "unavailable": _("The search is not reachable right now. Please try again in a moment."),
    "warming_up": _("The search is still warming up. Please try again in a moment."),
    "unexpected": _("Sorry, something went wrong here (incident {incident}). Please try again."),
}

REFUSALS = {
    "empty": _("The file is empty."),
    "too_large": _("The file is too large."),
    "too_many_pixels": _("The picture has too many pixels."),
    "not_a_picture": _("This is not a picture I can read."),
    "unsupported": _("I cannot read this kind of file. Please send JPEG, PNG, GIF or WebP."),
    "truncated": _("The picture is damaged or incomplete."),
    "missing": _("The file could not be read."),
    "crashed": _("The picture could not be processed, even after several tries."),
    "unavailable": _("The store is not reachable right now. Please try again in a moment."),
}
