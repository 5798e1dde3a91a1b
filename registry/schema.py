"""Bring the tables to this version, and refuse to work on others.

Promises: migrations go up only, each in one transaction; two processes that upgrade at once do not disturb each other
on SQLite (the file is locked) and wait for each other on PostgreSQL (an advisory lock).
"""

from pathlib import Path
from typing import Final

from sqlalchemy import text

from registry.db import Database, reading, transaction
from registry.errors import DatabaseSchemaError

_FOLDER: Final = Path(__file__).parent / "migrations"
# Any number that no other program on the same server uses for an advisory lock.
_UPGRADE_LOCK: Final = 0x59696E7A68656E67


def upgrade(database: Database) -> None:
    """Run all migrations that this database lacks; nothing happens when there is none."""
    from alembic import command  # every start asks for the version, and none but the first one brings the tables up
    from alembic.config import Config

    with transaction(database) as tx:
        if tx.is_postgresql:
            tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        config = Config()
        config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")


def check_schema(database: Database) -> None:
    """Raise ``DatabaseSchemaError`` unless the tables are those of this version."""
    with reading(database) as tx:
        revisions = tx.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if revisions != [newest_revision()]:
        raise DatabaseSchemaError


def newest_revision() -> str:
    """Return the revision that the last migration leads to: each is a number, with which its file's name begins."""
    return max(path.name for path in (_FOLDER / "versions").glob("[0-9]*.py")).partition("_")[0]
