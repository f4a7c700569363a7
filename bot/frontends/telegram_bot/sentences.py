"""What the bot says on Telegram only, in English; see :mod:`bot.core.sentences`."""

from __future__ import annotations


def _(sentence: str) -> str:
    return sentence


SENTENCES = {
    "start": _(
        "Hello! Describe a picture in any language, and I find it. Send me a picture, and I find "
        "what looks like it."
    ),
    "start_empty": _(
        "Nothing is here yet, and what you add is yours alone. Tap /add, then send me some "
        "pictures with a few words about each."
    ),
    "help": _(
        "Describe a picture in any language, or send me one to find what looks like it.\n"
        "• Reply to an answer to say it more precisely: “but at night”. Edit your question, and "
        "the answer changes.\n"
        "• Below an answer, 🔎 finds more like a picture, 🚫 leaves it out, 🗑 deletes it.\n"
        "• In groups: /search, or mention me. In any chat: write {name} and what you look for.\n"
        "• /add adds a picture, /remove deletes one, /stats counts them, /language and /settings "
        "change how I answer, /forgetme deletes what I keep about you."
    ),
    "send_now": _("Send me the pictures now, with a few words about each."),
    "too_large": _(
        "Telegram hands me files of at most 20 MB. Please send a smaller one, or send it as a "
        "photo."
    ),
    "no_photos": _("I may not send photos in this group. An admin can allow it."),
    "late": _("I was away for a while. Please ask me again."),
    "remove_nothing": _("There is nothing here that you may delete."),
    # Inline mode.
    "inline_open": _("Add pictures of your own"),
    "inline_first": _("I must show it to you once in our chat"),
    # Statistics.
    "stats": _(
        "Pictures that can be found: {ready}\n"
        "Being prepared: {pending}\n"
        "Could not be read: {failed}\n"
        "Size: {size}\n"
        "People who added some: {contributors}"
    ),
    "stats_tags": _("Tags: {tags}"),
    # Settings and languages.
    "who_searches": _("Who may search: {people}"),
    "who_adds": _("Who may add pictures besides the admins: {people}"),
    "page_size": _("Pictures in an answer: {count}"),
    "language": _("Language of my answers: {language}"),
    "name_people": _(
        "To choose people, reply to a message of theirs with /settings search or /settings add. "
        "The same again takes it back."
    ),
    "whom": _("I do not know whom you mean. Please reply to a message of theirs."),
    "everybody": _("everybody"),
    "nobody": _("nobody"),
    "as_usual": _("as usual"),
    # Forgetting.
    "forget": _("I can delete the questions that I keep for you, and your name on pictures."),
    "forget_questions": _("Delete my questions"),
    "forget_all": _("Delete my pictures too"),
    "forget_cancel": _("Cancel"),
    "forgotten": _("Done. I know nothing about you any more."),
    "kept": _("All right, nothing was deleted."),
    "not_yours": _("These buttons belong to somebody else."),
}

COMMANDS = {
    "search": _("Find pictures by describing them, in any language"),
    "add": _("Add a picture"),
    "remove": _("Find pictures and delete some of them"),
    "stats": _("How many pictures there are, and what else I keep"),
    "settings": _("Who may search and add, and how I answer"),
    "language": _("Choose the language of my answers"),
    "forgetme": _("Delete what I keep about you"),
    "help": _("What I can do, and how to ask"),
}
"""The commands that Telegram offers, with what they do: at most 256 characters each."""
