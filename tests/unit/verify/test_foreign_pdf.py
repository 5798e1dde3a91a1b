"""PDFs of others, signed by pyHanko: good, changed, broken, encrypted, built to hurt; none of them is ever ours."""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.certificate_maker import Party, root
from tests.key_room import AUTHORITY, NOW, KeyRoom
from tests.small_pdf import SealingRoom, pdf_objects, write_small_pdf
from tests.unit.verify.test_revisions import Stamper
from verify.foreign_pdf import SIGNATURES_MAX, ForeignPdfError, _run, judge_foreign
from verify.guarded_pyhanko import INFLATED_BYTES_MAX, REVISIONS_MAX
from verify.pdf import read_pdf
from verify.report import Check, Outcome
from verify.signed_document import SignedDocument

LATER = NOW + timedelta(hours=1)
ROOT = root("stranger's root")
PARTNER = Party(name="王建国", issuer=ROOT)


def page() -> bytes:
    """Return an unsigned document of one page."""
    writer = PdfFileWriter(stream_xrefs=False)
    content = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 595, 842)))
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def signer(party: Party, *chain: Party) -> SimpleSigner:
    private = party.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(party.certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore.from_certs(
            [asn1_x509.Certificate.load(each.certificate) for each in chain]
        ),
    )


def sign(
    document: bytes,
    *,
    party: Party = PARTNER,
    field: str = "Sig1",
    stamper: Stamper | None = None,
    certify: MDPPerm | None = None,
) -> bytes:
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=certify is not None,
        docmdp_permissions=certify or MDPPerm.FILL_FORMS,
    )
    pdf_signer = PdfSigner(metadata, signer(party, ROOT), timestamper=stamper)
    signed = asyncio.run(pdf_signer.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(document))))
    value: bytes = signed.getvalue()
    return value


def judge(document: bytes, sealing: SealingRoom, *, at: datetime = LATER) -> SignedDocument:
    found = read_pdf(document, sealing.trust, (), at=at)
    assert not found.is_ours
    assert found.data_set is None
    return found


def codes(found: SignedDocument) -> dict[Check, tuple[str, Outcome]]:
    return {each.check: (each.code, each.outcome) for each in found.findings}


GOOD = {
    Check.FORM: ("form.pdf", Outcome.PASSED),
    Check.SIGNATURE: ("signature.good", Outcome.PASSED),
    Check.ISSUER: ("issuer.unknown", Outcome.FAILED),
}
BAD = GOOD | {Check.SIGNATURE: ("signature.bad", Outcome.FAILED)}
CHANGED = GOOD | {Check.CONTENTS: ("contents.changed_after_signing", Outcome.FAILED)}


def test_a_stranger_s_good_signature_is_good_and_of_a_stranger(sealing: SealingRoom) -> None:
    found = judge(sign(page()), sealing)

    assert codes(found) == GOOD
    (signature,) = found.signatures
    assert (signature.signer, signature.signed_at) == ("王建国", None)
    assert (signature.outcome, signature.code) == (Outcome.UNKNOWN, "signature.good")


def test_without_a_trust_list_nobody_is_known(sealing: SealingRoom) -> None:
    found = judge_foreign(sign(page()), None, (), at=LATER)

    assert codes(found) == GOOD | {Check.ISSUER: ("issuer.no_trust_list", Outcome.UNKNOWN)}
    assert sealing.trust.authorities


def test_a_signature_under_an_authority_of_the_list_is_still_not_ours(sealing: SealingRoom) -> None:
    trusting = replace(sealing, authorities=(*sealing.authorities, ROOT.certificate))

    found = judge(sign(page(), stamper=Stamper(sealing.office.stamps())), trusting)

    assert codes(found) == GOOD
    (signature,) = found.signatures
    assert (signature.outcome, signature.signed_at) == (Outcome.PASSED, NOW)


