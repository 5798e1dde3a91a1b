"""What may stand behind a signed document of ours, and what may not: shadow attacks among it."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from asn1crypto import cms
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper

from keys.revocation import RevocationList, assemble_revocation_list, tbs_revocation_list
from keys.timestamps import OwnTimestampService
from signer.sealing import seal_long_term
from tests.key_room import AUTHORITY, DOCUMENT, NOW, TIMESTAMP, KeyRoom
from tests.small_pdf import XMP, SealingRoom, pdf_objects
from verify.guarded_pyhanko import REVISIONS_MAX
from verify.pdf import read_pdf
from verify.report import Check, Outcome
from verify.revisions import RevisionError, read_later_stamps
from verify.signed_document import SignedDocument


class Stamper(TimeStamper):
    """Our time-stamp service in the form that pyHanko asks for."""

    def __init__(self, service: OwnTimestampService) -> None:
        super().__init__(include_nonce=False)
        self.service = service

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        assert md_algorithm == "sha256"
        return cms.ContentInfo.load(self.service.stamp(message_digest))


@pytest.fixture(scope="module")
def crl(office: KeyRoom) -> bytes:
    tbs = tbs_revocation_list(
        RevocationList(issuer=office.custody.chain(AUTHORITY)[0], number=1, issued_at=NOW, next_at=NOW.replace(day=30))
    )
    return assemble_revocation_list(tbs, office.sign(AUTHORITY, tbs))


@pytest.fixture(scope="module")
def lasting(sealed: bytes, office: KeyRoom, crl: bytes) -> bytes:
    """The document, sealed for the long term."""
    return long_term(sealed, office, crl)


def long_term(document: bytes, office: KeyRoom, crl: bytes) -> bytes:
    certificates = [*office.custody.chain(DOCUMENT), *office.custody.chain(TIMESTAMP)]
    return seal_long_term(document, certificates=certificates, revocation=[crl], timestamps=office.stamps())


def judge(document: bytes, sealing: SealingRoom) -> SignedDocument:
    found = read_pdf(document, sealing.trust, (), at=NOW)
    assert found.is_ours
    assert found.data_set is not None
    return found


def is_changed(found: SignedDocument) -> bool:
    """Say whether the document is told to be changed after signing, which is the one finding that failed."""
    failed = [(each.check, each.code) for each in found.findings if each.outcome is Outcome.FAILED]
    assert failed in ([], [(Check.CONTENTS, "contents.changed_after_signing")])
    return bool(failed)


def is_told(found: SignedDocument) -> bool:
    """Say whether it is told that somebody unknown stamped the document later."""
    told = [each.outcome for each in found.findings if each.code == "contents.later_stamp_unknown"]
    assert told in ([], [Outcome.PASSED])
    return bool(told)


def updated(document: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """Return the document with one more revision."""
    writer = IncrementalPdfFileWriter(BytesIO(document))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def test_a_document_sealed_for_the_long_term_is_unchanged_and_shows_its_stamps(
    sealed: bytes, sealing: SealingRoom, office: KeyRoom, crl: bytes
) -> None:
    once = long_term(sealed, office, crl)
    twice = long_term(once, office, crl)

    for document, count in ((once, 1), (twice, 2)):
        found = judge(document, sealing)
        assert not is_changed(found)
        assert [each.is_timestamp for each in found.signatures] == [False] + [True] * count
        assert {each.outcome for each in found.signatures} == {Outcome.PASSED}
        assert {each.signed_at for each in found.signatures} == {NOW}
        assert not is_told(found)


def test_a_stamp_of_an_authority_that_is_not_trusted_changes_nothing_proves_nothing_and_is_told(
    sealed: bytes, sealing: SealingRoom, crl: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = KeyRoom.found(tmp_path_factory.mktemp("stranger") / "keys").open_office()

    found = judge(long_term(sealed, stranger, crl), sealing)

    assert not is_changed(found)
    assert [(each.outcome, each.signed_at) for each in found.signatures] == [
        (Outcome.PASSED, NOW),
        (Outcome.UNKNOWN, None),
    ]
    assert is_told(found)


def test_of_a_document_that_nobody_trusted_signed_no_later_stamp_is_told(
    sealed: bytes, sealing: SealingRoom, office: KeyRoom, crl: bytes
) -> None:
    stamped = long_term(sealed, office, crl)

    without_list = read_pdf(stamped, None, (), at=NOW)
    without_authority = read_pdf(stamped, replace(sealing.trust, authorities=()), (), at=NOW)

    assert not is_told(without_list)
    assert not is_told(without_authority)
    assert [each.outcome for each in without_authority.signatures][1:] == [Outcome.UNKNOWN]


def retitle(writer: IncrementalPdfFileWriter) -> None:
    writer.trailer["/Info"]["/Title"] = pdf_string("another title")
    writer.update_container(writer.trailer["/Info"])


def describe(writer: IncrementalPdfFileWriter) -> None:
    writer.document_meta.subject = "another subject"
    writer.update_root()


def restyle(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 500 500 re f"))
    writer.update_container(page)


def overlay(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Contents"): pdf_string("another holder"),
        }
    )
    page["/Annots"] = generic.ArrayObject([page["/Annots"][0], writer.add_object(note)])
    writer.update_container(page)


def add_page(writer: IncrementalPdfFileWriter) -> None:
    kids = writer.root["/Pages"]
    page = generic.DictionaryObject(
        {pdf_name("/Type"): pdf_name("/Page"), pdf_name("/Parent"): writer.root.raw_get("/Pages")}
    )
    kids["/Kids"].append(writer.add_object(page))
    kids["/Count"] = generic.NumberObject(2)
    writer.update_container(kids)


def exchange_attachment(writer: IncrementalPdfFileWriter) -> None:
    names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    names[1] = writer.add_object(names[1].get_object())
    writer.update_root()


def run_script(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/OpenAction"] = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): pdf_string("app.alert(1)")}
    )
    writer.update_root()


def add_text_field(writer: IncrementalPdfFileWriter) -> None:
    field = generic.DictionaryObject({pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): pdf_string("x")})
    writer.root["/AcroForm"]["/Fields"].append(writer.add_object(field))
    writer.update_root()


def add_visible_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Sig2", on_page=0, box=(10, 10, 200, 100)))


def add_waiting_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Sig2"))


def add_stray_object(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"nothing refers to this"))


def mark(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/MarkInfo"]["/Marked"] = generic.BooleanObject(False)
    writer.update_root()


@pytest.mark.parametrize(
    "change",
    [
        retitle,
        describe,
        restyle,
        overlay,
        add_page,
        exchange_attachment,
        run_script,
        add_text_field,
        add_visible_field,
        add_waiting_field,
        add_stray_object,
        mark,
    ],
)
def test_any_other_revision_is_a_change(
    sealed: bytes,
    sealing: SealingRoom,
    office: KeyRoom,
    crl: bytes,
    change: Callable[[IncrementalPdfFileWriter], None],
) -> None:
    changed = updated(sealed, change)

    assert is_changed(judge(changed, sealing))
    hidden_behind_a_stamp = long_term(changed, office, crl)
    assert is_changed(judge(hidden_behind_a_stamp, sealing))
    after_a_stamp = updated(long_term(sealed, office, crl), change)
    assert is_changed(judge(after_a_stamp, sealing))


def appended(document: bytes, objects: dict[int, bytes], *, root: int = 1, info: str = "3 0 R") -> bytes:
    """Return the document with a revision of these objects, written by hand."""
    previous = int(document.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    table = b""
    for number, body in objects.items():
        table += b"%d 1\n%010d 00000 n \n" % (number, len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(document)
    entries = b"/Size 99/Root %d 0 R/Info %s/Prev %d" % (root, info.encode(), previous)
    return document + b"xref\n%strailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (table, entries, start)


def packet(xmp: bytes) -> bytes:
    return b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(xmp), xmp)


INFO = pdf_objects()[3]
CATALOG = pdf_objects()[1]
TWICE = XMP.replace(
    b"</rdf:RDF>",
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    b"<dc:format>text/plain</dc:format></rdf:Description></rdf:RDF>",
)


@pytest.mark.parametrize(
    ("objects", "info"),
    [
        ({50: INFO}, "50 0 R"),
        ({3: b"[(licence)]"}, "3 0 R"),
        ({3: INFO.replace(b">>", b"/Trapped/True>>")}, "3 0 R"),
        ({3: INFO.replace(b"(licence)", b"(another)")}, "3 0 R"),
        ({3: INFO.replace(b"(licence)", b"9")}, "3 0 R"),
        ({50: packet(XMP), 1: CATALOG.replace(b"/Metadata 7 0 R", b"/Metadata 50 0 R")}, "3 0 R"),
        ({1: CATALOG.replace(b"/Metadata 7 0 R", b"")}, "3 0 R"),
        ({7: b"<</Type/Metadata>>"}, "3 0 R"),
        ({7: packet(XMP.replace(b"licence", b"another"))}, "3 0 R"),
        ({7: packet(TWICE)}, "3 0 R"),
        ({7: packet(b"no XML")}, "3 0 R"),
        ({7: packet(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")}, "3 0 R"),
    ],
    ids=[
        "information elsewhere",
        "information that is no dictionary",
        "information that is no text",
        "another title",
        "a title that is no text",
        "metadata elsewhere",
        "no metadata",
        "metadata that are no stream",
        "another title in the metadata",
        "a property twice",
        "metadata that are no XML",
        "metadata with entities",
    ],
)
def test_metadata_may_change_in_their_dates_only(
    sealed: bytes, sealing: SealingRoom, objects: dict[int, bytes], info: str
) -> None:
    assert is_changed(judge(appended(sealed, objects, info=info), sealing))


def test_dates_and_programs_of_metadata_may_change(sealed: bytes, sealing: SealingRoom) -> None:
    dated = INFO.replace(b"(Yinzheng)>>", b"(another program)/ModDate(D:20300101000000Z)>>")
    xmp = XMP.replace(b"<xmp:ModifyDate>2026", b"<xmp:ModifyDate>2030").replace(b"Producer>Yin", b"Producer>Yan")
    assert dated != INFO
    assert xmp != XMP

    assert not is_changed(judge(appended(sealed, {3: dated, 7: packet(xmp)}), sealing))


def test_a_visible_time_stamp_is_a_change(sealed: bytes, sealing: SealingRoom, office: KeyRoom) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(sealed))
    append_signature_field(writer, SigFieldSpec("Stamp", on_page=0, box=(10, 10, 200, 100)))
    stamped = PdfTimeStamper(Stamper(office.stamps()), field_name="Stamp").timestamp_pdf(writer, "sha256")

    assert is_changed(judge(stamped.getvalue(), sealing))


def test_a_further_signature_is_a_change(sealed: bytes, sealing: SealingRoom, office: KeyRoom, crl: bytes) -> None:
    """A time stamp's dictionary that calls itself a signature is one for readers, whatever stands in it."""
    changed = long_term(sealed, office, crl)
    place = changed.rindex(b"/Type /DocTimeStamp")
    forged = changed[:place] + b"/Type /Sig         " + changed[place + 19 :]

    assert is_changed(judge(forged, sealing))
    other_form = changed.replace(b"/SubFilter /ETSI.RFC3161", b"/SubFilter /ETSI.RFC3162")
    assert is_changed(judge(other_form, sealing))


