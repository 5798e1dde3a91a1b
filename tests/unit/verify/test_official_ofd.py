"""Judging OFDs that an office sealed as official documents: each check alone, and what a stranger would make of one."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keys.revocation import Reason, RevokedCertificate
from signer.official.errors import BrokenSignatureError
from signer.official.package import RECEIPT_FILE, VALUE_FILE, finish
from signer.official.places import Placing, SealImage, Spot
from signer.official.wishes import PreparedFile, SealWish
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from tests.key_room import BUREAU, NOW, SEAL, KeyRoom
from tests.mutations import last_bit_changed
from tests.official_office import picture, plain_ofd, prepared_by_work
from tests.small_ofd import SEAL_NAME, OfdRoom
from tests.small_pdf import MANDATE
from verify.certificates import read_certificate
from verify.log_entry import EntryKind
from verify.mandate import Mandate
from verify.ofd import read_ofd
from verify.ofd_package import read_package
from verify.own_ofd import EARLIER_MAX, LATER_MAX
from verify.report import Check, Outcome
from verify.seal_encoding import assemble_seal_signature, seal_signature_to_be_signed
from verify.signed_document import SignedDocument
from verify.sm2 import sm3
from verify.values import LicenceId

DOCUMENT_ID = LicenceId(bytes(range(10)))
LATER = NOW + timedelta(hours=2)
FOLDER = "Doc_0/Signs/Sign_0"
LIST = "Doc_0/Signs/Signatures.xml"


@dataclass(frozen=True, kw_only=True)
class Sealing:
    """How an official OFD is sealed; a test changes one thing. `purpose` and `data_set` are those of the entry shown."""

    at: datetime = NOW
    mandate: Mandate | None = MANDATE
    official: LicenceId | None = DOCUMENT_ID
    purpose: str = "seal"
    data_set: bytes | None = None
    with_receipt: bool = True
    certificate: bytes | None = None


def prepared(room: OfdRoom, upload: bytes) -> PreparedFile:
    image = SealImage(png=picture(), width=42, height=42)
    placing = Placing(at=Spot(page=1, x=60, y=60))
    wish = SealWish(document_id=DOCUMENT_ID.text, placing=placing, image=image, name="-", at=NOW, seal=room.seal)
    return prepared_by_work(upload, wish)


def sealed_official(room: OfdRoom, upload: bytes | None = None, *, how: Sealing | None = None) -> bytes:
    """Seal an upload as an official document."""
    how = how or Sealing()
    file = prepared(room, plain_ofd(2) if upload is None else upload)
    first, last = file.layout.signed
    message = seal_signature_to_be_signed(
        room.seal,
        signed_at=how.at,
        data_hash=sm3(file.content[first:last]),
        property_info=f"/{file.layout.signature}",
        mandate=how.mandate,
        official=how.official,
    )
    shown: dict[int, object] = {1: how.purpose, 2: room.office.custody.public_key(SEAL).kid}
    shown |= {} if how.data_set is None else {3: how.data_set}
    signature = room.office.custody.sign(SEAL, message, receipt=room.intent(message))
    value = assemble_seal_signature(message, how.certificate or room.certificate, signature)
    receipt = room.office.append(EntryKind.INTENT, sha256(message).digest(), shown)
    folder = file.layout.signature.rpartition("/")[0]
    files = {f"{folder}/{VALUE_FILE}": value}
    if how.with_receipt:
        files[f"{folder}/{RECEIPT_FILE}"] = receipt.to_text().encode()
    return finish(file.content, file.layout.room, files)


def judged(document: bytes, room: OfdRoom, *, with_trust: bool = True) -> SignedDocument:
    return read_ofd(document, room.trust if with_trust else None, (room.crl(),), at=LATER)


def codes(document: SignedDocument, check: Check) -> list[tuple[str, Outcome]]:
    return [(each.code, each.outcome) for each in document.findings if each.check is check]


def changed(document: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """Pack the files of an OFD again after a change."""
    files = dict(read_package(document).files)
    change(files)
    return write_zip([OfdPart(name, Packed(content)) for name, content in files.items()])


def with_file(document: bytes, name: str, content: bytes | None) -> bytes:
    """Return an OFD with another content of one file, or without it."""
    return changed(document, lambda files: files.pop(name) if content is None else files.update({name: content}))


@pytest.fixture(scope="module")
def official(ofd_room: OfdRoom) -> bytes:
    return sealed_official(ofd_room)


def test_it_is_ours_with_its_id_and_mandate_and_carries_nothing_of_a_licence(
    ofd_room: OfdRoom, official: bytes
) -> None:
    found = judged(official, ofd_room)

    assert not found.has_failed
    assert (found.form, found.is_ours, found.is_test) == ("ofd", True, True)
    assert (found.official, found.mandate) == (DOCUMENT_ID, MANDATE)
    assert (found.data_set, found.token_text, found.metadata) == (None, None, None)
    assert found.seal is not None
    assert (found.seal.name, found.seal.code) == (SEAL_NAME, SEAL.owner)
    assert (found.issuer_uscc, found.signed_at) == (BUREAU, NOW)
    assert found.signer_kid == read_certificate(ofd_room.certificate).kid
    assert codes(found, Check.FORM) == [("form.official_ofd", Outcome.PASSED)]
    assert codes(found, Check.CONTENTS) == [("contents.whole", Outcome.PASSED)]
    assert codes(found, Check.LOG) == [("log.proven", Outcome.PASSED)]
    assert found.receipt is not None
    assert found.checkpoint is not None


def test_without_a_trust_list_nothing_is_said_of_the_issuer(ofd_room: OfdRoom, official: bytes) -> None:
    found = judged(official, ofd_room, with_trust=False)

    assert not found.is_ours
    assert codes(found, Check.ISSUER) == [("issuer.no_trust_list", Outcome.UNKNOWN)]
    assert codes(found, Check.LOG) == [("log.not_asked", Outcome.UNKNOWN)]


def test_another_authority_makes_it_nobody_s(official: bytes, tmp_path: Path) -> None:
    stranger = OfdRoom.found(KeyRoom.found(tmp_path / "keys").open_office())

    found = judged(official, stranger)

    assert found.has_failed
    assert not found.is_ours


@pytest.mark.parametrize(
    "how",
    [Sealing(official=None), Sealing(mandate=None, official=None)],
    ids=["without the mark", "without mark and mandate"],
)
def test_without_mark_or_mandate_it_is_no_official_document(ofd_room: OfdRoom, how: Sealing) -> None:
    found = judged(sealed_official(ofd_room, how=how), ofd_room)

    assert found.official is None
    assert ("form.official_ofd", Outcome.PASSED) not in codes(found, Check.FORM)


def test_the_mark_without_a_mandate_makes_none_either(ofd_room: OfdRoom) -> None:
    found = judged(sealed_official(ofd_room, how=Sealing(mandate=None)), ofd_room)

    assert found.official is None
    assert not found.is_ours


@pytest.mark.parametrize(
    "how",
    [Sealing(data_set=bytes(32)), Sealing(purpose="document"), Sealing(purpose="code")],
    ids=["of a licence", "of a document key", "of a code"],
)
def test_an_entry_of_something_else_is_not_its_own(ofd_room: OfdRoom, how: Sealing) -> None:
    found = judged(sealed_official(ofd_room, how=how), ofd_room)

    assert codes(found, Check.LOG) == [("log.wrong", Outcome.FAILED)]
    assert found.signed_at is None


def test_without_its_receipt_it_is_not_proven(ofd_room: OfdRoom) -> None:
    found = judged(sealed_official(ofd_room, how=Sealing(with_receipt=False)), ofd_room)

    ((_code, outcome),) = codes(found, Check.LOG)
    assert outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (-LATER_MAX, "log.proven"),
        (-LATER_MAX - timedelta(seconds=1), "log.wrong"),
        (EARLIER_MAX, "log.proven"),
        (EARLIER_MAX + timedelta(seconds=1), "log.wrong"),
    ],
)
def test_the_time_that_the_signer_wrote_is_held_to_the_log_s(ofd_room: OfdRoom, apart: timedelta, said: str) -> None:
    found = judged(sealed_official(ofd_room, how=Sealing(at=NOW - apart)), ofd_room)

    assert [code for code, _ in codes(found, Check.LOG)] == [said]


def test_a_seal_whose_owner_is_not_in_the_trust_list_is_not_ours(ofd_room: OfdRoom, official: bytes) -> None:
    found = judged(official, replace(ofd_room, issuers=()))

    assert found.has_failed


def test_a_seal_of_another_code_than_its_certificate_s_entitles_nobody(ofd_room: OfdRoom) -> None:
    room = replace(ofd_room, seal=ofd_room.make_seal(code="11990000000099"))

    found = judged(sealed_official(room), room)

    assert ("issuer.not_entitled", Outcome.FAILED) in codes(found, Check.ISSUER)


def test_a_certificate_that_is_none_makes_it_nobody_s(ofd_room: OfdRoom) -> None:
    found = judged(sealed_official(ofd_room, how=Sealing(certificate=b"\x30\x03\x02\x01\x00")), ofd_room)

    assert found.has_failed
    assert (found.is_ours, found.issuer_uscc, found.signer_kid) == (False, None, None)


@pytest.mark.parametrize(("hours", "said"), [(-1, "issuer.revoked_before"), (1, "issuer.revoked_after")])
def test_a_certificate_revoked_before_the_sealing_is_told(
    ofd_room: OfdRoom, official: bytes, hours: int, said: str
) -> None:
    revoked = RevokedCertificate(
        serial_number=read_certificate(ofd_room.certificate).serial_number,
        revoked_at=NOW + timedelta(hours=hours),
        reason=Reason.CESSATION_OF_OPERATION,
    )

    found = read_ofd(official, ofd_room.trust, (ofd_room.crl(revoked),), at=LATER)

    assert said in [code for code, _ in codes(found, Check.ISSUER)]
    assert found.has_failed is (hours < 0)


def test_every_protected_file_counts(ofd_room: OfdRoom, official: bytes) -> None:
    loose = {LIST, f"{FOLDER}/{RECEIPT_FILE}", f"{FOLDER}/{VALUE_FILE}", f"{FOLDER}/Signature.xml"}
    for name in read_package(official).files.keys() - loose:
        longer = with_file(official, name, read_package(official).files[name] + b" ")
        gone = with_file(official, name, None)

        assert not judged(longer, ofd_room).is_ours or judged(longer, ofd_room).has_failed, name
        assert not judged(gone, ofd_room).is_ours or judged(gone, ofd_room).has_failed, name


@pytest.mark.parametrize("name", ["extra.txt", "Doc_0/Annots/Annotations.xml", f"{FOLDER}/more.xml", "Doc_0/Signs/x"])
def test_a_file_that_came_later_and_is_no_signature_s_is_a_change(
    ofd_room: OfdRoom, official: bytes, name: str
) -> None:
    found = judged(changed(official, lambda files: files.update({name: b"<x/>"})), ofd_room)

    assert ("contents.changed_after_signing", Outcome.FAILED) in codes(found, Check.CONTENTS)


def test_a_second_seal_may_stand_behind_it_and_the_last_one_counts(ofd_room: OfdRoom, official: bytes) -> None:
    other = LicenceId(bytes(range(1, 11)))

    twice = sealed_official(ofd_room, official, how=Sealing(official=other))

    found = judged(twice, ofd_room)
    assert not found.has_failed
    assert found.official == other
    assert [each.outcome for each in found.signatures] == [Outcome.PASSED, Outcome.PASSED]


def test_behind_a_later_seal_without_the_mark_ours_still_holds(ofd_room: OfdRoom, official: bytes) -> None:
    twice = sealed_official(ofd_room, official, how=Sealing(official=None, mandate=None))

    found = judged(twice, ofd_room)

    assert not found.has_failed
    assert (found.is_ours, found.official) == (True, DOCUMENT_ID)
    assert codes(found, Check.CONTENTS) == [("contents.whole", Outcome.PASSED)]
    assert len(found.signatures) == 2


def test_what_a_later_seal_of_a_stranger_shows_on_the_page_is_told(
    ofd_room: OfdRoom, official: bytes, tmp_path: Path
) -> None:
    stranger = OfdRoom.found(KeyRoom.found(tmp_path / "keys").open_office())
    twice = sealed_official(stranger, official, how=Sealing(official=None, mandate=None))

    found = judged(twice, ofd_room)

    assert not found.has_failed
    assert (found.is_ours, found.official) == (True, DOCUMENT_ID)
    assert ("contents.strangers_mark", Outcome.UNKNOWN) in codes(found, Check.CONTENTS)


@pytest.mark.parametrize("kind", ["Seal", "Sign"])
def test_a_later_signature_brings_no_file_that_a_sealed_page_may_name(
    ofd_room: OfdRoom, official: bytes, kind: str
) -> None:
    """A page of the upload may name a picture that is not there; whoever brings it later changes what is seen."""
    line = f'<ofd:Signature ID="99" Type="{kind}" BaseLoc="/Doc_0/Res/Signature.xml"/></ofd:Signatures>'.encode()

    def bring(files: dict[str, bytes]) -> None:
        files[LIST] = files[LIST].replace(b"</ofd:Signatures>", line)
        files["Doc_0/Res/Signature.xml"] = files[f"{FOLDER}/Signature.xml"]
        files["Doc_0/Res/SignedValue.dat"] = b"\x89PNG"
        files["Doc_0/Res/image.png"] = b"\x89PNG"

    found = judged(changed(official, bring), ofd_room)

    assert ("contents.changed_after_signing", Outcome.FAILED) in codes(found, Check.CONTENTS)


def test_beside_a_good_later_signature_no_other_file_may_come(ofd_room: OfdRoom, official: bytes) -> None:
    twice = sealed_official(ofd_room, official, how=Sealing(official=None, mandate=None))
    folder = "Doc_0/Signs/Sign_1"
    for name, content in ((f"{folder}/image.png", b"\x89PNG"), (f"{folder}/{RECEIPT_FILE}", b"\x89PNG")):
        found = judged(changed(twice, lambda files, it=(name, content): files.update([it])), ofd_room)

        assert ("contents.changed_after_signing", Outcome.FAILED) in codes(found, Check.CONTENTS)


@pytest.mark.parametrize("hide", ["its line is gone", "its kind is another"])
def test_an_earlier_seal_may_not_vanish_from_the_list(ofd_room: OfdRoom, official: bytes, hide: str) -> None:
    """Nothing protects the list, so whoever takes a line out would take a seal off the page."""
    twice = sealed_official(ofd_room, official, how=Sealing(official=LicenceId(bytes(range(1, 11)))))

    def vanish(files: dict[str, bytes]) -> None:
        (line,) = re.findall(rb"<ofd:Signature [^>]*/Sign_0/Signature.xml[^>]*/>", files[LIST])
        other = b"" if hide == "its line is gone" else line.replace(b'Type="Seal"', b'Type="Sign"')
        files[LIST] = files[LIST].replace(line, other)

    found = judged(changed(twice, vanish), ofd_room)

    assert ("contents.changed_after_signing", Outcome.FAILED) in codes(found, Check.CONTENTS)


def test_an_upload_whose_list_leaves_a_seal_out_is_refused(ofd_room: OfdRoom, official: bytes) -> None:
    line = re.compile(rb"<ofd:Signature [^>]*/>")
    upload = changed(official, lambda files: files.update({LIST: line.sub(b"", files[LIST])}))

    with pytest.raises(BrokenSignatureError):
        prepared(ofd_room, upload)


def test_a_broken_signature_of_another_makes_the_file_one_that_does_not_hold(
    ofd_room: OfdRoom, official: bytes
) -> None:
    twice = sealed_official(ofd_room, official, how=Sealing(official=None, mandate=None))
    name = f"Doc_0/Signs/Sign_1/{VALUE_FILE}"

    found = judged(changed(twice, lambda files: files.update({name: last_bit_changed(files[name])})), ofd_room)

    assert found.has_failed


def test_a_later_signature_s_files_may_not_be_among_those_that_ours_protects(
    ofd_room: OfdRoom, official: bytes
) -> None:
    """Naming one of our own folders in the list would make its files look as if they had come later."""
    line = b'<ofd:Signature ID="99" Type="Seal" BaseLoc="/Doc_0/Pages/Page_0/Signature.xml"/>'
    end = b"</ofd:Signatures>"

    found = judged(
        changed(official, lambda files: files.update({LIST: files[LIST].replace(end, line + end)})), ofd_room
    )

    assert not found.is_ours or found.has_failed


@pytest.mark.parametrize("spoil", [b"", b"-----", b"\xff\xfe"])
def test_a_receipt_that_is_none_proves_nothing(ofd_room: OfdRoom, official: bytes, spoil: bytes) -> None:
    found = judged(
        changed(official, lambda files: files.update({f"{FOLDER}/{RECEIPT_FILE}": spoil})),
        ofd_room,
    )

    assert [outcome for _, outcome in codes(found, Check.LOG)] == [Outcome.FAILED]