def test_a_time_that_no_trusted_authority_stamped_is_no_time(
    sealing: SealingRoom, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = KeyRoom.found(tmp_path_factory.mktemp("stranger") / "keys").open_office()

    (signature,) = judge(sign(page(), stamper=Stamper(stranger.stamps())), sealing).signatures

    assert signature.signed_at is None
    assert stranger.custody.chain(AUTHORITY)


def test_several_signatures_are_all_told(sealing: SealingRoom, office: KeyRoom) -> None:
    twice = sign(sign(page()), field="Sig2", party=Party(name="second", issuer=ROOT))
    stamped = PdfTimeStamper(Stamper(office.stamps())).timestamp_pdf(IncrementalPdfFileWriter(BytesIO(twice)), "sha256")

    found = judge(stamped.getvalue(), sealing)

    assert codes(found) == GOOD
    assert [(each.signer, each.is_timestamp) for each in found.signatures] == [
        ("王建国", False),
        ("second", False),
        ("timestamp", True),
    ]
    assert found.signatures[2].signed_at == NOW


def test_a_time_stamp_alone_is_no_signature(sealing: SealingRoom, office: KeyRoom) -> None:
    stamped = PdfTimeStamper(Stamper(office.stamps())).timestamp_pdf(
        IncrementalPdfFileWriter(BytesIO(page())), "sha256"
    )

    found = judge(stamped.getvalue(), sealing)

    assert codes(found)[Check.SIGNATURE] == ("signature.none", Outcome.FAILED)
    assert len(found.signatures) == 1


@pytest.mark.parametrize("document", [page(), bytes(write_small_pdf(pdf_objects()).content)], ids=["plain", "unsigned"])
def test_a_document_without_a_signature_has_none_or_a_broken_one(sealing: SealingRoom, document: bytes) -> None:
    code, outcome = codes(judge(document, sealing))[Check.SIGNATURE]

    assert code in {"signature.none", "signature.bad"}
    assert outcome is Outcome.FAILED


def test_a_changed_byte_breaks_the_signature(sealing: SealingRoom) -> None:
    signed = sign(page())
    at = signed.index(b"100 100 re")

    assert codes(judge(signed[:at] + b"9" + signed[at + 1 :], sealing)) == BAD


def test_one_broken_signature_among_good_ones_is_told(sealing: SealingRoom) -> None:
    twice = sign(sign(page()), field="Sig2")
    start = twice.rindex(b"/Contents <") + 11
    broken = twice[:start] + b"ff" + twice[start + 2 :]

    found = judge(broken, sealing)

    assert codes(found)[Check.SIGNATURE] == ("signature.bad", Outcome.FAILED)


def test_a_signature_that_cannot_even_be_taken_apart_is_bad(sealing: SealingRoom) -> None:
    signed = sign(page())
    start = signed.index(b"/Contents <") + len(b"/Contents ")
    end = signed.index(b">", start) + 1

    found = judge(signed[:start] + b"7".ljust(end - start) + signed[end:], sealing)

    assert codes(found) == BAD
    assert [each.outcome for each in found.signatures] == [Outcome.FAILED]


def test_a_signature_of_a_type_that_does_not_exist_is_bad(sealing: SealingRoom) -> None:
    signed = sign(page())
    other = signed.replace(b"/Type /Sig\n", b"/Type /Sog\n")
    assert other != signed

    assert codes(judge(other, sealing)) == BAD


def update(document: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(document))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def draw_over(writer: IncrementalPdfFileWriter) -> None:
    first = writer.root["/Pages"]["/Kids"][0]
    first["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 500 500 re f"))
    writer.update_container(first)


def test_a_document_that_was_drawn_over_after_signing_is_changed(sealing: SealingRoom) -> None:
    found = judge(update(sign(page()), draw_over), sealing)

    assert codes(found) == CHANGED
    assert found.signatures[0].outcome is Outcome.FAILED


def test_a_change_hidden_under_a_later_signature_is_seen(sealing: SealingRoom) -> None:
    found = judge(sign(update(sign(page()), draw_over), field="Sig2"), sealing)

    assert codes(found) == CHANGED
    assert [each.outcome for each in found.signatures] == [Outcome.FAILED, Outcome.UNKNOWN]


def test_what_a_certifying_author_forbade_is_a_change(sealing: SealingRoom) -> None:
    certified = sign(page(), certify=MDPPerm.NO_CHANGES)

    assert codes(judge(certified, sealing)) == GOOD
    shown = update(certified, lambda writer: append_signature_field(writer, SigFieldSpec("Sig2", 0, (9, 9, 99, 99))))
    assert codes(judge(shown, sealing))[Check.CONTENTS] == (
        "contents.changed_after_signing",
        Outcome.FAILED,
    )


def test_a_signature_that_leaves_a_part_uncovered_is_no_good_one(sealing: SealingRoom) -> None:
    signed = sign(page())
    byte_range = signed[signed.index(b"/ByteRange [") : signed.index(b"]", signed.index(b"/ByteRange ["))]
    first = byte_range.replace(b"[0 ", b"[9 ")

    assert codes(judge(signed.replace(byte_range, first), sealing))[Check.SIGNATURE][1] is Outcome.FAILED


