"""A PDF that an office sealed as an official document: what makes it one, and what a stranger cannot make of it."""

from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signer.official.places import Placing, SealImage, Spot
from signer.official.wishes import SealWish
from signer.pades import assemble_cms, document_digest, embed, signed_attributes
from signer.page.pdf import UnsignedPdf
from tests.key_room import BUREAU, NOW, KeyRoom
from tests.official_office import picture, plain_pdf, prepared_by_work
from tests.small_pdf import SealingRoom
from verify.cms import read_official_cms, read_our_cms
from verify.errors import MalformedError
from verify.log_entry import EntryKind
from verify.own_pdf import find_rooms
from verify.pdf import read_pdf
from verify.report import Check, Outcome
from verify.signed_document import SignedDocument
from verify.values import LicenceId

DOCUMENT_ID = LicenceId(bytes(range(10)))


def sealed_official(room: SealingRoom, upload: bytes | None = None, *, data_set: bytes | None = None) -> bytes:
    """Seal an upload as an official document; with a data set its log entry is that of a licence."""
    image = SealImage(png=picture(), width=42, height=42)
    placing = Placing(at=Spot(page=1, x=60, y=60))
    wish = SealWish(document_id=DOCUMENT_ID.text, placing=placing, image=image, name="-", at=NOW)
    file = prepared_by_work(plain_pdf() if upload is None else upload, wish)
    start, end = file.layout.room
    unsigned = UnsignedPdf(content=bytearray(file.content), hole_start=start, hole_end=end)
    attributes = signed_attributes(room.parts, document_digest(unsigned), room.mandate, official=DOCUMENT_ID)
    entry: dict[int, object] = {1: "document", 2: room.office.custody.public_key(room.key).kid}
    entry |= {} if data_set is None else {3: data_set}
    receipt = room.office.append(EntryKind.INTENT, sha256(attributes).digest(), entry)
    signature = room.office.custody.sign(room.key, attributes, receipt=receipt)
    stamp = room.office.stamps(at=room.at).stamp(sha256(signature).digest())
    return embed(unsigned, assemble_cms(room.parts, attributes, signature, timestamp=stamp, receipt=receipt))


def read(document: bytes, room: SealingRoom) -> SignedDocument:
    return read_pdf(document, room.trust, (), at=NOW)


def codes(document: SignedDocument, check: Check) -> list[tuple[str, Outcome]]:
    return [(each.code, each.outcome) for each in document.findings if each.check is check]


def with_object(document: bytes, name: str, value: generic.PdfObject) -> bytes:
    """Return the document with one entry of its catalog changed by an update."""
    output = BytesIO(document)
    writer = IncrementalPdfFileWriter(output)
    writer.root[generic.pdf_name(name)] = value
    writer.update_root()
    writer.write_in_place()
    return output.getvalue()


@pytest.fixture(scope="module")
def official(sealing: SealingRoom) -> bytes:
    return sealed_official(sealing)


def test_it_is_ours_with_its_id_and_mandate_and_carries_nothing_of_a_licence(
    sealing: SealingRoom, official: bytes
) -> None:
    found = read(official, sealing)

    assert (found.is_ours, found.official, found.mandate) == (True, DOCUMENT_ID, sealing.mandate)
    assert (found.data_set, found.token_text, found.metadata) == (None, None, None)
    assert (found.issuer_uscc, found.signed_at) == (BUREAU, NOW)
    assert codes(found, Check.FORM) == [("form.official_pdf", Outcome.PASSED)]
    assert codes(found, Check.SIGNATURE) == [("signature.good", Outcome.PASSED)]
    assert codes(found, Check.CONTENTS) == [("contents.whole", Outcome.PASSED)]
    assert codes(found, Check.LOG) == [("log.proven", Outcome.PASSED)]


def test_neither_reader_takes_the_signature_of_the_other(sealed: bytes, official: bytes) -> None:
    (of_licence,), (of_document,) = list(find_rooms(sealed)), list(find_rooms(official))

    with pytest.raises(MalformedError):
        read_official_cms(of_licence.cms)
    with pytest.raises(MalformedError):
        read_our_cms(of_document.cms)
    assert read_official_cms(of_document.cms).official == DOCUMENT_ID


def test_an_entry_of_a_licence_is_not_that_of_a_document(sealing: SealingRoom) -> None:
    found = read(sealed_official(sealing, data_set=bytes(32)), sealing)

    assert codes(found, Check.LOG) == [("log.wrong", Outcome.FAILED)]


def test_another_authority_makes_it_nobody_s(sealing: SealingRoom, tmp_path: Path) -> None:
    stranger = SealingRoom(office=KeyRoom.found(tmp_path / "keys").open_office())

    found = read(sealed_official(stranger), sealing)

    assert not found.is_ours
    assert codes(found, Check.ISSUER)[0] == ("issuer.unknown", Outcome.FAILED)


def test_without_a_trust_list_nothing_is_said_of_the_issuer(official: bytes) -> None:
    found = read_pdf(official, None, (), at=NOW)

    assert not found.is_ours
    assert codes(found, Check.ISSUER) == [("issuer.no_trust_list", Outcome.UNKNOWN)]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.97, 0.995])
def test_a_changed_byte_is_found(sealing: SealingRoom, official: bytes, share: float) -> None:
    place = int(share * len(official))
    changed = official[:place] + bytes((official[place] ^ 1,)) + official[place + 1 :]

    found = read(changed, sealing)

    assert found.has_failed


@pytest.mark.parametrize("more", [b"\n", b"%more\n", b"\nstartxref\n9\n%%EOF\n"])
def test_bytes_behind_the_end_are_a_change(sealing: SealingRoom, official: bytes, more: bytes) -> None:
    assert codes(read(official + more, sealing), Check.CONTENTS) == [("contents.changed_after_signing", Outcome.FAILED)]


