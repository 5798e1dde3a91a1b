import ctypes
import io
import json
import re
import zlib
from dataclasses import replace
from itertools import pairwise

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from signer.page.folders import OWN_TEMPLATES
from signer.page.fonts import FontShelf
from signer.page.layout import Contents, Layout
from signer.page.model import Page, Run
from signer.page.names import page_values
from signer.page.pdf import HOLE_DIGITS, UnsignedPdf
from signer.page.pdf_contents import WIDE_TRACKING
from signer.page.qr import qr_matrix
from signer.page.template import Template
from signer.page.typesetting import Typesetter
from tests.page_requests import FOOD, FOOD_FIELDS, PageRequest, food_request, press, teacher_request
from verify.licence import DataSet

LONG = {**FOOD_FIELDS, "KZ_JYCS": "观澜大道一百八十八号" * 120, "KZ_FDDBR": "李𬭎"}
MM = 25.4 / 72


def content_of(request: PageRequest | None = None) -> bytes:
    return bytes(press().render(request or food_request()).content)


def numbered(content: bytes) -> dict[int, bytes]:
    """Cut the file at the offsets of its own table."""
    start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    table = content[start:].split(b"trailer")[0]
    offsets = [int(line[:10]) for line in re.findall(rb"\d{10} 00000 n \n", table)]
    bounds = [*offsets, start]
    return {number: content[begin:end] for number, (begin, end) in enumerate(pairwise(bounds), 1)}


