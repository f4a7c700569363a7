"""``python -m db migrate|status``."""

from __future__ import annotations

import os
import sys

import click

from db.errors import DatabaseError


@click.group(help="Look after the database named by DATABASE_URL.")
@click.version_option(package_name="babelpix", message="Babelpix %(version)s")
def main() -> None:
    """Group the commands."""


def _url() -> str:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        raise click.UsageError(
            "DATABASE_URL is not set; `python -m bot run` looks after its own database by itself"
        )
    return url


@main.command("migrate", help="Take every outstanding migration.")
def migrate_command() -> None:
    """Migrate, then say what was done."""
    from db.migrate import migrate

    taken = migrate(_url())
    for step in taken:
        click.echo(f"{step.revision}  {step.title}")
    click.echo(f"{len(taken)} migrations taken" if taken else "the schema is up to date")


@main.command("status", help="List the migrations and which of them are applied.")
def status_command() -> None:
    """List the migrations; exits with 1 when some are outstanding."""
    from db.migrate import status

    steps = status(_url())
    for step in steps:
        click.echo(
            f"{step.revision}  {'applied    ' if step.applied else 'outstanding'}  {step.title}"
        )
    sys.exit(0 if all(step.applied for step in steps) else 1)


if __name__ == "__main__":
    try:
        main()
    except DatabaseError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
