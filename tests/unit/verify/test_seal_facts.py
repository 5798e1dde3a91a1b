"""Seal and mandate as facts: what was signed, and nothing else."""

from dataclasses import replace

import pytest

from tests.key_room import NOW, SEAL
from tests.small_ofd import SEAL_NAME, OfdRoom
from verify.facts import Facts
from verify.mandate import Mandate
from verify.ofd import read_ofd
from verify.seal_facts import with_seal
from verify.signed_document import SignedDocument

MANDATE = Mandate(
    item_code="000131001000", legal_basis="食品安全法 第三十五条", role="issuing_officer", grant=f"{SEAL.owner}-0001"
)


def test_an_ofd_names_its_seal_and_the_mandate(ofd_room: OfdRoom) -> None:
    signed = read_ofd(replace(ofd_room, mandate=MANDATE).seal_up(), ofd_room.trust, (), at=NOW)

    facts = with_seal(Facts(licence_id="x"), signed)

    assert (facts.licence_id, facts.seal_name, facts.seal_code) == ("x", SEAL_NAME, SEAL.owner)
    assert (facts.mandate_grant, facts.mandate_item) == (f"{SEAL.owner}-0001", "000131001000")
    assert (facts.mandate_legal_basis, facts.mandate_role) == ("食品安全法 第三十五条", "issuing_officer")


@pytest.mark.parametrize(
    ("grant", "code"), [(f"{SEAL.owner}-0001", SEAL.owner), (None, ""), ("another office's grant", "")]
)
def test_a_pdf_names_the_seal_by_the_grant_alone(grant: str | None, code: str) -> None:
    signed = SignedDocument(digest=b"", is_ours=True, findings=(), mandate=replace(MANDATE, grant=grant))

    facts = with_seal(Facts(), signed)

    assert (facts.seal_name, facts.seal_code, facts.mandate_grant) == ("", code, grant or "")


def test_a_document_without_mandate_has_no_such_facts() -> None:
    assert with_seal(Facts(number="1"), SignedDocument(digest=b"", is_ours=False, findings=())) == Facts(number="1")
