"""Known attacks on signed PDFs, strangers' and our own: never "valid", the right word, and what was signed can be had.

The names are those of the papers: incremental saving, shadow attacks (hide, replace, hide and replace), evil annotation
and sneaky signature (attacks on certified documents), signature wrapping, universal forgery.
"""

import re
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm

from tests.official_office import FOOT
from tests.small_pdf import SealingRoom
from tests.unit.verify.test_foreign_pdf import LATER, PARTNER, draw_over, sign, update
from tests.unit.verify.test_official_document import sealed_official
from verify.evidence import Evidence
from verify.examine import examine
from verify.report import Report
from verify.signed_revision import NoSignedRevisionError, signed_revision
from verify.verdict import Verdict

Attack = Callable[[IncrementalPdfFileWriter], None]


def prepared() -> bytes:
    """Return a page with all that an attacker hides in it before it is signed.

    A cover over the text, a layer that is off, a font to be exchanged, and a second tree of pages.
    """
    words = (
        b"BT /F 12 Tf 330 150 Td (%s) Tj ET /OC /L BDC BT /F 12 Tf 60 500 Td (pay 9999) Tj ET EMC /X Do" % FOOT.encode()
    )
    resources = b"<</Font<</F 3 0 R>>/XObject<</X 6 0 R>>/Properties<</L 7 0 R>>>>"
    page = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]/Resources%s/Contents %d 0 R>>"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R/Spare 8 0 R/OCProperties<</OCGs[7 0 R]/D<</OFF[7 0 R]>>>>>>",
        b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        page % (2, resources, 5),
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(words), words),
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 12>>\nstream\n0 0 9 9 re f\nendstream",
        b"<</Type/OCG/Name(layer)>>",
        b"<</Type/Pages/Count 1/Kids[9 0 R]>>",
        page % (8, resources, 6),
    )
    content, places = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj%s\nendobj\n" % (number, each)
    table = len(content)
    content += b"xref\n0 10\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % each for each in places)
    return bytes(content + b"trailer<</Size 10/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % table)


def page_of(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    found: generic.DictionaryObject = writer.root["/Pages"]["/Kids"][0]
    return found


def shadow_hide(writer: IncrementalPdfFileWriter) -> None:
    cover = page_of(writer)["/Resources"]["/XObject"]["/X"]
    cover["/Subtype"] = pdf_name("/Nothing")
    writer.update_container(cover)


def shadow_replace(writer: IncrementalPdfFileWriter) -> None:
    font = page_of(writer)["/Resources"]["/Font"]["/F"]
    digits = [generic.NumberObject(57), pdf_name("/one")]
    font["/Encoding"] = generic.DictionaryObject({pdf_name("/Differences"): generic.ArrayObject(digits)})
    writer.update_container(font)


def shadow_hide_and_replace(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/Pages"] = writer.root.raw_get("/Spare")
    writer.update_root()


def hidden_layer(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/OCProperties"]["/D"]["/OFF"] = generic.ArrayObject([])
    writer.update_root()


def evil_annotation(writer: IncrementalPdfFileWriter) -> None:
    page = page_of(writer)
    box = generic.ArrayObject([generic.NumberObject(each) for each in (60, 480, 300, 520)])
    note = {
        "/Type": pdf_name("/Annot"),
        "/Subtype": pdf_name("/FreeText"),
        "/Rect": box,
        "/Contents": pdf_string("pay 1"),
        "/DA": pdf_string("/Helv 12 Tf"),
    }
    entry = writer.add_object(generic.DictionaryObject({pdf_name(name): value for name, value in note.items()}))
    page["/Annots"] = generic.ArrayObject([*page.get("/Annots", ()), entry])
    writer.update_container(page)


def evil_script(writer: IncrementalPdfFileWriter) -> None:
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): pdf_string("app.alert(1)")}
    writer.root["/OpenAction"] = generic.DictionaryObject(action)
    writer.update_root()


ATTACKS: tuple[Attack, ...] = (
    draw_over,
    shadow_hide,
    shadow_replace,
    shadow_hide_and_replace,
    hidden_layer,
    evil_annotation,
    evil_script,
)


def report_on(document: bytes, sealing: SealingRoom) -> Report:
    return examine(document, Evidence(trust=sealing.trust), at=LATER)


@pytest.fixture(scope="module")
def signed(sealing: SealingRoom) -> dict[str, bytes]:
    """The prepared page, signed in three ways."""
    return {
        "stranger": sign(prepared()),
        "certified for comments": sign(prepared(), certify=MDPPerm.ANNOTATE),
        "official": sealed_official(sealing, prepared()),
    }


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.__name__)
def test_what_is_changed_behind_a_signature_is_tampered_with_and_what_was_signed_can_be_had(
    signed: dict[str, bytes], sealing: SealingRoom, attack: Attack
) -> None:
    for how in ("stranger", "official"):
        document = signed[how]
        after = update(document, attack)
        found = report_on(after, sealing)

        assert found.verdict is Verdict.TAMPERED, how
        assert "contents.changed_after_signing" in {each.code for each in found.findings}, how
        assert signed_revision(after, found.signatures) == document, how


def test_before_the_attack_nothing_is_tampered_with(signed: dict[str, bytes], sealing: SealingRoom) -> None:
    words = {how: report_on(document, sealing).verdict for how, document in signed.items()}

    assert words["stranger"] is words["certified for comments"] is Verdict.UNKNOWN_ISSUER
    assert words["official"] not in {Verdict.TAMPERED, Verdict.UNKNOWN_ISSUER}


def test_a_sneaky_signature_makes_nothing_valid(signed: dict[str, bytes], sealing: SealingRoom) -> None:
    """A later signature may follow; whatever its picture covers, the file stays one of nobody whom we know."""
    for how in ("stranger", "certified for comments"):
        twice = sign(signed[how], field="Later")
        found = report_on(twice, sealing)

        assert found.verdict is Verdict.UNKNOWN_ISSUER, how
        assert len(found.signatures) == 2
        assert signed_revision(twice, found.signatures) == signed[how]


def ranges_of(document: bytes) -> tuple[int, int, tuple[int, ...]]:
    found = re.search(rb"/ByteRange ?\[ ?([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) *\]", document)
    assert found is not None
    return found.start(), found.end(), tuple(int(each) for each in found.groups())


def with_range(document: bytes, values: tuple[object, ...]) -> bytes:
    """Return the document with another byte range, written in the room of the old one."""
    start, end, _ = ranges_of(document)
    written = b"/ByteRange[" + b" ".join(str(each).encode() for each in values)
    return document[:start] + written.ljust(end - start - 1) + b"]" + document[end:]


def test_no_wrong_byte_range_is_ever_good(signed: dict[str, bytes], sealed: bytes, sealing: SealingRoom) -> None:
    """Wider gaps, overlaps, ranges that begin late or end early, none at all, and one wrapped around what was moved."""
    for how, document in {"stranger": signed["stranger"], "licence": sealed}.items():
        _, _, (_, first, second, length) = ranges_of(document)
        wrapped = document + b"\n9 0 obj<</Evil true>>endobj\n" + document[second:]
        forged = {
            "late": with_range(document, (1, first - 1, second, length)),
            "early end": with_range(document, (0, first, second, length - 1)),
            "wider gap": with_range(document, (0, first - 40, second, length)),
            "overlap": with_range(document, (0, second, first, length)),
            "backwards": with_range(document, (second, length, 0, first)),
            "negative": with_range(document, (0, first, second, -1)),
            "huge": with_range(document, (0, first, second, 9**9)),
            "three": with_range(document, (0, first, second)),
            "null": with_range(document, ("null",)),
            "wrapped": with_range(wrapped, (0, first, len(wrapped) - length, length)),
            "no signature": document.replace(b"/Contents", b"/Contence"),
        }
        for name, each in forged.items():
            found = report_on(each, sealing)

            assert found.verdict in {Verdict.TAMPERED, Verdict.UNREADABLE}, (how, name)
            assert not found.is_genuine, (how, name)
            with pytest.raises(NoSignedRevisionError):
                signed_revision(each, found.signatures)


def test_the_signer_of_one_file_signs_no_other(signed: dict[str, bytes], sealing: SealingRoom) -> None:
    """Universal forgery: the whole signature of one file in the room of another, which it fits in size."""
    other = sign(prepared().replace(b"9999", b"1111"), party=PARTNER)
    mine = signed["stranger"]
    _, _, (_, start, end, _) = ranges_of(mine)
    _, _, (_, first, last, _) = ranges_of(other)
    room = other[first + 1 : last - 1].ljust(end - start - 2, b"0")[: end - start - 2]

    found = report_on(mine[: start + 1] + room + mine[end - 1 :], sealing)

    assert found.verdict is Verdict.TAMPERED
