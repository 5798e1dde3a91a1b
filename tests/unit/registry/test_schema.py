import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from registry import schema
from registry.columns import WHERE
from registry.db import Database, open_database, reading, transaction
from registry.errors import DatabaseSchemaError
from registry.tables import METADATA


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


def test_an_empty_database_is_refused_until_it_is_migrated(tmp_path: object) -> None:
    empty = open_database(f"sqlite:///{tmp_path}/empty.sqlite")

    with pytest.raises(DatabaseSchemaError):
        schema.check_schema(empty)
    with pytest.raises(DatabaseSchemaError), transaction(empty) as tx:
        tx.execute(METADATA.tables["licence"].select())
    empty.close()
