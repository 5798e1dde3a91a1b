"""What readers of signed documents are tried with: a key room that seals small documents."""

import pytest

from tests.certificate_maker import STACKS, Stack
from tests.databases import sqlite_template
from tests.key_room import KeyRoom
from tests.seal_room import SealRoom
from tests.small_ofd import OfdRoom
from tests.small_pdf import SealingRoom
from tests.town import founded_on_sqlite, sqlite_town

__all__ = ["founded_on_sqlite", "sqlite_template", "sqlite_town"]


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> KeyRoom:
    """A key room with authority, document and time-stamp keys; tests may sign with it but must not change its keys."""
    return KeyRoom.found(tmp_path_factory.mktemp("office") / "keys").open_office()


@pytest.fixture(scope="session")
def sealing(office: KeyRoom) -> SealingRoom:
    """The desk that seals small documents with the office's keys."""
    return SealingRoom(office=office)


@pytest.fixture(scope="session")
def sealed(sealing: SealingRoom) -> bytes:
    """One small document, signed."""
    return sealing.seal()


@pytest.fixture(scope="session")
def room() -> SealRoom:
    """A seal maker and a bureau with one seal, under a national authority."""
    return SealRoom.found()


@pytest.fixture(params=STACKS, ids=lambda each: each.algorithm, scope="module")
def stack(request: pytest.FixtureRequest) -> Stack:
    """The international stack, then the national one: each test here is made with both."""
    found: Stack = request.param
    return found


@pytest.fixture(scope="session")
def ofd_room(office: KeyRoom) -> OfdRoom:
    """The desk that seals small OFDs with the office's seal."""
    return OfdRoom.found(office)


@pytest.fixture(scope="session")
def sealed_ofd(ofd_room: OfdRoom) -> bytes:
    """One small OFD, sealed."""
    return ofd_room.seal_up()
