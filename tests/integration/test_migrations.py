"""Migrating: from nothing, again, at once, and what is refused."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from db import embeddings
from db import migrate as migrating
from db.collections import collection_state
from db.communities import (
    drop_left,
    forget_uploader,
    mark_left,
    part_from_messages,
    uploads_of,
)
from db.errors import DatabaseUnavailableError, MigrationError
from db.ingest import IngestStore
from db.migrate import migrate, status
from db.pool import Database
from db.selections import Selection
from tests.integration.conftest import PostgresServer
from tests.integration.rows import (
    DIM,
    add_images,
    add_rows,
    axis,
    collection_id,
    finish,
    new_image,
    take_over,
    to_bytes,
)
from tests.stack import finished, running_command

_SCHEMA = """
SELECT table_name, column_name, data_type, column_default FROM information_schema.columns
WHERE table_schema = 'public'
UNION ALL SELECT tablename, indexname, indexdef, NULL FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT tablename, policyname, qual, roles::text FROM pg_policies
UNION ALL SELECT table_name, grantee, privilege_type, NULL FROM information_schema.table_privileges
WHERE table_schema = 'public'
UNION ALL SELECT revision, checksum, applied_at::text, NULL FROM schema_checksums
ORDER BY 1, 2, 3, 4
"""


def _schema(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(_SCHEMA).fetchall()


def _started(url: str | None, *arguments: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return running_command(
        [sys.executable, "-m", "db", *arguments],
        environment | ({} if url is None else {"DATABASE_URL": url}),
    )


def _run(url: str | None, *arguments: str) -> tuple[int, str, str]:
    with _started(url, *arguments) as process:
        return finished(process)


def test_an_empty_database_is_migrated_and_a_second_time_nothing_changes(
    empty_database: str,
) -> None:
    before = status(empty_database)
    assert before
    assert not any(step.applied for step in before)
    assert [step.revision for step in migrate(empty_database)] == [step.revision for step in before]
    assert all(step.applied for step in status(empty_database))
    schema = _schema(empty_database)
    assert migrate(empty_database) == []
    assert _schema(empty_database) == schema


def test_two_migrators_at_once_both_succeed_and_one_does_the_work(
    server: PostgresServer, empty_database: str
) -> None:
    with _started(empty_database, "migrate") as one, _started(empty_database, "migrate") as other:
        ended = [finished(process) for process in (one, other)]
    assert [code for code, _, _ in ended] == [0, 0], ended
    assert sorted("up to date" in out for _, out, _ in ended) == [False, True]
    reference = server.new_database("migrated")
    assert _structure(empty_database) == _structure(reference)


def _structure(url: str) -> list[tuple[object, ...]]:
    revisions = {step.revision for step in status(url)}  # these rows say when they were taken
    return [row for row in _schema(url) if row[0] not in revisions]


def test_the_command_line_migrates_and_tells_the_status(empty_database: str) -> None:
    code, out, _ = _run(empty_database, "status")
    assert (code, "outstanding" in out) == (1, True)
    code, out, _ = _run(empty_database, "migrate")
    assert (code, out.splitlines()[-1]) == (0, f"{len(status(empty_database))} migrations taken")
    code, out, _ = _run(empty_database, "status")
    assert (code, "outstanding" in out, "applied" in out) == (0, False, True)


def test_the_command_line_says_that_the_server_is_unreachable(tmp_path: Path) -> None:
    code, out, err = _run(f"postgresql://someone:secret@/x?host={tmp_path}", "migrate")
    assert (code, out) == (1, "")
    assert err.startswith("error: cannot reach the database")
    assert "Traceback" not in err
    assert "secret" not in err


def test_the_command_line_says_that_the_address_is_nonsense() -> None:
    code, _, err = _run("nonsense", "status")
    assert code == 1
    assert err.startswith("error: ")
    assert "Traceback" not in err


def test_the_command_line_asks_for_the_address() -> None:
    code, _, err = _run(None, "migrate")
    assert code == 2
    assert "DATABASE_URL is not set" in err


def test_an_unreachable_server_is_an_error_that_may_pass(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError):
        status(f"postgresql:///x?host={tmp_path}")


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations that may be changed."""
    copy = tmp_path / "migrations"
    shutil.copytree(migrating.SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrating, "SCRIPTS", copy)
    return copy / "versions"


