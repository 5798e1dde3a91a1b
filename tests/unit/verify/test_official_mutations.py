"""Five hundred changed copies of sealed official documents: none is accepted as ours, none breaks a reader or holds it up."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from keys.sm2 import provider
from tests.key_room import NOW
from tests.mutations import mutations
from tests.small_ofd import OfdRoom
from tests.small_pdf import SealingRoom
from tests.unit.verify.test_official_document import sealed_official as sealed_as_pdf
from tests.unit.verify.test_official_ofd import sealed_official as sealed_as_ofd
from tests.unit.verify.test_official_ofd import with_file
from verify import sm2
from verify.ofd import read_ofd
from verify.ofd_package import read_package
from verify.own_pdf import find_rooms
from verify.pdf import read_pdf
from verify.signed_document import SignedDocument

LATER = NOW + timedelta(hours=2)
# A guard against what takes minutes: how quick a machine is, is no property of a reader.
SECONDS_MAX = 20.0
FOLDER = "Doc_0/Signs/Sign_0"


@pytest.fixture(autouse=True)
def faster() -> Iterator[None]:
    """Let the provider check SM2, as the wiring does."""
    sm2.use_faster(provider().check)
    yield
    sm2.use_faster(None)


def passes(found: SignedDocument) -> bool:
    """Say whether this reads as a good official document of ours."""
    return found.is_ours and not found.has_failed and found.official is not None


def test_no_mutation_of_a_sealed_pdf_is_accepted(sealing: SealingRoom) -> None:
    """A signature's digits may be spelled large or small: the signature is the same, and so is all that it covers."""
    document = sealed_as_pdf(sealing)
    (room,) = find_rooms(document)
    assert passes(read_pdf(document, sealing.trust, (), at=LATER))
    accepted, slowest = [], 0.0

    for each in mutations(document, 250, 11):
        start = time.process_time()
        if passes(read_pdf(each, sealing.trust, (), at=LATER)):
            accepted.append(each)
        slowest = max(slowest, time.process_time() - start)

    covered = (document[: room.start], document[room.end :])
    for each in accepted:
        (same,) = find_rooms(each)
        assert (same.cms, each[: same.start], each[same.end :]) == (room.cms, *covered)
    assert len(accepted) <= 5
    assert slowest < SECONDS_MAX


def test_no_mutation_of_a_sealed_ofd_is_accepted(ofd_room: OfdRoom) -> None:
    """What unpacks to the same files is the same document, packed otherwise."""
    document = sealed_as_ofd(ofd_room)
    files = dict(read_package(document).files)
    assert passes(read_ofd(document, ofd_room.trust, (), at=LATER))
    accepted, slowest = [], 0.0

    for each in mutations(document, 130, 12):
        start = time.process_time()
        if passes(read_ofd(each, ofd_room.trust, (), at=LATER)):
            accepted.append(each)
        slowest = max(slowest, time.process_time() - start)

    assert [each for each in accepted if dict(read_package(each).files) != files] == []
    assert len(accepted) <= 5
    assert slowest < SECONDS_MAX


@pytest.mark.parametrize("name", ["Signature.xml", "Seal.esl", "SignedValue.dat", "receipt.tlog-proof"])
def test_no_mutation_of_a_file_of_the_signature_is_accepted(name: str, ofd_room: OfdRoom) -> None:
    document, path = sealed_as_ofd(ofd_room), f"{FOLDER}/{name}"
    content = read_package(document).files[path]

    accepted = [
        each
        for each in mutations(content, 30, 13)
        if passes(read_ofd(with_file(document, path, each), ofd_room.trust, (), at=LATER))
    ]

    assert accepted == []
