"""Bring the tables to this version, and refuse to work on others.

Promises: migrations go up only, each in one transaction; two processes that upgrade at once do not disturb each other
on SQLite (the file is locked) and wait for each other on PostgreSQL (an advisory lock).
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from registry.db import Database, reading, transaction
from registry.errors import DatabaseSchemaError

_FOLDER: Final = Path(__file__).parent / "migrations"
# Any number that no other program on the same server uses for an advisory lock.
_UPGRADE_LOCK: Final = 0x59696E7A68656E67


def upgrade(database: Database) -> None:
    """Run all migrations that this database lacks; nothing happens when there is none."""
    with transaction(database) as tx:
        if tx.is_postgresql:
            tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        config = _config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")


def check_schema(database: Database) -> None:
    """Raise ``DatabaseSchemaError`` unless the tables are those of this version."""
    with reading(database) as tx:
        revision = MigrationContext.configure(tx.connection).get_current_revision()
    if revision != ScriptDirectory.from_config(_config()).get_current_head():
        raise DatabaseSchemaError


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
