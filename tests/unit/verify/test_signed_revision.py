"""What was signed of a PDF that was added to: the very bytes, by signatures that fit, and nothing else."""

from dataclasses import replace

import pytest

from tests.key_room import NOW
from tests.small_pdf import SealingRoom
from tests.unit.verify.test_foreign_pdf import LATER, draw_over, page, sign, update
from tests.unit.verify.test_revisions import restyle, updated
from verify.evidence import Evidence
from verify.examine import examine
from verify.report import Outcome, Report, SignatureLine
from verify.report_objects import public_object, report_from_object, report_object
from verify.signed_revision import NoSignedRevisionError, signed_revision
from verify.verdict import Verdict


def report_on(document: bytes, sealing: SealingRoom) -> Report:
    """Return the report, as it comes back from the process that reads files."""
    return report_from_object(report_object(examine(document, Evidence(trust=sealing.trust), at=LATER)))


def test_of_a_licence_that_was_changed_the_sealed_file_is_cut_out(sealed: bytes, sealing: SealingRoom) -> None:
    changed = updated(sealed, restyle)

    report = report_on(changed, sealing)

    assert report.verdict is Verdict.TAMPERED
    assert signed_revision(changed, report.signatures) == sealed
    assert public_object(report)["signatures"] == [
        {
            "signer": report.signatures[0].signer,
            "signed_at": NOW.isoformat(),
            "outcome": "passed",
            "signed_bytes": len(sealed),
        }
    ]


def test_each_signer_s_file_can_be_had_and_the_last_one_unasked(sealing: SealingRoom) -> None:
    first = sign(page())
    second = sign(update(first, draw_over), field="Sig2")
    document = update(second, draw_over)

    signatures = report_on(document, sealing).signatures

    assert [each.signed_bytes for each in signatures] == [len(first), len(second)]
    assert signed_revision(document, signatures, 1) == first
    assert signed_revision(document, signatures, 2) == signed_revision(document, signatures) == second


def test_a_signature_over_the_whole_file_or_one_that_does_not_fit_tells_nothing(
    sealed: bytes, sealing: SealingRoom
) -> None:
    broken = update(sign(page()).replace(b"100 100 re", b"100 900 re"), draw_over)
    spoilt = sealed.replace(b"(licence)", b"(Licence)") + b"\n% more"
    behind_a_comment = sign(page() + b"% /ByteRange [0 1 2 3]\n")

    for document in (sealed, sign(page()), broken, spoilt, page(), b"%PDF-1.7\n", behind_a_comment):
        signatures = report_on(document, sealing).signatures
        assert [each.signed_bytes for each in signatures] == [None] * len(signatures)
        with pytest.raises(NoSignedRevisionError):
            signed_revision(document, signatures)


def test_a_number_that_is_none_and_an_end_that_is_none_are_refused() -> None:
    line = SignatureLine(signer="", signed_at=None, outcome=Outcome.UNKNOWN, signed_bytes=3)
    lines = (replace(line, signed_bytes=None), line)

    assert signed_revision(b"four", lines, 2) == b"fou"
    for number in (-1, 0, 1, 3):
        with pytest.raises(NoSignedRevisionError):
            signed_revision(b"four", lines, number)
    for end in (0, 4, 5):
        with pytest.raises(NoSignedRevisionError):
            signed_revision(b"four", (replace(line, signed_bytes=end),))
