import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from registry import schema
from registry.db import Database, open_database, reading, transaction
from registry.errors import DatabaseSchemaError
from registry.tables import METADATA


def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    with reading(database) as tx:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})

        differences = compare_metadata(context, METADATA)

    assert differences == []


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
