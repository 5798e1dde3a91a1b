"""Stories over HTTP run on the town's hall, with a real database of each kind; those of pages in a browser of the module."""

from tests.browsers import browser, driver, filmed, windowless
from tests.databases import postgresql_server, sqlite_template
from tests.hall import hall, sqlite_hall
from tests.town import founded_on_postgresql, founded_on_sqlite, postgresql_town, sqlite_town, town

__all__ = [
    "browser",
    "driver",
    "filmed",
    "founded_on_postgresql",
    "founded_on_sqlite",
    "hall",
    "postgresql_server",
    "postgresql_town",
    "sqlite_hall",
    "sqlite_template",
    "sqlite_town",
    "town",
    "windowless",
]