def test_a_migration_changed_after_it_was_applied_is_refused(
    database_url: str, scripts: Path
) -> None:
    assert migrate(database_url) == []
    (first, *_) = sorted(scripts.glob("*.py"))
    first.write_text(first.read_text("utf-8") + "\n# a harmless remark\n", "utf-8")
    for refused in (migrate, status):
        with pytest.raises(MigrationError, match="was changed after it was applied"):
            refused(database_url)


def test_a_database_of_a_newer_version_is_refused(
    database_url: str, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = status(database_url)[-1].revision
    (scripts / "9999_future.py").write_text(
        '"""Something new."""\n\nfrom alembic import op\n\n'
        f'revision = "9999"\ndown_revision = "{last}"\n\n\n'
        'def upgrade() -> None:\n    op.execute("CREATE TABLE future ()")\n',
        "utf-8",
    )
    assert [(step.revision, step.title) for step in migrate(database_url)] == [
        ("9999", "Something new.")
    ]
    monkeypatch.undo()
    for refused in (migrate, status):
        with pytest.raises(MigrationError, match=r"newer Babelpix \(9999\)"):
            refused(database_url)


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str, scripts: Path) -> None:
    last = status(database_url)[-1].revision
    (scripts / "9999_broken.py").write_text(
        '"""Broken half-way."""\n\nfrom alembic import op\n\n'
        f'revision = "9999"\ndown_revision = "{last}"\n\n\n'
        "def upgrade() -> None:\n"
        '    op.execute("CREATE TABLE half ()")\n    op.execute("SELECT 1/0")\n',
        "utf-8",
    )
    schema = _schema(database_url)
    with pytest.raises(MigrationError, match="division by zero"):
        migrate(database_url)
    assert _schema(database_url) == schema


# From one version to the next, with the old code still running

_OLD_INSERT = """
INSERT INTO images (collection_id, sha256, size_bytes, media_type, filename, caption, tags,
                    uploader_id, uploader_name, source_path, source_channel, source_message,
                    enqueued_at)
VALUES (%s, sha256(%s::text::bytea), 1, 'image/png', 'x.png', %s, '{cat}', %s, 'Ada', NULL, %s, %s,
        now()) RETURNING id
"""
"""What the code before 0002 did."""
_OLD_SPACE = "INSERT INTO spaces (name, revision, dim, live) VALUES ('made-up', 'r1', %s, true)"
_OLD_SPACE_ID = 1


