"""What the bot says to those who look after a library, in English; see bot.core.sentences."""

from __future__ import annotations


def _(sentence: str) -> str:
    return sentence


SENTENCES = {
    # Reasons why something cannot be done.
    "no_content": _(
        "Discord does not show me what is posted here. Whoever runs this bot can change that: "
        "{help}"
    ),
    "no_such_channel": _("I cannot find that channel. Was it deleted?"),
    "you_cannot_see": _("You cannot see {channel} yourself, so I leave it alone."),
    "bot_cannot_see": _(
        "I cannot see {channel}. Please give me the permission “View Channel” there."
    ),
    "bot_cannot_read": _(
        "I may not read what was posted in {channel}. Please give me the permission “Read Message "
        "History” there."
    ),
    "cannot_write_here": _(
        "I may not write in this channel, so I could not show how far I am. Please ask me in "
        "another one."
    ),
    # Imports.
    "import_running": _("An import of {channel} is already under way."),
    "import_begun": _("I have begun. The message I wrote in this channel shows how far I am."),
    "importing": _("Importing the pictures of {channel} …"),
    "import_busy": _("So many pictures are still being prepared that I wait a little."),
    "import_unreachable": _("Something is not reachable right now. I keep trying."),
    "import_stopped": _("The import of {channel} has stopped."),
    "import_done": _(
        "The import of {channel} is complete. Ask for it again whenever there is something new."
    ),
    "import_counts": _(
        "Messages read: {seen} · pictures added: {added} · here already: {known} · refused: "
        "{refused}"
    ),
    "threads_too": _("Its active threads are included; archived ones have to be named one by one."),
    "stop": _("Stop"),
    "go_on": _("Continue"),
    # Watched channels.
    "watching": _(
        "I watch {channel} now: pictures posted there are added, and leave when their message is "
        "deleted."
    ),
    "unwatched": _("I do not watch {channel} any more. The pictures I have from there stay."),
    "too_many_watched": _("I can watch {limit} channels at most."),
    "import_there": _("Import what is there already"),
    # Removing.
    "remove_chosen": _("Delete for good"),
    # Statistics.
    "stats": _(
        "Pictures that can be found: {ready}\n"
        "Being prepared: {pending}\n"
        "Could not be read: {failed}\n"
        "Size: {size}\n"
        "People who added some: {contributors}"
    ),
    "stats_tags": _("Tags: {tags}"),
    "stats_importing": _("Being imported: {channels}"),
    # Settings.
    "settings": _("**Settings.** What you choose below holds at once."),
    "who_searches": _("Who may search: {roles}"),
    "who_adds": _("Who may add pictures besides those who manage the server: {roles}"),
    "watched": _("Watched channels: {channels}"),
    "page_size": _("Pictures in an answer: {count}"),
    "language": _("Language of my answers to messages: {language}"),
    "everybody": _("everybody"),
    "as_usual": _("as usual"),
    "show_commands": _(
        "Discord shows my /library commands only to those who manage the server. Under Server "
        "Settings → Integrations you can show them to the roles chosen here too."
    ),
}
