"""The log proof of a signature: everything that its entry must say, and what is handed out when it does."""

from hashlib import sha256

import pytest

from tests.key_room import NOW, SEAL
from tests.small_ofd import OfdRoom
from verify.key_purpose import KeyPurpose
from verify.log_check import Announced, check_log
from verify.log_entry import EntryKind
from verify.report import Outcome

SIGNED = b"the bytes that were signed"


@pytest.fixture(scope="module")
def announced(ofd_room: OfdRoom) -> Announced:
    return Announced(to_be_signed=SIGNED, purpose=KeyPurpose.SEAL, kid=ofd_room.office.custody.public_key(SEAL).kid)


def test_a_proof_of_exactly_this_gives_place_and_time(ofd_room: OfdRoom, announced: Announced) -> None:
    receipt = ofd_room.office.intent(SEAL, SIGNED)

    found = check_log(receipt.to_text(), announced, ofd_room.trust)

    assert (found.finding.code, found.finding.outcome) == ("log.proven", Outcome.PASSED)
    assert (found.receipt, found.logged_at) == (receipt, NOW)
    assert found.checkpoint is not None


def test_an_entry_that_names_more_is_another_documents(ofd_room: OfdRoom, announced: Announced) -> None:
    detail: dict[int, object] = {1: "seal", 2: announced.kid, 3: bytes(32)}
    receipt = ofd_room.office.append(EntryKind.INTENT, sha256(SIGNED).digest(), detail)

    found = check_log(receipt.to_text(), announced, ofd_room.trust)

    assert (found.finding.code, found.logged_at) == ("log.wrong", None)


def test_without_a_trust_list_the_proof_is_read_and_not_judged(ofd_room: OfdRoom, announced: Announced) -> None:
    receipt = ofd_room.office.intent(SEAL, SIGNED)

    found = check_log(receipt.to_text(), announced, None)

    assert (found.finding.code, found.receipt, found.logged_at) == ("log.not_asked", receipt, None)


@pytest.mark.parametrize(("proof", "code"), [(None, "log.missing"), ("", "log.wrong"), ("no proof", "log.wrong")])
def test_what_is_no_proof_proves_nothing(proof: str | None, code: str, ofd_room: OfdRoom, announced: Announced) -> None:
    found = check_log(proof, announced, ofd_room.trust)

    assert (found.finding.code, found.receipt, found.logged_at) == (code, None, None)


def test_a_proof_of_other_bytes_is_wrong(ofd_room: OfdRoom, announced: Announced) -> None:
    receipt = ofd_room.office.intent(SEAL, b"other bytes")

    found = check_log(receipt.to_text(), announced, ofd_room.trust)

    assert (found.finding.code, found.receipt, found.checkpoint) == ("log.wrong", receipt, None)