def test_an_update_of_the_catalog_is_a_change(sealing: SealingRoom, official: bytes) -> None:
    changed = with_object(official, "/PageLabels", generic.DictionaryObject())

    assert ("contents.changed_after_signing", Outcome.FAILED) in codes(read(changed, sealing), Check.CONTENTS)


def test_a_signature_that_no_field_holds_is_none(sealing: SealingRoom, official: bytes) -> None:
    """The bytes of a sealed document inside a larger file: the digest would have to fit, and the structure too."""
    hidden = official[:-6] + b"\n%%EOF \n"

    found = read(hidden, sealing)

    assert found.has_failed


def test_a_copy_of_the_signature_in_a_comment_makes_no_file_a_document(sealing: SealingRoom, official: bytes) -> None:
    (room,) = find_rooms(official)
    copy = b"%%/ByteRange [0 60 %d 40]" % (62 + 2 * len(room.cms))
    forged = b"%PDF-1.7\n" + copy.ljust(51) + b"<" + room.cms.hex().encode() + b">" + plain_pdf()[9:]

    found = read(forged, sealing)

    assert found.has_failed


def test_a_field_that_was_filled_in_afterwards_is_a_change(sealing: SealingRoom) -> None:
    """Readers let it through, for a form may be filled in after signing; a decision of an office says what it says."""
    document = sealed_official(sealing, with_field())
    output = BytesIO(document)
    writer = IncrementalPdfFileWriter(output)
    field = writer.root["/AcroForm"]["/Fields"][0]
    field[generic.pdf_name("/V")] = generic.pdf_string("another sum")
    writer.update_container(field)
    writer.write_in_place()

    found = read(output.getvalue(), sealing)

    assert codes(read(document, sealing), Check.CONTENTS) == [("contents.whole", Outcome.PASSED)]
    assert [each.outcome for each in found.signatures] != [Outcome.FAILED]
    assert codes(found, Check.CONTENTS) == [("contents.changed_after_signing", Outcome.FAILED)]


def with_field() -> bytes:
    """Return an upload with a field for text."""
    output = BytesIO()
    with pikepdf.open(BytesIO(plain_pdf())) as pdf:
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                FT=pikepdf.Name.Tx,
                T="sum",
                V="a sum",
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                Rect=[300, 300, 400, 320],
                P=pdf.pages[0].obj,
            )
        )
        pdf.pages[0].Annots = pdf.make_indirect(pikepdf.Array([field]))
        pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Dictionary(Fields=pikepdf.Array([field])))
        pdf.save(output)
    return output.getvalue()


def stranger() -> SimpleSigner:
    """Return a signer whose certificate he made himself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stranger")])
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=5)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=9))
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=True, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        signing_cert=Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),
    )


def signed_by_stranger(document: bytes, box: tuple[int, int, int, int]) -> bytes:
    """Let a stranger sign behind the office, with a picture of his own at this place of the first page."""
    output = BytesIO()
    signer = PdfSigner(
        PdfSignatureMetadata(field_name="Later"),
        stranger(),
        stamp_style=TextStampStyle(stamp_text="another text"),
        new_field_spec=SigFieldSpec("Later", on_page=0, box=box),
    )
    signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(document), strict=False), output=output)
    return output.getvalue()


def test_what_a_stranger_s_later_signature_shows_on_a_page_is_told(sealing: SealingRoom, official: bytes) -> None:
    found = read(signed_by_stranger(official, (0, 0, 595, 842)), sealing)

    assert not found.has_failed
    assert (found.is_ours, found.official) == (True, DOCUMENT_ID)
    assert ("contents.strangers_mark", Outcome.UNKNOWN) in codes(found, Check.CONTENTS)


def test_a_stranger_s_later_signature_that_is_not_seen_takes_nothing_away(
    sealing: SealingRoom, official: bytes
) -> None:
    found = read(signed_by_stranger(official, (0, 0, 0, 0)), sealing)

    assert not found.has_failed
    assert codes(found, Check.CONTENTS) == [("contents.whole", Outcome.PASSED)]


def test_a_later_field_that_is_seen_and_waits_for_a_signature_is_told_or_refused(
    sealing: SealingRoom, official: bytes
) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(official), strict=False)
    append_signature_field(writer, SigFieldSpec("Waiting", on_page=0, box=(0, 0, 595, 842)))
    output = BytesIO()
    writer.write(output)

    found = read(output.getvalue(), sealing)

    assert any(outcome is not Outcome.PASSED for _, outcome in codes(found, Check.CONTENTS))


@pytest.mark.parametrize("is_signed", [False, True], ids=["by an update", "before a later signature"])
def test_contents_that_a_page_names_and_lacks_may_not_be_supplied_later(
    sealing: SealingRoom, *, is_signed: bool
) -> None:
    """An applicant's page draws an object that is not there; behind the seal it would be all that is read."""
    upload = plain_pdf(page=b"/Contents[5 0 R 78 0 R]").replace(b"/Contents 5 0 R", b"/Nothings 5 0 R", 1)
    official = sealed_official(sealing, upload)
    assert not read(official, sealing).has_failed
    writer = IncrementalPdfFileWriter(BytesIO(official), strict=False)
    writer.objects[(0, 78)] = generic.StreamObject(stream_data=b"0 0 595 842 re f")
    output = BytesIO()
    writer.write(output)
    later = signed_by_stranger(output.getvalue(), (0, 0, 0, 0)) if is_signed else output.getvalue()

    found = read(later, sealing)

    assert ("contents.changed_after_signing", Outcome.FAILED) in codes(found, Check.CONTENTS)
