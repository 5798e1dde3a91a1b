"""Sealing a filed document for the long term: the filed bytes stay, evidence and a time stamp follow."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from keys.custody import DEPLOYMENT
from signer.errors import SealingError
from signer.sealing import seal_long_term
from tests.town import BUREAU, Town
from verify.examine import examine
from verify.key_purpose import KeyPurpose
from verify.log_audit.signed_files import signatures_in
from verify.report import Check, Outcome


def _sealed(town: Town, document: bytes) -> bytes:
    custody = town.key_desk.custody
    keys = (custody.newest(KeyPurpose.DOCUMENT, BUREAU), custody.newest(KeyPurpose.TIMESTAMP, DEPLOYMENT))
    certificates = {each for key in keys for each in custody.chain(key)}
    return seal_long_term(
        document,
        certificates=sorted(certificates),
        revocation=town.desk.revocation(),
        timestamps=town.desk.timestamps,
    )


def test_the_filed_bytes_stay_and_evidence_and_a_time_stamp_follow(sqlite_town: Town) -> None:
    document = sqlite_town.issues(sqlite_town.food_draft()).document
    sqlite_town.clock.moves(timedelta(days=1))

    sealed = _sealed(sqlite_town, document)

    reader = PdfFileReader(BytesIO(sealed))
    assert sealed.startswith(document)
    assert [each.sig_object_type for each in reader.embedded_signatures] == ["/Sig", "/DocTimeStamp"]
    store = reader.root["/DSS"]
    # Both authorities' lists were given; the file keeps them as they are.
    assert sorted(each.get_object().data for each in store["/CRLs"]) == sorted(sqlite_town.desk.revocation())
    assert len(store["/Certs"]) >= 2


def test_a_sealed_document_is_as_good_as_the_filed_one_and_may_be_sealed_again(sqlite_town: Town) -> None:
    document = sqlite_town.issues(sqlite_town.food_draft()).document

    once = _sealed(sqlite_town, document)
    sqlite_town.clock.moves(timedelta(days=1))
    twice = _sealed(sqlite_town, once)

    assert twice.startswith(once)
    assert signatures_in(twice) == signatures_in(document)  # time stamps are no signatures that a log should have
    for each in (once, twice):
        report = examine(each, sqlite_town.evidence(), at=sqlite_town.now)
        outcomes = {finding.check: finding.outcome for finding in report.findings}
        assert outcomes[Check.SIGNATURE] is outcomes[Check.CONTENTS] is outcomes[Check.LOG] is Outcome.PASSED


BAD: dict[str, Callable[[bytes], bytes]] = {
    "no PDF": lambda _: b"no document at all",
    "cut off": lambda document: document[: len(document) // 2],
    "without a signature": lambda document: document.replace(b"/FT/Sig", b"/FT/Tx ").replace(
        b"/Type/Sig/", b"/Type/Nix/"
    ),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD.keys())
def test_what_is_no_signed_document_is_refused(sqlite_town: Town, spoil: Callable[[bytes], bytes]) -> None:
    document = sqlite_town.issues(sqlite_town.food_draft()).document

    with pytest.raises(SealingError):
        _sealed(sqlite_town, spoil(document))


@pytest.mark.parametrize("missing", ["certificates", "revocation"])
def test_without_evidence_nothing_is_sealed(sqlite_town: Town, missing: str) -> None:
    document = sqlite_town.issues(sqlite_town.food_draft()).document
    certificates = sqlite_town.key_desk.custody.chain(sqlite_town.desk.key(KeyPurpose.DOCUMENT, BUREAU))

    with pytest.raises(SealingError):
        seal_long_term(
            document,
            certificates=() if missing == "certificates" else certificates,
            revocation=() if missing == "revocation" else sqlite_town.desk.revocation(),
            timestamps=sqlite_town.desk.timestamps,
        )