def _old_row(
    connection: psycopg.Connection[tuple[object, ...]], collection: int, name: str, *source: object
) -> int:
    row = connection.execute(
        _OLD_INSERT, (collection, name, name, "telegram:7", *(source or (None, None)))
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


@pytest.fixture
def before_communities(empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of version 0001 with pictures in it, one of them from a Telegram chat."""
    copy = tmp_path / "old"
    shutil.copytree(migrating.SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for script in (copy / "versions").glob("*.py"):
        if not script.name.startswith("0001"):
            script.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(migrating, "SCRIPTS", copy)
        assert [step.revision for step in migrate(empty_database)] == ["0001"]
    with psycopg.connect(empty_database) as connection:
        connection.execute(_OLD_SPACE, (DIM,))
        connection.execute(
            "INSERT INTO collections (key, settings) VALUES ('local', '{}'), ('telegram:chat:7', "
            """'{"page_size": 3}')"""
        )
        for collection, name, source in ((1, "a", ()), (2, "b", ("7", "1")), (2, "c", ("7", "2"))):
            image_id = _old_row(connection, collection, name, *source)
            connection.execute(
                "INSERT INTO embeddings VALUES (%s, %s, 0, %s, %s::halfvec)",
                (_OLD_SPACE_ID, image_id, collection, str(axis(image_id).tolist())),
            )
        connection.execute("UPDATE images SET status = 'ready'")
    return empty_database


async def _shown(bot: Database, collection: int, sees: frozenset[str] | None) -> list[int]:
    among = Selection(sees=sees)
    records = (await embeddings.newest(bot, collection, among, offset=0, limit=9)).matches
    found = [record.image_id for record in records]
    where = embeddings.SearchScope(collection, 9, 1, DIM)
    near = (
        await embeddings.search(bot, where, to_bytes(axis(1)), among, offset=0, limit=9)
    ).matches
    assert {record.image_id for record in near} == set(found)
    return found


async def test_what_was_there_before_communities_is_still_there_for_everybody(
    before_communities: str,
) -> None:
    url = before_communities
    with psycopg.connect(url) as connection:
        kept = "SELECT id, source_channel, source_message, caption, tags, status FROM images"
        before = connection.execute(kept + " ORDER BY id").fetchall()
    assert next(step.revision for step in migrate(url)) == "0002"
    with psycopg.connect(url) as connection:
        assert connection.execute(kept + " ORDER BY id").fetchall() == before
        assert connection.execute("SELECT DISTINCT confined FROM images").fetchall() == [(False,)]
    bot = Database(url)
    await bot.open()
    try:
        for sees in (None, frozenset[str](), frozenset({"7"})):
            assert await _shown(bot, 1, sees) == [1]
            assert await _shown(bot, 2, sees) == [3, 2]
        assert await embeddings.sources(bot, 2) == frozenset()
        state = await collection_state(bot, "telegram:chat:7")
        assert (state.ready_count, state.settings) == (2, {"page_size": 3})
        # Posted again, they stay for everybody.
        image = replace(new_image("b"), sha256=hashlib.sha256(b"b").digest())
        posted = replace(image, source_channel="7", source_message="9")
        assert await add_images(bot, 2, [posted]) == [2]
        assert await _shown(bot, 2, frozenset()) == [3, 2]
    finally:
        await bot.close()


async def test_the_code_of_before_goes_on_working(before_communities: str) -> None:
    url = before_communities
    migrate(url)
    bot = Database(url)
    await bot.open()
    try:
        version = (await collection_state(bot, "telegram:chat:7")).version
        with psycopg.connect(url) as connection:
            connection.execute("SET ROLE babelpix_app")
            connection.execute("SELECT set_config('babelpix.collection_id', '2', true)")
            added = _old_row(connection, 2, "d", "7", "3")
            retried = "UPDATE images SET status = 'pending', error = NULL WHERE id = %s"
            connection.execute(retried, (added,))
            connection.execute("DELETE FROM images WHERE id = 2")
            connection.execute(
                "INSERT INTO collections (key) VALUES ('new') ON CONFLICT DO NOTHING"
            )
        state = await collection_state(bot, "telegram:chat:7")
        assert state.version > version
        assert (state.ready_count, state.pending_count) == (1, 1)
        with psycopg.connect(url) as connection:  # as a worker does
            connection.execute("UPDATE images SET status = 'ready' WHERE id = %s", (added,))
        assert (await collection_state(bot, "telegram:chat:7")).ready_count == 2
        newest = (await embeddings.newest(bot, 2, offset=0, limit=9)).matches
        assert [record.image_id for record in newest] == [added, 3]
    finally:
        await bot.close()


async def test_an_owner_who_is_no_superuser_can_do_everything(server: PostgresServer) -> None:
    with server.admin() as connection:
        connection.execute("CREATE ROLE keeper LOGIN")
        # As it would be, had this owner made the role and not another database's.
        connection.execute("GRANT babelpix_app TO keeper WITH ADMIN OPTION")
    url = server.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute(f"ALTER DATABASE {connection.info.dbname} OWNER TO keeper")
    url = url.replace("//postgres@", "//keeper@", 1)
    migrate(url)
    store = IngestStore(url)
    bot = Database(url)
    await bot.open()
    try:
        space = await take_over(store, "r1")
        collection = await collection_id(bot, "c")
        (image_id,) = await add_rows(bot, collection, ["a"])
        finish(store, space, {image_id: [axis(0)]})
        async with bot.transaction(collection) as connection_:
            cursor = await connection_.execute("SELECT status FROM images")
            assert await cursor.fetchall() == [("ready",)]
        # Also what the bot does beyond one collection.
        await add_images(bot, collection, [new_image("b", source_channel="1", source_message="2")])
        assert await part_from_messages(bot, collection, "1", ["2"]) == [image_id + 1]
        assert len(await uploads_of(bot, "u:1")) == 2
        await forget_uploader(bot, "u:1")
        assert await uploads_of(bot, "u:1") == []
        await collection_id(bot, "left")
        await mark_left(bot, "left")
        assert await drop_left(bot, "left")
    finally:
        await bot.close()
        store.close()
