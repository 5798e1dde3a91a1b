"""Reading any PDF: which way is taken, and that no byte of a document of ours is free."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.key_room import NOW, KeyRoom
from tests.small_pdf import SealingRoom, pdf_objects, room_of, write_small_pdf
from tests.town import Town
from verify.own_pdf import find_rooms
from verify.pdf import read_pdf
from verify.report import Check, Finding, Outcome
from verify.signed_document import DOCUMENT_BYTES_MAX, SignedDocument
from verify.trust import TrustList

LATER = NOW + timedelta(hours=1)


def passes(found: SignedDocument) -> bool:
    """Say whether this reads as a good document of ours."""
    good = {(each.check, each.outcome) for each in found.findings}
    needed = {(check, Outcome.PASSED) for check in (Check.FORM, Check.SIGNATURE, Check.ISSUER, Check.LOG)}
    return found.is_ours and not found.has_failed and needed <= good


@pytest.mark.parametrize(
    "document", [b"", b"licence", b"PK\x03\x04", b" %PDF-1.7", b"%PDF-" + bytes(DOCUMENT_BYTES_MAX)]
)
def test_what_is_no_pdf_or_too_long_is_unreadable(document: bytes, sealing: SealingRoom) -> None:
    found = read_pdf(document, sealing.trust, (), at=LATER)

    assert [(each.code, each.outcome) for each in found.findings] == [("form.unreadable", Outcome.FAILED)]
    assert not found.is_ours


def test_a_document_of_ours_is_read_without_pyhanko(sealed: bytes, tmp_path: Path, repository: Path) -> None:
    (tmp_path / "document.pdf").write_bytes(sealed)
    program = (
        "import sys, datetime, pathlib\n"
        "from verify.pdf import read_pdf\n"
        "found = read_pdf(pathlib.Path(sys.argv[1]).read_bytes(), None, (), at=datetime.datetime(2026, 11, 24))\n"
        "print(found.findings[0].code, 'pyhanko' in sys.modules, 'asn1crypto' in sys.modules)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "document.pdf")],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "form.own_pdf False False\n"


def test_the_first_signature_in_our_form_decides(sealed: bytes, sealing: SealingRoom) -> None:
    """A room that holds nothing of ours is passed over; the one behind it is found."""
    (room,) = find_rooms(sealed)
    decoy = b"%%PDF-1.7\n%%/ByteRange[0 %d %d 0]\n" % (room.start, room.end)
    empty = bytes(write_small_pdf(pdf_objects()).content)

    assert passes(read_pdf(sealed, sealing.trust, (), at=LATER))
    assert not read_pdf(empty, sealing.trust, (), at=LATER).is_ours
    assert not passes(read_pdf(decoy + sealed, sealing.trust, (), at=LATER))
    start, end = room_of(sealed)
    behind = sealed + b"/ByteRange[0 %d %d 0]" % (start - 100, end)
    assert not passes(read_pdf(behind, sealing.trust, (), at=LATER))


def test_findings_can_be_added_in_the_order_in_which_they_are_shown(sealed: bytes, sealing: SealingRoom) -> None:
    found = read_pdf(sealed, sealing.trust, (), at=LATER)
    term = Finding(check=Check.TERM, code="term.expired", outcome=Outcome.FAILED)

    more = found.with_findings((term,))

    assert [each.check for each in more.findings] == sorted(
        (each.check for each in more.findings), key=list(Check).index
    )
    assert more.has_failed
    assert not found.has_failed


def flipped(document: bytes, place: int, bit: int) -> bytes:
    changed = bytearray(document)
    changed[place % len(changed)] ^= 1 << bit
    return bytes(changed)


def in_the_cms(document: bytes, place: int) -> int:
    """Return a place among the digits of the CMS, which no digest covers."""
    (room,) = find_rooms(document)
    return room.start + 1 + place % (2 * len(room.cms))


@settings(max_examples=120, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_document_of_ours_is_free(sealed: bytes, sealing: SealingRoom, place: int, bit: int) -> None:
    assert not passes(read_pdf(flipped(sealed, place, bit), sealing.trust, (), at=LATER))


@settings(max_examples=400, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_of_the_room_is_free(sealed: bytes, sealing: SealingRoom, place: int, bit: int) -> None:
    changed = flipped(sealed, in_the_cms(sealed, place), bit)

    assert not passes(read_pdf(changed, sealing.trust, (), at=LATER))


@settings(max_examples=150, deadline=None)
@given(place=st.integers(min_value=0), digit=st.sampled_from("0123456789abcdef"))
def test_no_digit_of_the_room_is_free(sealed: bytes, sealing: SealingRoom, place: int, digit: str) -> None:
    at = in_the_cms(sealed, place)
    changed = sealed[:at] + digit.encode() + sealed[at + 1 :]

    assert passes(read_pdf(changed, sealing.trust, (), at=LATER)) is (changed == sealed)


@settings(max_examples=60, deadline=None)
@given(start=st.integers(min_value=0), length=st.integers(min_value=1, max_value=5000), data=st.binary(max_size=40))
def test_no_part_can_be_taken_out_or_exchanged(
    sealed: bytes, sealing: SealingRoom, start: int, length: int, data: bytes
) -> None:
    at = start % len(sealed)
    changed = sealed[:at] + data + sealed[at + length :]

    assert passes(read_pdf(changed, sealing.trust, (), at=LATER)) is (changed == sealed)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=2000))
def test_any_bytes_get_an_answer(sealing: SealingRoom, data: bytes) -> None:
    assert read_pdf(b"%PDF-1.7\n" + data, sealing.trust, (), at=LATER).has_failed


def test_a_licence_as_it_is_issued_is_read_and_guarded_byte_by_byte(sqlite_town: Town) -> None:
    evidence = sqlite_town.evidence()
    issued = sqlite_town.issues(sqlite_town.food_draft())
    document, trust = issued.document, evidence.trust
    assert isinstance(trust, TrustList)

    found = read_pdf(document, trust, evidence.crls, at=sqlite_town.now)

    assert passes(found)
    assert found.data_set is not None
    assert found.data_set.number == issued.record.number
    assert found.metadata is not None
    assert found.signed_at == sqlite_town.now
    random = Random(1)  # noqa: S311 - places to change, not secrets
    for _ in range(60):
        changed = flipped(document, random.randrange(len(document)), random.randrange(8))
        assert not passes(read_pdf(changed, trust, evidence.crls, at=sqlite_town.now))


def test_the_same_bytes_get_the_same_answer(sealed: bytes, sealing: SealingRoom, office: KeyRoom) -> None:
    first = read_pdf(sealed, sealing.trust, (), at=LATER)
    second = read_pdf(sealed, sealing.trust, (), at=LATER)

    assert first.findings == second.findings
    assert first.digest == second.digest
    assert office.entries