def test_a_stamp_that_is_not_over_the_file_is_a_change(
    sealed: bytes, sealing: SealingRoom, office: KeyRoom, crl: bytes
) -> None:
    changed = long_term(sealed, office, crl)
    start = changed.rindex(b"/Contents <") + len(b"/Contents <")
    end = changed.index(b">", start)
    token = office.stamps().stamp(bytes(32)).hex().encode()
    exchanged = changed[:start] + token + b"0" * (end - start - len(token)) + changed[end:]
    filled = changed[: end - 2] + b"01" + changed[end:]
    emptied = changed[:start] + b"0" * (end - start) + changed[end:]

    for document in (exchanged, filled, emptied):
        assert is_changed(judge(document, sealing))


def test_a_stamp_with_another_byte_range_is_a_change(
    sealed: bytes, sealing: SealingRoom, office: KeyRoom, crl: bytes
) -> None:
    changed = long_term(sealed, office, crl)
    place = changed.rindex(b"/ByteRange [0 ") + len(b"/ByteRange [0 ")
    first = changed[place : place + 5]
    assert first.isdigit()
    for other in (b"00100", b"%05d" % (int(first) - 1), b"%05d" % (int(first) + 9000)):
        assert is_changed(judge(changed[:place] + other + changed[place + 5 :], sealing))
    start = changed[: place - 2] + b"1 " + changed[place:]
    assert is_changed(judge(start, sealing))


