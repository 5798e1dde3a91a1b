import re
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from registry import leaves, schema
from registry.columns import WHERE
from registry.db import Database, open_database, reading, transaction
from registry.errors import DatabaseSchemaError
from registry.leaves import StoredEntry
from registry.tables import METADATA


# SQLite does not tell of an index over an expression; that one is asked for in test_log_nodes.
@pytest.mark.filterwarnings("ignore:.*expression-based index '?ix_log_entry_segment")
def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    with reading(database) as tx:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})

        differences = compare_metadata(context, METADATA)

    assert differences == []


def test_the_indexes_of_some_rows_have_the_conditions_of_the_migrations(database: Database) -> None:
    wanted = {
        each.name: each.info[WHERE]
        for table in METADATA.tables.values()
        for each in table.indexes
        if WHERE in each.info
    }
    kept = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%WHERE%'"
        if database.is_postgresql
        else "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%'"
    )

    with reading(database) as tx:
        made = {name: statement.partition(" WHERE ")[2] for name, statement in tx.execute(text(kept))}

    assert len(wanted) > 5
    assert {name: _plain(where) for name, where in made.items()} == {
        name: _plain(each) for name, each in wanted.items()
    }


def _plain(condition: str) -> str:
    """Return a condition without the brackets, casts and spellings of PostgreSQL."""
    listed = re.sub(
        r"= ANY \(\(?ARRAY\[(.*?)\]\)?(?:::text\[\])?\)", r"IN (\1)", re.sub(r"::[a-z ]+(?:\[\])?", "", condition)
    )
    return re.sub(r"[() ]", "", listed)


def test_the_revision_of_this_version_is_the_last_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))

    assert schema.newest_revision() == ScriptDirectory.from_config(config).get_current_head()


def test_a_migrated_database_passes_and_may_be_migrated_again(database: Database) -> None:
    schema.upgrade(database)

    schema.check_schema(database)


def test_a_log_stands_as_it_was_when_its_tables_are_made_anew(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    entry = StoredEntry(index=0, entry=b"a", leaf_hash=bytes(32), digest=b"d" * 32)
    nodes = {(0, 0): bytes(32), (1, 7): b"n" * 32}
    with transaction(database) as tx:
        before = leaves.lock_head(tx, "log.example")
        after = replace(before, size=1, edge=(bytes(32),), note="a")
        leaves.append(tx, before, [entry], nodes, after)
        config.attributes["connection"] = tx.connection
        command.downgrade(config, "0013")

    schema.upgrade(database)

    schema.check_schema(database)
    with reading(database) as tx:
        assert leaves.entries(tx, "log.example", 0, 9) == (entry,)
        assert leaves.nodes(tx, "log.example", list(nodes)) == nodes
        assert leaves.find_by_digest(tx, "log.example", entry.digest) == 0


def test_an_empty_database_is_refused_until_it_is_migrated(tmp_path: object) -> None:
    empty = open_database(f"sqlite:///{tmp_path}/empty.sqlite")

    with pytest.raises(DatabaseSchemaError):
        schema.check_schema(empty)
    with pytest.raises(DatabaseSchemaError), transaction(empty) as tx:
        tx.execute(METADATA.tables["licence"].select())
    empty.close()
