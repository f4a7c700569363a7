"""``python -m bot …``: argument parsing only."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from bot.settings import BotSettings, SettingsError, read_settings


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find pictures by describing them in any language.",
)
@click.version_option(package_name="babelpix", message="Babelpix %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Read the settings once for every command."""
    try:
        context.obj = read_settings()
    except SettingsError as error:
        raise click.ClickException(f"check your settings (environment or .env):\n{error}") from None


@main.command("run", help="Run everything that is configured. Ctrl-C ends it.")
@click.pass_obj
def run_command(settings: BotSettings) -> None:
    """Run the service with every front-end that is configured."""
    _run(settings, settings.frontends)


@main.command("web", help="Run the service with the web chat only.")
@click.pass_obj
def web_command(settings: BotSettings) -> None:
    """Run the service with the web chat only."""
    _run(settings, ["web"])


@main.command("discord", help="Run the service with the Discord bot only.")
@click.pass_obj
def discord_command(settings: BotSettings) -> None:
    """Run the service with the Discord bot only."""
    _run_one(settings, "discord")


@main.command("telegram", help="Run the service with the Telegram bot only.")
@click.pass_obj
def telegram_command(settings: BotSettings) -> None:
    """Run the service with the Telegram bot only."""
    _run_one(settings, "telegram")


def _run_one(settings: BotSettings, name: str) -> None:
    if name not in settings.frontends:
        raise click.UsageError(f"{name.upper()}_TOKEN is not set; see .env.example")
    _run(settings, [name])


def _run(settings: BotSettings, frontends: list[str]) -> None:
    from bot.terminal.run import run

    _finish(settings, run(settings, frontends), in_file=True)


@main.command("ask", help="Ask one question, in any language, or show a picture.")
@click.argument("question", nargs=-1)
@click.option(
    "--image",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Find pictures like this one.",
)
@click.option("--limit", type=click.IntRange(1, 60), default=10, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the answer as one picture.",
)
@click.option("--all", "everything", is_flag=True, help="Show also what hardly fits.")
@click.pass_obj
def ask_command(  # noqa: PLR0917 - click passes them
    settings: BotSettings,
    question: tuple[str, ...],
    image: Path | None,
    limit: int,
    as_json: bool,
    sheet: Path | None,
    everything: bool,
) -> None:
    """Answer one question in the terminal."""
    from bot.terminal.ask import AskOptions, ask

    if question and image is not None:
        raise click.UsageError("ask with words or with --image, not with both")
    options = AskOptions(" ".join(question), image, limit, as_json, sheet, everything)
    _finish(settings, ask(settings, options))


@main.command("index", help="Add pictures from disk: files, or folders with all below them.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_obj
def index_command(settings: BotSettings, paths: tuple[Path, ...]) -> None:
    """Add pictures from disk."""
    from bot.terminal.index import index

    _finish(settings, index(settings, paths))


@main.group("encoder")
def encoder_group() -> None:
    """Change what finds the pictures, without a pause: the new one is prepared behind."""


@encoder_group.command("use")
@click.argument("name")
@click.pass_obj
def encoder_use_command(settings: BotSettings, name: str) -> None:
    """Fetch a model if need be, prepare it behind the present one, compare, switch."""
    from bot.terminal.encoder import use

    _finish(settings, use(settings, name))


@encoder_group.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def encoder_status_command(settings: BotSettings, as_json: bool) -> None:
    """List the encoders that know pictures, and how many of them."""
    from bot.terminal.encoder import status

    _finish(settings, status(settings, as_json=as_json))


@encoder_group.command("back")
@click.pass_obj
def encoder_back_command(settings: BotSettings) -> None:
    """Go back to the encoder of before, at once if no pictures have come since."""
    from bot.terminal.encoder import back

    _finish(settings, back(settings))


@main.group("packs")
def packs_group() -> None:
    """Language packs: more languages for the model, without touching a picture's vector."""


@packs_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def packs_list_command(settings: BotSettings, as_json: bool) -> None:
    """List the installed packs with their languages and measured recall."""
    _packs(settings, "list", *(["--json"] if as_json else []))


@packs_group.command("install")
@click.argument("source", type=click.Path(path_type=Path))
@click.pass_obj
def packs_install_command(settings: BotSettings, source: Path) -> None:
    """Install a pack from its folder or a ZIP archive of it."""
    _packs(settings, "install", "--", str(source))


@packs_group.command("remove")
@click.argument("name")
@click.pass_obj
def packs_remove_command(settings: BotSettings, name: str) -> None:
    """Remove an installed pack; questions in its languages go to the model's own tower again."""
    _packs(settings, "remove", "--", name)


def _packs(settings: BotSettings, *arguments: str) -> None:
    from bot.terminal.packs import packs

    try:
        sys.exit(packs(settings, arguments))
    except KeyboardInterrupt:
        sys.exit(130)


def _finish(
    settings: BotSettings, work: Coroutine[Any, Any, int], *, in_file: bool = False
) -> None:
    """Run a command to its end; foreseeable failures are a sentence, not a traceback."""
    from bot.frontends.base import FrontendError
    from db.errors import DatabaseError
    from telemetry.logs import configure_logging

    try:
        log_file = None
        if settings.embeds_database:
            (settings.data_dir / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
            log_file = settings.data_dir / "logs" / ("bot.log" if in_file else "commands.log")
        configure_logging(settings.log_level, log_file)
        sys.exit(asyncio.run(work))
    except (DatabaseError, FrontendError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or ''}: {error.strerror}") from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)


if __name__ == "__main__":
    main(prog_name="python -m bot")