@pytest.mark.parametrize("behind", [b" ", b"\n", b"%%EOF\n", b"1 0 obj\n<<>>\nendobj\n", b"garbage" * 100])
def test_bytes_that_are_no_revision_are_a_change(sealed: bytes, sealing: SealingRoom, behind: bytes) -> None:
    assert is_changed(judge(sealed + behind, sealing))


@pytest.mark.parametrize("behind", [b"\n", b"\n%hidden\n", b"PK\x05\x06" + bytes(18), b"garbage" * 100])
def test_bytes_behind_the_last_revision_are_a_change(sealing: SealingRoom, lasting: bytes, behind: bytes) -> None:
    last_lines = lasting[lasting.rindex(b"startxref") :]

    assert is_changed(judge(lasting + behind, sealing))
    assert is_changed(judge(lasting + behind + last_lines, sealing))
    assert not is_changed(judge(lasting, sealing))


def test_a_second_document_behind_the_first_is_a_change(sealed: bytes, sealing: SealingRoom) -> None:
    assert is_changed(judge(sealed + sealed, sealing))
    trailer = b"trailer\n<</Size 14/Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    assert is_changed(judge(sealed + trailer, sealing))


def test_more_revisions_than_a_century_needs_are_a_change(sealed: bytes, sealing: SealingRoom) -> None:
    """Empty revisions, each a table of its own that points to the one before."""
    document = sealed
    for _ in range(REVISIONS_MAX):
        previous = int(document.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
        table = len(document)
        document += b"xref\n0 0\ntrailer\n<</Size 14/Root 1 0 R/Info 3 0 R/Prev %d>>\n" % previous
        document += b"startxref\n%d\n%%%%EOF\n" % table

    assert is_changed(judge(document, sealing))


def test_the_signed_revision_must_be_the_first_one(sealed: bytes, office: KeyRoom, crl: bytes) -> None:
    changed = long_term(sealed, office, crl)

    assert len(read_later_stamps(changed, len(sealed))) == 1
    for end in (10, len(changed)):
        with pytest.raises(RevisionError):
            read_later_stamps(changed, end)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(min_value=0), octet=st.integers(min_value=0, max_value=255))
def test_a_later_revision_with_any_byte_changed_never_changes_what_was_signed(
    sealed: bytes, sealing: SealingRoom, lasting: bytes, place: int, octet: int
) -> None:
    at = len(sealed) + place % (len(lasting) - len(sealed))

    found = judge(lasting[:at] + bytes((octet,)) + lasting[at + 1 :], sealing)

    assert found.signed_at == NOW
    assert [each.code for each in found.findings if each.outcome is Outcome.FAILED] in (
        [],
        ["contents.changed_after_signing"],
    )


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=300))
def test_any_bytes_behind_the_signature_are_a_change(sealed: bytes, sealing: SealingRoom, data: bytes) -> None:
    assert is_changed(judge(sealed + data, sealing))
