"""Judging our own OFDs: each check alone, and every way in which a forger or a thief would try it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from keys.revocation import Reason, RevokedCertificate
from signer.page.ofd import Stamp, UnsignedOfd
from signer.page.ofd_seal import PreparedOfd, assemble_ofd, prepare_ofd_seal
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from tests.key_room import BUREAU, NOW, ORIGIN, SEAL
from tests.small_ofd import CODE_TEXT, METADATA, SEAL_NAME, SHOWN, OfdRoom, ofd_parts
from tests.small_pdf import DATA_SET, MANDATE
from verify.attached import DATA_SET_FILE, METADATA_FILE
from verify.certificates import read_certificate
from verify.ofd import read_ofd
from verify.ofd_package import read_package
from verify.own_ofd import (
    ATTACHED,
    DESCRIPTION_FILE,
    EARLIER_MAX,
    LATER_MAX,
    RECEIPT,
    SEAL_FILE,
    SIGNATURES_FILE,
    VALUE_FILE,
)
from verify.report import Check, Outcome
from verify.seal_encoding import assemble_seal_signature
from verify.seal_objects import read_seal_signature
from verify.signed_document import SignedDocument
from verify.trust import TrustedKey

LATER = NOW + timedelta(hours=2)
PAGE = "Doc_0/Pages/Page_0/Content.xml"


def judged(document: bytes, room: OfdRoom, *, with_trust: bool = True) -> SignedDocument:
    return read_ofd(document, room.trust if with_trust else None, (room.crl(),), at=LATER)


def codes(document: SignedDocument, check: Check) -> list[tuple[str, Outcome]]:
    return [(each.code, each.outcome) for each in document.findings if each.check is check]


def details(document: SignedDocument) -> str:
    return "; ".join(each.detail for each in document.findings if each.outcome is Outcome.FAILED)


def repacked(document: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """Pack the files of an OFD again, in our way, after a change."""
    files = dict(read_package(document).files)
    change(files)
    return write_zip([OfdPart(name, Packed(content)) for name, content in files.items()])


def passes(document: SignedDocument) -> bool:
    good = {(each.check, each.outcome) for each in document.findings}
    needed = {Check.FORM, Check.SIGNATURE, Check.ISSUER, Check.SEAL, Check.LOG}
    return (
        document.is_ours
        and {each for each in good if each[1] is not Outcome.PASSED} == set()
        and needed <= {check for check, _ in good}
    )


def test_a_good_ofd_passes_every_check_and_hands_out_what_it_carries(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    found = judged(sealed_ofd, ofd_room)

    assert passes(found)
    assert (found.form, found.is_ours, found.is_test) == ("ofd", True, True)
    assert found.data_set == DATA_SET
    assert (found.token_text or "").encode() == CODE_TEXT
    assert found.mandate == MANDATE
    assert found.seal is not None
    assert (found.seal.name, found.seal.code) == (SEAL_NAME, SEAL.owner)
    assert (found.issuer_uscc, found.signed_at) == (BUREAU, NOW)
    assert found.signer_kid == read_certificate(ofd_room.certificate).kid
    assert found.receipt is not None
    assert found.checkpoint is not None
    assert [(each.signer, each.signed_at, each.code) for each in found.signatures] == [
        (SEAL_NAME, NOW, "signature.good")
    ]


def test_without_a_trust_list_the_seal_is_checked_and_nobody_is_trusted(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    found = judged(sealed_ofd, ofd_room, with_trust=False)

    assert not found.is_ours
    assert codes(found, Check.SIGNATURE) == [("signature.good", Outcome.PASSED)]
    assert codes(found, Check.ISSUER) == [("issuer.no_trust_list", Outcome.UNKNOWN)]
    assert codes(found, Check.LOG) == [("log.not_asked", Outcome.UNKNOWN)]


PROTECTED = [part.name for part in ofd_parts()] + [SEAL_FILE]


@pytest.mark.parametrize("name", PROTECTED)
def test_every_file_of_the_licence_is_protected(name: str, sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    longer = judged(repacked(sealed_ofd, lambda files: files.update({name: files[name] + b" "})), ofd_room)
    gone = judged(repacked(sealed_ofd, lambda files: files.__delitem__(name)), ofd_room)

    assert longer.has_failed
    assert gone.has_failed
    assert any(code == "signature.bad" for code, _ in codes(longer, Check.SIGNATURE))


@pytest.mark.parametrize("name", [SIGNATURES_FILE, DESCRIPTION_FILE, VALUE_FILE, RECEIPT])
def test_what_the_seal_cannot_protect_has_one_spelling(name: str, sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    for changed in (
        repacked(sealed_ofd, lambda files: files.update({name: files[name] + b"\n"})),
        repacked(sealed_ofd, lambda files: files.update({name: files[name][:-1]})),
        repacked(sealed_ofd, lambda files: files.__delitem__(name)),
    ):
        assert not passes(judged(changed, ofd_room))


def test_one_digit_on_the_page_shows(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    number = DATA_SET.number.encode()
    other = number[:-1] + b"7"

    found = judged(
        repacked(sealed_ofd, lambda files: files.update({PAGE: files[PAGE].replace(number, other)})), ofd_room
    )

    assert ("signature.bad", Outcome.FAILED) in codes(found, Check.SIGNATURE)
    assert ("contents.inconsistent", Outcome.FAILED) in codes(found, Check.CONTENTS)


@pytest.mark.parametrize("name", ["Doc_0/Annots/Annotations.xml", "Doc_0/Signs/Sign_1/Signature.xml", "extra.txt"])
def test_an_added_file_is_a_change(name: str, sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    found = judged(repacked(sealed_ofd, lambda files: files.update({name: b"<x/>"})), ofd_room)

    assert codes(found, Check.SIGNATURE) == [("signature.good", Outcome.PASSED)]
    assert codes(found, Check.CONTENTS) == [("contents.changed_after_signing", Outcome.FAILED)]


def test_files_in_another_order_or_packed_otherwise_are_a_change(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    files = read_package(sealed_ofd).files
    backwards = write_zip([OfdPart(name, Packed(content)) for name, content in reversed(files.items())])
    stored = write_zip([OfdPart(name, Packed(content), is_stored=True) for name, content in files.items()])

    assert codes(judged(backwards, ofd_room), Check.CONTENTS) == [("contents.changed_after_signing", Outcome.FAILED)]
    assert codes(judged(stored, ofd_room), Check.CONTENTS) == [("contents.changed_after_signing", Outcome.FAILED)]


def test_a_signed_file_under_a_name_that_our_writer_has_not_is_a_change(ofd_room: OfdRoom) -> None:
    more = (*ofd_parts(), OfdPart("Doc_0/Res/video_1.mp4", Packed(b"video")))
    fewer = tuple(each for each in ofd_parts() if not each.name.endswith("PublicRes.xml"))

    for parts in (more, fewer):
        found = judged(ofd_room.seal_up(ofd_room.prepare(parts)), ofd_room)
        assert codes(found, Check.CONTENTS) == [("contents.changed_after_signing", Outcome.FAILED)]


def exchanged(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda xml: xml.replace(old.encode(), new.encode(), 1)


def with_description(room: OfdRoom, change: Callable[[bytes], bytes]) -> bytes:
    """Seal another description: it fits its seal, and is not as our writer writes it."""
    prepared = room.prepare()
    changed = change(prepared.signature_xml)
    assert changed != prepared.signature_xml
    parts = tuple(
        OfdPart(each.name, Packed(changed)) if each.name == DESCRIPTION_FILE else each for each in prepared.parts
    )
    return room.seal_up(PreparedOfd(parts=parts, signature_xml=changed))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (exchanged("1.2.156.10197.1.401", "SM3"), "not the form"),
        (exchanged('CheckMethod="1.2.156.10197.1.401"', ""), "digests other than SM3"),
        (exchanged("1.2.156.10197.1.401", "MD5"), "digests other than SM3"),
        (exchanged(f"/{SEAL_FILE}</ofd:BaseLoc>", "/OFD.xml</ofd:BaseLoc>"), "not the places"),
        (exchanged('PageRef="2"', 'PageRef="9"'), "a page that is not there"),
        (exchanged('Boundary="150 230 42 42"', 'Boundary="180 230 42 42"'), "not on its page"),
        (lambda xml: re.sub(rb"<ofd:Reference FileRef=./OFD.xml.*?</ofd:Reference>", b"", xml), "nobody sealed"),
    ],
)
def test_a_description_that_is_not_as_we_write_it_is_refused(
    change: Callable[[bytes], bytes], said: str, ofd_room: OfdRoom
) -> None:
    found = judged(with_description(ofd_room, change), ofd_room)

    assert found.has_failed
    assert said in details(found)


def test_two_documents_in_one_package_are_refused(ofd_room: OfdRoom) -> None:
    about, *others = ofd_parts()
    body = re.search(rb"<ofd:DocBody>.*</ofd:DocBody>", about.packed.content)
    assert body
    doubled = OfdPart(about.name, Packed(about.packed.content.replace(body[0], body[0] * 2)))

    found = judged(ofd_room.seal_up(ofd_room.prepare((doubled, *others))), ofd_room)

    assert "more than one document" in details(found)


def test_a_page_without_a_size_has_no_place_for_a_seal(ofd_room: OfdRoom) -> None:
    parts = tuple(
        OfdPart(each.name, Packed(each.packed.content.replace(b"0 0 210 297", b"0 0 210"))) for each in ofd_parts()
    )

    assert judged(ofd_room.seal_up(ofd_room.prepare(parts)), ofd_room).has_failed


def test_a_seal_beside_the_signature_that_is_another_one_is_told(ofd_room: OfdRoom) -> None:
    other = ofd_room.make_seal(name="另一枚印章")
    prepared = prepare_ofd_seal(UnsignedOfd(parts=ofd_parts(), stamp=Stamp(2, "150 230 42 42")), other, signed_at=NOW)

    found = judged(ofd_room.seal_up(prepared), ofd_room)

    assert ("seal.file_differs", Outcome.FAILED) in codes(found, Check.SEAL)


def test_a_value_that_signs_another_description_is_bad(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    value = read_package(ofd_room.seal_up(ofd_room.prepare(ofd_parts(shown={"ZZBH": DATA_SET.number})))).files[
        VALUE_FILE
    ]

    found = judged(repacked(sealed_ofd, lambda files: files.update({VALUE_FILE: value})), ofd_room)

    assert ("seal.data_hash_wrong", Outcome.FAILED) in codes(found, Check.SIGNATURE)
    assert "not the one that was sealed" in details(found)


def test_a_value_with_something_that_no_signature_covers_is_not_in_our_form(ofd_room: OfdRoom) -> None:
    """A time stamp stands behind the signature: ours have none, the log tells their time."""

    def with_stamp(value: bytes) -> bytes:
        sealed = read_seal_signature(value)
        return assemble_seal_signature(
            sealed.to_be_signed, sealed.signer_certificate, sealed.signature.value, timestamp=b"\x30\x00"
        )

    found = judged(ofd_room.seal_up(change_value=with_stamp), ofd_room)

    assert "not the form" in details(found)


def test_a_certificate_that_cannot_be_read_leaves_the_office_unknown(ofd_room: OfdRoom) -> None:
    def with_other_certificate(value: bytes) -> bytes:
        sealed = read_seal_signature(value)
        return assemble_seal_signature(sealed.to_be_signed, b"\x30\x00", sealed.signature.value)

    found = judged(ofd_room.seal_up(change_value=with_other_certificate), ofd_room)

    assert not found.is_ours
    assert (found.signer_kid, found.issuer_uscc) == (None, None)
    assert ("log.wrong", Outcome.FAILED) in codes(found, Check.LOG)


def test_a_certificate_of_another_seal_is_refused(ofd_room: OfdRoom) -> None:
    other = replace(ofd_room, seal=ofd_room.make_seal(code="11990000000002"))

    found = judged(other.seal_up(), ofd_room)

    assert not found.is_ours
    assert ("issuer.not_entitled", Outcome.FAILED) in codes(found, Check.ISSUER)


def test_an_office_that_the_list_does_not_name_is_unknown(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    found = judged(sealed_ofd, replace(ofd_room, issuers=()))

    assert not found.is_ours
    assert ("issuer.unknown", Outcome.FAILED) in codes(found, Check.ISSUER)


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({}, "log.proven"),
        ({"purpose": "document"}, "log.wrong"),
        ({"kid": bytes(8)}, "log.wrong"),
        ({"data_set": bytes(32)}, "log.wrong"),
    ],
)
def test_the_log_must_have_announced_exactly_this(
    detail: Mapping[str, object],
    said: str,
    ofd_room: OfdRoom,
) -> None:
    prepared = ofd_room.prepare()
    to_be_signed = ofd_room.to_be_signed(prepared)
    signature = ofd_room.office.sign(SEAL, to_be_signed)
    value = assemble_seal_signature(to_be_signed, ofd_room.certificate, signature)
    receipt = ofd_room.intent(to_be_signed, **detail)

    found = judged(assemble_ofd(prepared, value, receipt.to_text()), ofd_room)

    assert codes(found, Check.LOG)[0][0] == said


@pytest.mark.parametrize("proof", [b"", b"\xff\xfe", b"c2sp.org/tlog-proof@v1\n"])
def test_a_receipt_that_is_none_proves_nothing(proof: bytes, sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    found = judged(repacked(sealed_ofd, lambda files: files.update({RECEIPT: proof})), ofd_room)

    assert codes(found, Check.LOG) == [("log.wrong", Outcome.FAILED)]
    assert found.signed_at is None


def test_without_its_receipt_it_is_not_in_the_log(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    found = judged(repacked(sealed_ofd, lambda files: files.__delitem__(RECEIPT)), ofd_room)

    assert codes(found, Check.LOG) == [("log.missing", Outcome.FAILED)]


@pytest.mark.parametrize(
    ("signed_at", "said"),
    [
        (NOW - EARLIER_MAX, "log.proven"),
        (NOW - EARLIER_MAX - timedelta(seconds=1), "log.wrong"),
        (NOW + LATER_MAX, "log.proven"),
        (NOW + LATER_MAX + timedelta(seconds=1), "log.wrong"),
    ],
)
def test_the_time_that_the_signer_wrote_must_be_that_of_the_log(
    signed_at: datetime,
    said: str,
    ofd_room: OfdRoom,
) -> None:
    room = replace(ofd_room, signed_at=signed_at)

    found = judged(room.seal_up(), ofd_room)

    assert codes(found, Check.LOG)[0][0] == said
    assert (found.signed_at == NOW) is (said == "log.proven")


def test_a_key_that_was_cut_off_proves_only_what_stands_below(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    public = ofd_room.office.custody.public_key(SEAL)
    index = (judged(sealed_ofd, ofd_room).receipt or pytest.fail("no receipt")).index

    def cut(size: int) -> SignedDocument:
        key = TrustedKey(
            kid=public.kid,
            algorithm=public.algorithm,
            spki=public.spki,
            use=6,
            not_before=NOW - timedelta(days=1),
            not_after=NOW + timedelta(days=30),
            cut_off=(ORIGIN, size),
        )
        return judged(sealed_ofd, replace(ofd_room, keys=(key,)))

    assert codes(cut(index + 1), Check.LOG) == [("log.proven", Outcome.PASSED)]
    assert codes(cut(index), Check.LOG) == [("log.cut_off", Outcome.FAILED)]


def test_a_seal_certificate_revoked_before_the_sealing_is_told(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    serial = read_certificate(ofd_room.certificate).serial_number

    def with_revocation(hours: int) -> SignedDocument:
        revoked = RevokedCertificate(
            serial_number=serial, revoked_at=NOW + timedelta(hours=hours), reason=Reason.CESSATION_OF_OPERATION
        )
        return read_ofd(sealed_ofd, ofd_room.trust, (ofd_room.crl(revoked),), at=LATER)

    assert ("issuer.revoked_before", Outcome.FAILED) in codes(with_revocation(-1), Check.ISSUER)
    assert ("issuer.revoked_after", Outcome.PASSED) in codes(with_revocation(1), Check.ISSUER)


def in_both(**changes: str) -> dict[str, Mapping[str, str]]:
    """Change the metadata where they stand, in OFD.xml and in the attachment."""
    changed = {**METADATA, **changes}
    return {"details": changed, "metadata": changed}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"details": {**METADATA, "CZZT": "别人"}}, "the texts in OFD.xml"),
        ({"metadata": {**METADATA, "CZZT": "别人"}}, "the texts in OFD.xml"),
        (in_both(ZZBH="1"), "data set differ: ZZBH"),
        (in_both(KZ_NEW="1"), "data set differ: KZ_NEW"),
        (in_both(ZZYXQJZRQ=""), "data set differ: ZZYXQJZRQ"),
        ({"shown": {**SHOWN, "CZZT": "别人"}}, "the page shows something else: CZZT"),
        ({"shown": {**SHOWN, "ZZBFRQ": "2026年3月19日"}}, "the page shows something else: ZZBFRQ"),
    ],
)
def test_what_the_document_says_in_several_places_must_agree(
    parts: dict[str, Mapping[str, str]], said: str, ofd_room: OfdRoom
) -> None:
    found = judged(ofd_room.seal_up(ofd_room.prepare(ofd_parts(**parts))), ofd_room)  # type: ignore[arg-type]

    assert codes(found, Check.SIGNATURE) == [("signature.good", Outcome.PASSED)]
    assert codes(found, Check.CONTENTS) == [("contents.inconsistent", Outcome.FAILED)]
    assert said in details(found)
    assert "别人" not in details(found)


@pytest.mark.parametrize("name", [DATA_SET_FILE, METADATA_FILE])
def test_a_licence_without_data_set_or_metadata_compares_nothing(
    name: str, sealed_ofd: bytes, ofd_room: OfdRoom
) -> None:
    path = f"{ATTACHED}/{name}"

    gone = judged(repacked(sealed_ofd, lambda files: files.__delitem__(path)), ofd_room)
    broken = judged(repacked(sealed_ofd, lambda files: files.update({path: b"\xff"})), ofd_room)

    assert gone.has_failed
    assert broken.has_failed
    if name == DATA_SET_FILE:
        assert (gone.data_set, broken.data_set) == (None, None)


def test_the_code_is_ascii_or_none(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    path = f"{ATTACHED}/code.txt"

    found = judged(repacked(sealed_ofd, lambda files: files.update({path: "码".encode()})), ofd_room)

    assert found.token_text is None


def test_an_ofd_whose_root_cannot_be_read_is_a_changed_one_of_ours(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    found = judged(repacked(sealed_ofd, lambda files: files.update({"OFD.xml": b"<!DOCTYPE x><x/>"})), ofd_room)

    assert found.is_ours
    assert ("signature.bad", Outcome.FAILED) in codes(found, Check.SIGNATURE)
