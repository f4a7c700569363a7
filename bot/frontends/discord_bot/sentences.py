"""What the bot says on Discord only, in English; see :mod:`bot.core.sentences`."""

from __future__ import annotations


def _(sentence: str) -> str:
    return sentence


SENTENCES = {
    "choose_like": _("More like this …"),
    "choose_not": _("Not this …"),
    "choose_delete": _("Delete …"),
    "share": _("Show everyone"),
    "not_yours": _("These buttons belong to someone else’s question. Use /search for your own."),
    "nothing_to_share": _("Not everybody here may see these pictures, so they stay with you."),
    "posted": _("Posted here: {links}"),
    "cannot_attach": _(
        "I may not attach pictures in this channel. An admin can give me the permission “Attach "
        "Files”, or you can ask me privately."
    ),
    "not_seen": _(
        "I cannot see the picture in that message. Open its menu → Apps → Find similar, or send me "
        "the picture yourself."
    ),
    "help": _(
        "**Find pictures by describing them, in any language.**\n"
        "• {search}: describe what you look for. Only you see the answer with “private”.\n"
        "• {similar}: pictures that look like one of yours. For a picture in the chat: its menu → "
        "Apps → Find similar.\n"
        "• Mention me with a question, or write to me directly.\n"
        "• Reply to an answer to say it more precisely: “but at night”.\n"
        "• {about} tells what I am, {forgetme} deletes what I keep about you.\n"
        "• Admins: {library} adds pictures and decides who may do what."
    ),
    "about": _(
        "**Babelpix** looks at the pictures themselves; nobody has to tag or name them.\n"
        "Model: {model}. Ask in any language; I answer in {languages} of them.\n"
        "Privacy: pictures stay with this server, and you see none from channels that you cannot "
        "see. I keep your questions for 30 days to suggest them to you while you type, and those "
        "you asked in public to others here as well. {forgetme} deletes them."
    ),
    "forget": _("I can delete the questions that I keep for you, and your name on pictures."),
    "forget_questions": _("Delete my questions"),
    "forget_all": _("Delete my pictures too"),
    "forget_cancel": _("Cancel"),
    "forgotten": _("Done. I know nothing about you any more."),
    "kept": _("All right, nothing was deleted."),
}
