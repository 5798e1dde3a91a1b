"""Signed public files in their newest state."""

import pytest

from registry import artefacts
from registry.db import Database, reading, transaction
from registry.errors import ArtefactOrderError
from tests.registry_office import AT


def store(database: Database, content: bytes, sequence: int, *, name: str = "1", kind: str = "status_list") -> None:
    with transaction(database) as tx:
        artefacts.store(tx, kind, name, content, sequence=sequence, at=AT)


def test_the_newest_one_is_handed_out(database: Database) -> None:
    store(database, b"old", 1)
    store(database, b"new", 2)

    with reading(database) as tx:
        assert artefacts.latest(tx, "status_list", "1") == b"new"
        assert artefacts.latest_sequence(tx, "status_list", "1") == 2


@pytest.mark.parametrize("sequence", [1, 2])
def test_an_older_one_or_one_of_the_same_number_never_takes_its_place(database: Database, sequence: int) -> None:
    store(database, b"new", 2)

    with pytest.raises(ArtefactOrderError):
        store(database, b"late", sequence)

    with reading(database) as tx:
        assert artefacts.latest(tx, "status_list", "1") == b"new"


def test_there_is_nothing_before_the_first(database: Database) -> None:
    with reading(database) as tx:
        assert artefacts.latest(tx, "crl", "authority") is None
        assert artefacts.latest_sequence(tx, "crl", "authority") == 0
        assert artefacts.all_latest(tx, "crl") == ()


def test_all_of_a_kind_are_listed_by_name(database: Database) -> None:
    store(database, b"two", 1, name="2")
    store(database, b"one", 7, name="1")
    store(database, b"other", 1, kind="crl")

    with reading(database) as tx:
        assert artefacts.all_latest(tx, "status_list") == (("1", b"one"), ("2", b"two"))