@pytest.mark.parametrize("request_of", [food_request, teacher_request, lambda: food_request(LONG, test=True)])
def test_the_table_of_objects_is_right_and_nothing_lies_between_them(request_of) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    content = content_of(request_of())
    objects = numbered(content)

    assert content.startswith(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")
    for number, written in objects.items():
        assert written.startswith(b"%d 0 obj\n<<" % number)
        assert written.endswith((b">>\nendobj\n", b"\nendstream\nendobj\n"))
        head = re.match(rb"\d+ 0 obj\n(<<.*>>)\nstream\n", written)
        if head:
            length = int(re.search(rb"/Length (\d+)>>$", head[1])[1])  # type: ignore[index]
            assert len(written) == head.end() + length + len(b"\nendstream\nendobj\n")
        else:
            assert written.count(b"\n") == 3, "a dictionary is one line"
    assert content.endswith(b"startxref\n%d\n%%%%EOF\n" % content.rindex(b"xref\n0 "))


def test_an_independent_parser_finds_nothing_to_mend() -> None:
    for request in (food_request(), teacher_request(), food_request(LONG)):
        with pikepdf.open(io.BytesIO(content_of(request))) as opened:
            assert opened.check_pdf_syntax() == []
            assert opened.get_warnings() == []


def test_the_room_for_the_signature_is_all_that_is_not_covered() -> None:
    unsigned = press().render(food_request())
    content, hole = bytes(unsigned.content), bytes(unsigned.content[unsigned.hole_start : unsigned.hole_end])

    signature = numbered(content)[7]
    found = re.fullmatch(
        rb"7 0 obj\n<</Type/Sig/Filter/Adobe\.PPKLite/SubFilter/ETSI\.CAdES\.detached/M\(D:20260920183000Z\)"
        rb"/ByteRange\[0 (\d+) (\d+) (\d+)\]( +)/Contents(<0{16384}>)>>\nendobj\n",
        signature,
    )

    assert found
    assert hole == b"<" + b"0" * HOLE_DIGITS + b">" == found[5]
    assert [int(found[number]) for number in (1, 2, 3)] == [
        unsigned.hole_start,
        unsigned.hole_end,
        len(content) - unsigned.hole_end,
    ]
    between = signature.index(b"/ByteRange") + len(b"/ByteRange")
    assert signature.index(b"/Contents") - between == 40


def test_the_signatures_field_belongs_to_the_first_page_and_cannot_be_seen() -> None:
    with pikepdf.open(io.BytesIO(content_of())) as opened:
        (field,) = opened.Root.AcroForm.Fields
        assert opened.Root.AcroForm.SigFlags == 3
        assert field.V.objgen == (7, 0)
        assert [float(each) for each in field.Rect] == [0, 0, 0, 0]
        assert field.P.objgen == opened.pages[0].obj.objgen
        assert [each.objgen for each in opened.pages[0].Annots] == [(8, 0)]


def test_the_licences_files_are_attached_under_their_fixed_numbers() -> None:
    request = food_request()
    objects = numbered(content_of(request))
    inside = {}

    for number, name in ((9, "code.txt"), (11, "data-set.cbor"), (13, "metadata.json")):
        head, _, rest = objects[number].partition(b"\nstream\n")
        inside[name] = zlib.decompress(rest.removesuffix(b"\nendstream\nendobj\n"))
        assert f"/Params<</Size {len(inside[name])}/ModDate(D:20260920183000Z)>>/Filter/FlateDecode".encode() in head
        assert f"/F({name})/UF({name})/AFRelationship/".encode() in objects[number + 1]
        assert f"/EF<</F {number} 0 R/UF {number} 0 R>>>>\nendobj\n".encode() in objects[number + 1]

    assert inside["code.txt"].decode() == request.token_text
    assert DataSet.decode(inside["data-set.cbor"]) == request.data_set
    assert json.loads(inside["metadata.json"]) == request.metadata
    assert b"/AFRelationship/Source/" in objects[12]
    assert b"/AFRelationship/Data/" in objects[10]
    assert (
        b"/AF[10 0 R 12 0 R 14 0 R]/Names<</EmbeddedFiles<</Names[(code.txt)10 0 R(data-set.cbor)12 0 R"
        b"(metadata.json)14 0 R]>>>>" in objects[1]
    )


def test_an_independent_parser_finds_the_same_files() -> None:
    request = food_request()

    with pikepdf.open(io.BytesIO(content_of(request))) as opened:
        found = {name: each.get_file().read_bytes() for name, each in opened.attachments.items()}

    assert found["data-set.cbor"] == request.data_set.encode()
    assert found.keys() == {"code.txt", "data-set.cbor", "metadata.json"}


def test_information_and_xmp_say_the_same() -> None:
    with pikepdf.open(io.BytesIO(content_of())) as opened:
        about, xmp = opened.docinfo, opened.open_metadata()
        assert str(about.Title) == xmp["dc:title"] == "食品经营许可证 JY29901000000013"
        assert [str(about.Author)] == xmp["dc:creator"] == ["示例市市场监督管理局"]
        assert str(about.CreationDate) == "D:20260920183000Z"
        assert xmp["xmp:CreateDate"] == xmp["xmp:ModifyDate"] == "2026-09-20T18:30:00Z"
        assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"], xmp["pdfuaid:part"]) == ("3", "A", "1")
        assert str(opened.Root.Lang) == "zh-CN"


def test_a_name_with_marks_of_xml_and_pdf_stays_a_name() -> None:
    request = food_request()
    name = "示例(局)<&>]]>\\"
    odd = replace(request, data_set=replace(request.data_set, office_name=name))

    with pikepdf.open(io.BytesIO(content_of(odd))) as opened:
        assert str(opened.docinfo.Author) == name
        assert opened.open_metadata()["dc:creator"] == [name]


def test_the_file_is_known_by_its_data_set() -> None:
    request = food_request()
    digits = request.data_set.digest[:16].hex().encode()

    assert content_of(request).count(b"/ID[<%b><%b>]" % (digits, digits)) == 1


def laid_out(request: PageRequest) -> tuple[Page, ...]:
    template = Template.read((OWN_TEMPLATES / "food_business_licence.toml").read_bytes()).for_type(FOOD)
    values = page_values(
        FOOD,
        request.draft,
        request.data_set,
        request.department,
        code_type="统一社会信用代码",
        issued_on=request.data_set.valid_from,
    )
    contents = Contents(values=values, code=qr_matrix(request.token_text), photo=None, test=request.test)
    return Layout(template, Typesetter(FontShelf.open())).pages(contents)


def in_model(page: Page) -> list[tuple[str, float, float]]:
    found = []
    for run in (mark for mark in page.marks if isinstance(mark, Run) and not mark.angle):
        if run.tracking > run.size * WIDE_TRACKING:
            continue
        x = run.x
        for character, advance in zip(run.text, run.advances, strict=True):
            found.append((character, x, run.y))
            x += advance
    return [each for each in found if each[0].strip()]


def in_file(document: pypdfium2.PdfDocument, number: int) -> list[tuple[str, float, float]]:
    page = document[number]
    height, text = page.get_height(), page.get_textpage()
    x, y, found = ctypes.c_double(), ctypes.c_double(), []
    high = ""
    for place in range(pdfium.FPDFText_CountChars(text)):
        if pdfium.FPDFText_IsGenerated(text, place) == 1 or pdfium.FPDFText_GetCharAngle(text, place) > 0.01:
            continue
        pdfium.FPDFText_GetCharOrigin(text, place, x, y)
        character = high + chr(pdfium.FPDFText_GetUnicode(text, place))
        high = character if "\ud800" <= character < "\udc00" and len(character) == 1 else ""
        if not high:
            whole = character.encode("utf-16", "surrogatepass").decode("utf-16")
            found.append((whole, x.value * MM, (height - y.value) * MM))
    return [each for each in found if each[0].strip()]


def test_the_text_of_a_page_is_that_of_its_model() -> None:
    request = food_request(LONG)

    with pypdfium2.PdfDocument(content_of(request)) as document:
        for number, page in enumerate(laid_out(request)):
            wanted = "".join(mark.text for mark in page.marks if isinstance(mark, Run))
            found = document[number].get_textpage().get_text_range()
            assert sorted(re.sub(r"\s", "", wanted)) == sorted(re.sub(r"\s", "", found))


@pytest.mark.parametrize("fields", [FOOD_FIELDS, LONG])
def test_every_character_stands_in_the_file_where_the_model_has_it(fields: dict[str, str]) -> None:
    request = food_request(fields, test=True)

    with pypdfium2.PdfDocument(content_of(request)) as document:
        pages = laid_out(request)
        assert len(document) == len(pages)
        for number, page in enumerate(pages):
            model, found = in_model(page), in_file(document, number)
            assert len(model) > 30
            for character, x, y in model:
                nearest = min(
                    (each for each in found if each[0] == character),
                    key=lambda each: abs(each[1] - x) + abs(each[2] - y),
                )
                assert nearest[1:] == pytest.approx((x, y), abs=0.02)


def leaves(element: pikepdf.Object) -> list[pikepdf.Object]:
    kids = element.get("/K", [])
    elements = [each for each in kids if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/StructElem"]
    return [element, *(leaf for each in elements for leaf in leaves(each))]


def test_the_structure_names_heading_table_cells_figures_and_language() -> None:
    with pikepdf.open(io.BytesIO(content_of(teacher_request()))) as opened:
        elements = leaves(opened.Root.StructTreeRoot.K)
        kinds = [str(each.S) for each in elements]

        assert kinds[0] == "/Document"
        assert kinds.count("/H1") == 1
        assert kinds.count("/TR") == kinds.count("/TH") == kinds.count("/TD") == 6  # no ethnic group, no subject
        assert all(each.A.Scope == "/Row" for each in elements if each.S == "/TH")
        assert [str(each.Alt) for each in elements if each.S == "/Figure"] == [
            "持证人照片",
            "核验二维码",
            "示例市市场监督管理局电子印章",
        ]
        assert {str(each.Lang) for each in elements if each.S == "/Span"} == {"en"}


def test_every_marked_part_of_a_page_is_in_the_structure_once() -> None:
    with pikepdf.open(io.BytesIO(content_of(food_request(LONG, test=True)))) as opened:
        root = opened.Root.StructTreeRoot
        parents = list(root.ParentTree.Nums)
        assert root.ParentTreeNextKey == len(opened.pages)
        for number, page in enumerate(opened.pages):
            contents = b"".join(each.read_bytes() for each in page.Contents)
            marks = [int(each) for each in re.findall(rb"/MCID (\d+)", contents)]
            assert marks == list(range(len(parents[2 * number + 1])))
            assert page.StructParents == parents[2 * number] == number
            assert contents.count(b"BDC") + contents.count(b"BMC") == contents.count(b"EMC")


def test_words_set_apart_are_read_as_words() -> None:
    with pikepdf.open(io.BytesIO(content_of())) as opened:
        contents = opened.pages[0].Contents[1].read_bytes().decode()

    digits = "经营场所".encode("utf-16-be").hex().upper()
    assert f"/Span<</ActualText<FEFF{digits}>>>BDC" in contents


def test_the_border_of_a_type_is_the_same_stream_on_all_pages_and_licences() -> None:
    with pikepdf.open(io.BytesIO(content_of(food_request(LONG)))) as opened:
        first = {page.Contents[0].objgen for page in opened.pages}
        border = opened.pages[0].Contents[0].read_raw_bytes()
    with pikepdf.open(io.BytesIO(content_of(food_request()))) as other:
        assert other.pages[0].Contents[0].read_raw_bytes() == border

    assert len(first) == 1


def test_fonts_are_cut_and_say_which_characters_they_show() -> None:
    with pikepdf.open(io.BytesIO(content_of(food_request(LONG)))) as opened:
        fonts = opened.pages[0].Resources.Font
        names = [str(font.BaseFont) for font in fonts.values()]
        maps = "".join(font.ToUnicode.read_bytes().decode() for font in fonts.values())

    assert all(re.fullmatch(r"/[A-Z]{6}\+Noto(Sans|Serif)SC-(Regular|Bold)", name) for name in names)
    assert "𬭎".encode("utf-16-be").hex() in maps


def test_a_document_is_small_enough_to_be_kept_by_the_million() -> None:
    assert len(content_of()) < 130_000


def test_an_unsigned_document_shows_nothing_of_itself_in_its_repr() -> None:
    assert repr(UnsignedPdf(content=bytearray(b"secret"), hole_start=1, hole_end=2)) == (
        "UnsignedPdf(hole_start=1, hole_end=2)"
    )