def test_a_signature_in_a_form_that_nobody_knows_is_not_judged(sealing: SealingRoom) -> None:
    signed = sign(page()).replace(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1_")

    found = judge(signed, sealing)

    assert codes(found)[Check.SIGNATURE] == ("signature.not_asked", Outcome.UNKNOWN)
    assert [each.outcome for each in found.signatures] == [Outcome.UNKNOWN]


def test_an_encrypted_document_is_told_as_such(sealing: SealingRoom) -> None:
    writer = PdfFileWriter(stream_xrefs=False)
    writer.insert_page(
        PageObject(contents=writer.add_object(generic.StreamObject(stream_data=b"")), media_box=(0, 0, 9, 9))
    )
    writer.encrypt("owner", "user")
    output = BytesIO()
    writer.write(output)

    assert codes(judge(output.getvalue(), sealing)) == {Check.FORM: ("form.encrypted", Outcome.FAILED)}


@pytest.mark.parametrize(
    "document",
    [
        b"%PDF-",
        b"%PDF-1.7\n",
        b"%PDF-1.7\nstartxref\n0\n%%EOF\n",
        b"%PDF-1.7\nstartxref\n99999999\n%%EOF\n",
        b"%PDF-1.7\n" + b"[" * 100_000,
        page()[:-40],
        page().replace(b"/Root", b"/Boot"),
        page().replace(b"/Pages", b"/Root "),
    ],
)
def test_a_broken_file_is_unreadable_or_unsigned(sealing: SealingRoom, document: bytes) -> None:
    failed = {each.code for each in judge(document, sealing).findings if each.outcome is Outcome.FAILED}

    assert failed
    assert failed <= {"form.unreadable", "signature.none"}


def test_a_table_that_points_to_itself_is_unreadable(sealing: SealingRoom) -> None:
    document = page()
    table = int(document.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    looped = document.replace(b"trailer\n<<", b"trailer\n<<\n/Prev %d" % table)

    assert codes(judge(looped, sealing))[Check.FORM][0] == "form.unreadable"


def test_a_document_that_inflates_beyond_measure_is_given_up(sealing: SealingRoom) -> None:
    """The catalog lies in an object stream that inflates to more than any document may."""
    content = b"1 0 <</Type/Catalog/Pages 9 0 R/AcroForm<</Fields[]>>>>" + b" " * (INFLATED_BYTES_MAX + 1)
    deflated = zlib.compress(content, 9)
    document = bytearray(b"%PDF-1.7\n")
    stream_at = len(document)
    document += b"2 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(deflated)
    document += deflated + b"\nendstream\nendobj\n"
    table_at = len(document)
    entries = b"\x00" + bytes(4) + b"\xff" + b"\x02" + (2).to_bytes(4, "big") + b"\x00"
    entries += b"\x01" + stream_at.to_bytes(4, "big") + b"\x00" + b"\x01" + table_at.to_bytes(4, "big") + b"\x00"
    document += b"3 0 obj\n<</Type/XRef/Size 4/W[1 4 1]/Root 1 0 R/Length %d>>\nstream\n" % len(entries)
    document += entries + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % table_at

    assert codes(judge(bytes(document), sealing)) == {Check.FORM: ("form.unreadable", Outcome.FAILED)}


def test_more_signatures_than_a_dossier_has_are_not_judged(sealing: SealingRoom) -> None:
    def add_many(writer: IncrementalPdfFileWriter) -> None:
        value = writer.add_object(generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Sig")}))
        fields = [
            writer.add_object(
                generic.DictionaryObject(
                    {
                        pdf_name("/FT"): pdf_name("/Sig"),
                        pdf_name("/T"): pdf_string(f"Sig{number}"),
                        pdf_name("/V"): generic.IndirectObject(value.idnum, 0, writer),
                    }
                )
            )
            for number in range(SIGNATURES_MAX + 1)
        ]
        writer.root["/AcroForm"] = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject(fields)})
        writer.update_root()

    assert codes(judge(update(page(), add_many), sealing)) == {Check.FORM: ("form.unreadable", Outcome.FAILED)}


def test_more_revisions_than_a_dossier_has_are_not_judged(sealing: SealingRoom) -> None:
    document = page()
    for number in range(REVISIONS_MAX):
        document = update(
            document,
            lambda writer, number=number: writer.set_info(  # type: ignore[misc]
                writer.add_object(generic.DictionaryObject({pdf_name("/Title"): pdf_string(str(number))}))
            ),
        )

    assert codes(judge(document, sealing)) == {Check.FORM: ("form.unreadable", Outcome.FAILED)}


def test_a_check_that_would_wait_for_something_is_given_up() -> None:
    async def ends() -> int:
        return 7

    async def waits() -> None:
        await asyncio.sleep(0)

    assert _run(ends()) == 7
    with pytest.raises(ForeignPdfError):
        _run(waits())


def test_a_signer_without_a_name_has_none(sealing: SealingRoom) -> None:
    nameless = Party(name=" ", issuer=ROOT, organisation=" ")
    (signature,) = judge(sign(page(), party=nameless), sealing).signatures

    assert signature.signer.strip() == ""


def test_a_strangers_name_turns_and_breaks_no_line(sealing: SealingRoom) -> None:
    sly = Party(name="x\u202e\n效有 ✔\u200b\x1b[2K", issuer=ROOT)
    (signature,) = judge(sign(page(), party=sly), sealing).signatures

    assert signature.signer == "x��效有 ✔��[2K"


def test_nothing_of_a_document_is_written_to_a_log(sealing: SealingRoom, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        judge(sign(page()), sealing)
        judge(update(sign(page()), draw_over), sealing)
        read_pdf(update(sealing.seal(), draw_over), sealing.trust, (), at=LATER)

    assert [each.name for each in caplog.records if each.name.startswith("pyhanko")] == []
