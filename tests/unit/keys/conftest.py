"""The key room, fresh for tests that change it, shared for tests that only read."""

from pathlib import Path

import pytest

from tests.key_room import KeyRoom


@pytest.fixture
def room(tmp_path: Path) -> KeyRoom:
    """A founded key room with a log and nothing else."""
    return KeyRoom.found(tmp_path / "keys")


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> KeyRoom:
    """A key room with authority, document and time-stamp keys; tests may sign with it but must not change its keys."""
    return KeyRoom.found(tmp_path_factory.mktemp("office") / "keys").open_office()
