"""A document and the code inside it: the same licence, or two that were put together."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.code_room import CLAIMS, FOOD, ISSUER, NOW, CodeRoom
from tests.small_pdf import SealingRoom, pdf_objects, write_small_pdf
from verify.document_check import DocumentCheck, _compare, _of_foreign, check_document
from verify.evidence import Evidence
from verify.examine import examine
from verify.licence import DataSet, mask_name
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt
from verify.qr_token import LicenceToken, decode_token
from verify.report import Check, Finding, LogPlaces, Outcome
from verify.signed_document import SignatureFound, SignedDocument
from verify.values import LicenceId, LicenceIdentifier, LicenceTypeCode, Uscc
from verify.verdict import Verdict

ROOM = CodeRoom()
DATA_SET = DataSet(
    salt=bytes(16),
    type_code=FOOD,
    number=CLAIMS.number,
    holder_name=CLAIMS.holder,
    holder_uscc=CLAIMS.holder_uscc,
    valid_from=CLAIMS.valid_from,
    valid_until=CLAIMS.valid_until,
    office_name="示例市行政审批服务局",
    fields={},
    identifier=LicenceIdentifier.make(LicenceTypeCode(FOOD), Uscc(ISSUER), "0000000001", 1),
    licence_id=CLAIMS.licence_id,
)
PASSED = tuple(
    Finding(check=check, code=code, outcome=Outcome.PASSED)
    for check, code in ((Check.FORM, "form.pdf"), (Check.SIGNATURE, "signature.good"), (Check.ISSUER, "issuer.trusted"))
)


def token(data_set: DataSet = DATA_SET, **changes: Any) -> LicenceToken:
    return decode_token(ROOM.code(**{"data_set_digest": data_set.short_digest, **changes}))


def signed(**changes: Any) -> SignedDocument:
    return replace(SignedDocument(digest=bytes(32), is_ours=True, findings=PASSED, issuer_uscc=ISSUER), **changes)


def receipt(digest: bytes) -> LogReceipt:
    entry = LogEntry(kind=EntryKind.INTENT, time=NOW, digest=bytes(32), detail={1: "document", 2: bytes(8), 3: digest})
    return LogReceipt(entry=entry.encode(), index=3, path=(), note="note\n")


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [each.code for each in findings]


def test_data_set_and_code_of_one_licence_are_the_same() -> None:
    assert codes(_compare(signed(), DATA_SET, token())) == ["contents.same"]
    assert codes(_compare(signed(issuer_uscc=None), DATA_SET, token())) == ["contents.same"]


def test_contents_of_a_file_that_its_signature_does_not_fit_are_never_called_the_same() -> None:
    bad = Finding(check=Check.SIGNATURE, code="signature.bad", outcome=Outcome.FAILED)

    (finding,) = _compare(signed(findings=(PASSED[0], bad, PASSED[2])), DATA_SET, token())

    assert (finding.code, finding.outcome) == ("contents.unproven", Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("digest", {"data_set_digest": bytes(16)}),
        ("id", {"licence_id": LicenceId(bytes(10))}),
        ("number", {"number": "JY29999990000026"}),
        ("type_code", {"type_code": "11999999000000019M003"}),
        ("valid_from", {"valid_from": date(2026, 9, 26)}),
        ("valid_until", {"valid_until": None}),
        ("holder_uscc", {"holder_uscc": None}),
        ("holder", {"holder": "别家餐饮有限公司"}),
    ],
)
def test_each_difference_is_named(name: str, changes: dict[str, Any]) -> None:
    (finding,) = _compare(signed(), DATA_SET, token(**changes))

    assert finding.code == "contents.other_token"
    assert finding.outcome is Outcome.FAILED
    assert finding.detail == name


def test_a_code_of_another_issuer_in_a_document_is_another_licence() -> None:
    (finding,) = _compare(signed(issuer_uscc="1199999900000006XQ"), DATA_SET, token())

    assert finding.detail == "issuer"


def test_a_persons_name_is_masked_in_the_code() -> None:
    person = replace(DATA_SET, holder_name="欧阳䶮", holder_uscc=None)

    for shown in ("欧*䶮", "欧阳䶮"):
        assert codes(_compare(signed(), person, token(person, holder=shown, holder_uscc=None))) == ["contents.same"]
    assert codes(_compare(signed(), person, token(person, holder="欧**", holder_uscc=None))) == ["contents.other_token"]


def test_an_organisations_name_is_not_masked() -> None:
    masked = token(holder=mask_name(CLAIMS.holder))

    assert codes(_compare(signed(), DATA_SET, masked)) == ["contents.other_token"]


def test_nor_is_that_of_an_organisation_without_a_uscc() -> None:
    association = replace(DATA_SET, holder_uscc=None, without_uscc=True)

    for shown, code in ((CLAIMS.holder, "contents.same"), (mask_name(CLAIMS.holder), "contents.other_token")):
        assert codes(_compare(signed(), association, token(association, holder=shown, holder_uscc=None))) == [code]


def test_the_log_entry_must_name_the_data_set() -> None:
    good, bad = receipt(DATA_SET.digest), receipt(bytes(32))
    broken = replace(good, entry=b"\x00")

    assert codes(_compare(signed(receipt=good), DATA_SET, token())) == ["contents.same"]
    assert codes(_compare(signed(receipt=bad), DATA_SET, token())) == ["contents.same", "log.wrong"]
    assert codes(_compare(signed(receipt=broken), DATA_SET, token())) == ["contents.same", "log.wrong"]


def test_a_document_without_a_code_that_can_be_read_lacks_its_contents() -> None:
    assert codes(_compare(signed(), DATA_SET, None)) == ["contents.missing"]


def test_a_good_signature_alone_never_makes_a_document_one_of_ours() -> None:
    stranger = signed(is_ours=False)

    assert "issuer.unknown" in codes(_of_foreign(stranger, ROOM.evidence()))
    assert "issuer.no_trust_list" in codes(_of_foreign(stranger, Evidence(trust=None)))
    assert "issuer.trusted" not in codes(_of_foreign(stranger, ROOM.evidence()))


def test_what_is_said_of_a_strangers_issuer_or_form_is_kept() -> None:
    named = Finding(check=Check.ISSUER, code="issuer.unknown", outcome=Outcome.FAILED, detail="somebody")
    unread = Finding(check=Check.FORM, code="form.unreadable", outcome=Outcome.FAILED)

    assert named in _of_foreign(signed(is_ours=False, findings=(*PASSED[:2], named)), ROOM.evidence())
    assert _of_foreign(signed(is_ours=False, findings=(unread,)), ROOM.evidence()) == (unread,)


def test_a_file_that_is_no_pdf_has_no_code_and_no_place_in_the_log() -> None:
    check = check_document(b"nothing", ROOM.evidence(), at=NOW)

    assert codes(check.findings) == ["form.unreadable"]
    assert check.token is None
    assert check.log == LogPlaces()
    assert check.lines == ()


def test_every_signature_is_shown() -> None:
    found = SignatureFound(signer="somebody", signed_at=NOW, outcome=Outcome.FAILED, code="signature.bad")

    (line,) = DocumentCheck(signed=signed(signatures=(found,)), code=None, findings=()).lines

    assert (line.signer, line.signed_at, line.outcome) == ("somebody", NOW, Outcome.FAILED)


def test_a_document_of_ours_without_its_files_lacks_its_contents(sealing: SealingRoom) -> None:
    bare = sealing.seal(write_small_pdf(pdf_objects({})))

    report = examine(bare, Evidence(trust=sealing.trust), at=sealing.at)

    assert report.verdict is Verdict.TAMPERED
    assert [each.code for each in report.findings if each.check is Check.CONTENTS] == ["contents.missing"]
    assert report.claimed is None


def test_a_document_of_ours_whose_code_is_no_code_lacks_its_contents(sealing: SealingRoom, sealed: bytes) -> None:
    report = examine(sealed, Evidence(trust=sealing.trust), at=sealing.at)

    assert [each.code for each in report.findings if each.outcome is Outcome.FAILED] == ["contents.missing"]
    assert report.verdict is Verdict.TAMPERED
    assert report.facts.holder == ""
