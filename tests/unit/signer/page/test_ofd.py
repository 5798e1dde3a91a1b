import io
import json
import re
import zipfile
from dataclasses import replace

import pikepdf
import pytest

from signer.page.errors import ControlCharacterError, PictureError
from signer.page.ofd import StampPlace, UnsignedOfd, write_ofd
from signer.page.ofd_zip import write_zip
from signer.page.pdf_pictures import picture
from signer.page.press import BodyForm
from tests.ofd_page import OFD, characters, package, tree
from tests.page_requests import FOOD_FIELDS, PageRequest, food_request, press, renamed, seal, teacher_request
from verify.licence import DataSet

LONG = {**FOOD_FIELDS, "KZ_JYCS": "观澜大道一百八十八号" * 120, "KZ_FDDBR": "李𬭎"}
METADATA = {"ZZMC": "食品经营许可证", "CZZT": "示例<市>&", "KZ_JYXM": "热食\n冷食"}


def unsigned(request: PageRequest) -> UnsignedOfd:
    made = press().render_bodies(request).ofd
    assert made is not None
    return made


def parts_of(request: PageRequest) -> dict[str, bytes]:
    return package(write_zip(unsigned(request).parts))


def test_the_parts_of_a_package_and_their_order() -> None:
    names = [each.name for each in unsigned(teacher_request()).parts]

    assert names == [
        "OFD.xml",
        "Doc_0/Document.xml",
        "Doc_0/PublicRes.xml",
        "Doc_0/DocumentRes.xml",
        "Doc_0/Tpls/Tpl_0/Content.xml",
        "Doc_0/Pages/Page_0/Content.xml",
        "Doc_0/Tags/CustomTags.xml",
        "Doc_0/Tags/Tag_elicence.xml",
        "Doc_0/Attachs/Attachments.xml",
        "Doc_0/Attachs/code.txt",
        "Doc_0/Attachs/data-set.cbor",
        "Doc_0/Attachs/metadata.json",
        *[f"Doc_0/Res/font_{number}.ttf" for number in range(17, 21)],
        "Doc_0/Res/image_21.jpg",
    ]


@pytest.mark.parametrize("make", [food_request, teacher_request, lambda: food_request(LONG, test=True)])
def test_every_part_is_named_by_another_and_every_name_leads_to_a_part(make) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    parts = parts_of(make())
    document = tree(parts["Doc_0/Document.xml"])
    named = {"OFD.xml", f"{tree(parts['OFD.xml']).findtext(f'.//{OFD}DocRoot')}"}

    for word in ("PublicRes", "DocumentRes", "CustomTags", "Attachments"):
        named.add(f"Doc_0/{document.findtext(f'.//{OFD}{word}')}")
    for word in ("Page", "TemplatePage"):
        named |= {f"Doc_0/{each.get('BaseLoc')}" for each in document.iter(f"{OFD}{word}")}
    for resources, word in (("PublicRes", "FontFile"), ("DocumentRes", "MediaFile")):
        root = tree(parts[f"Doc_0/{resources}.xml"])
        named |= {f"Doc_0/{root.get('BaseLoc')}/{each.text}" for each in root.iter(f"{OFD}{word}")}
    for folder, listing in (("Tags", "CustomTags"), ("Attachs", "Attachments")):
        root = tree(parts[f"Doc_0/{folder}/{listing}.xml"])
        named |= {f"Doc_0/{folder}/{each.text}" for each in root.iter(f"{OFD}FileLoc")}

    assert named == parts.keys()


def test_every_number_is_given_once_and_the_largest_is_said() -> None:
    parts = parts_of(food_request(LONG, test=True))
    trees = {name: tree(content) for name, content in parts.items() if name.endswith(".xml")}
    given = [
        int(each.get("ID", ""))
        for name, root in trees.items()
        if "/Pages/" in name or "/Tpls/" in name or name.endswith(("Res.xml", "Document.xml"))
        for each in root.iter()
        if each.get("ID")
    ]

    assert len(given) == len(set(given))
    assert trees["Doc_0/Document.xml"].findtext(f".//{OFD}MaxUnitID") == str(max(given))
    for name, root in trees.items():
        used = {each.get("Font") or each.get("ResourceID") for each in root.iter()} - {None}
        assert {int(number) for number in used if number} <= set(given), name


def test_what_the_document_says_about_itself() -> None:
    request = food_request(metadata=METADATA)
    root = tree(parts_of(request)["OFD.xml"])

    assert (root.get("Version"), root.get("DocType")) == ("1.0", "OFD")
    assert {each.tag.removeprefix(OFD): each.text for each in root.iter() if len(each) == 0 and not each.attrib} == {
        "DocID": request.data_set.digest[:16].hex(),
        "Title": "食品经营许可证 JY29901000000013",
        "Author": "示例市市场监督管理局",
        "CreationDate": "2026-09-21",
        "Creator": "Yinzheng",
        "CreatorVersion": "1",
        "DocRoot": "Doc_0/Document.xml",
        "Signatures": "Doc_0/Signs/Signatures.xml",
    }
    assert {each.get("Name"): each.text for each in root.iter(f"{OFD}CustomData")} == METADATA


def test_the_order_in_which_metadata_is_given_changes_nothing() -> None:
    backwards = dict(reversed(METADATA.items()))

    assert parts_of(food_request(metadata=METADATA)) == parts_of(food_request(metadata=backwards))


@pytest.mark.parametrize("make", [food_request, teacher_request, lambda: food_request(LONG)])
def test_the_index_leads_from_each_item_to_its_text_on_the_page(make) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    request = make()
    parts = parts_of(request)
    pages = {
        page.get("ID"): {
            each.get("ID"): each for each in tree(parts[f"Doc_0/{page.get('BaseLoc')}"]).iter(f"{OFD}TextObject")
        }
        for page in tree(parts["Doc_0/Document.xml"]).iter(f"{OFD}Page")
    }
    texts = {
        item.tag.removeprefix(OFD): "".join(
            placed.character for each in item for placed in characters(pages[each.get("PageRef")][each.text])
        )
        for item in tree(parts["Doc_0/Tags/Tag_elicence.xml"])
    }

    assert texts["CZZT"] == request.data_set.holder_name
    assert texts["ZZBH"] == request.data_set.number
    assert texts["CZZTDM"] == request.draft.holder_code
    for name in ("KZ_JYCS", "KZ_FDDBR", "KZ_JYXM", "KZ_XB"):
        if name in request.draft.fields:
            assert texts[name] == request.draft.fields[name].replace("\n", "")


def test_the_files_are_attached_hidden_and_byte_for_byte() -> None:
    request = food_request()
    parts = parts_of(request)

    listed = list(tree(parts["Doc_0/Attachs/Attachments.xml"]))

    assert [each.get("Name") for each in listed] == ["code.txt", "data-set.cbor", "metadata.json"]
    assert {each.get("Visible") for each in listed} == {"false"}
    assert {each.get("CreationDate") for each in listed} == {"2026-09-21T02:30:00"}
    assert parts["Doc_0/Attachs/code.txt"].decode() == request.token_text
    assert DataSet.decode(parts["Doc_0/Attachs/data-set.cbor"]) == request.data_set
    assert json.loads(parts["Doc_0/Attachs/metadata.json"]) == request.metadata
    for each in listed:
        size = float(each.get("Size", "")) * 1024
        assert size == pytest.approx(len(parts[f"Doc_0/Attachs/{each.get('Name')}"]), abs=0.1)


def test_both_bodies_carry_the_same_fonts_in_the_same_compressed_bytes() -> None:
    bodies = press().render_bodies(food_request(LONG))
    assert bodies.pdf is not None
    assert bodies.ofd is not None
    with zipfile.ZipFile(io.BytesIO(write_zip(bodies.ofd.parts))) as opened:
        programs = {opened.read(each) for each in opened.infolist() if each.filename.endswith(".ttf")}
        raw = {each.packed.deflated for each in bodies.ofd.parts if each.name.endswith(".ttf")}

    with pikepdf.open(io.BytesIO(bytes(bodies.pdf.content))) as pdf:
        fonts = [font.DescendantFonts[0].FontDescriptor.FontFile2 for font in pdf.pages[0].Resources.Font.values()]
        assert {font.read_bytes() for font in fonts} == programs
        assert {font.read_raw_bytes()[2:-4] for font in fonts} == raw


def test_the_photo_is_stored_as_it_is() -> None:
    made = unsigned(teacher_request())

    (image,) = [each for each in made.parts if each.name.endswith(".jpg")]

    assert image.is_stored
    assert image.packed.content.startswith(b"\xff\xd8\xff")
    assert image.packed.content in write_zip(made.parts)


def test_the_border_of_a_type_is_the_same_part_on_all_its_licences_and_stands_under_every_page() -> None:
    short, long = parts_of(food_request()), parts_of(food_request(LONG))
    name = "Doc_0/Tpls/Tpl_0/Content.xml"

    assert short[name] == long[name]
    pages = [tree(content) for part, content in long.items() if "/Pages/" in part]
    assert len(pages) > 1
    for page in pages:
        (template,) = page.iter(f"{OFD}Template")
        assert (template.get("TemplateID"), template.get("ZOrder")) == ("1", "Background")
    assert not list(tree(long[name]).iter(f"{OFD}TextObject"))


def test_the_seal_is_not_on_the_page_and_its_place_is_known() -> None:
    made = unsigned(food_request())
    parts = package(write_zip(made.parts))

    assert made.stamp is not None
    (page,) = tree(parts["Doc_0/Document.xml"]).iter(f"{OFD}Page")
    assert str(made.stamp.page_number) == page.get("ID")
    assert made.stamp.box.split()[2:] == ["42", "42"]
    assert b"ImageObject" not in parts["Doc_0/Pages/Page_0/Content.xml"]


def test_the_same_licence_is_the_same_bytes_and_another_holder_is_not() -> None:
    again = [write_zip(unsigned(food_request()).parts) for _ in range(2)]

    assert again[0] == again[1]
    assert write_zip(unsigned(renamed(food_request(), "别的公司")).parts) != again[0]


@pytest.mark.parametrize(
    "name",
    ["</ofd:TextCode><x/>", "]]>", "&amp;&#x41;", "../../etc/passwd", "{ZZMC}{0.a} %(x)s", "<!DOCTYPE a>", "\"'<>"],
)
def test_a_holder_whose_name_tries_to_be_something_else_is_shown_by_that_name(name: str) -> None:
    request = food_request({**FOOD_FIELDS, "KZ_FDDBR": name}, metadata={"CZZT": name})
    request = replace(request, data_set=replace(request.data_set, office_name=name))
    parts = parts_of(request)
    root = tree(parts["OFD.xml"])

    assert root.findtext(f".//{OFD}Author") == name
    assert [each.text for each in root.iter(f"{OFD}CustomData")] == [name]
    shown = [each.text for each in tree(parts["Doc_0/Pages/Page_0/Content.xml"]).iter(f"{OFD}TextCode")]
    assert name in shown
    assert parts.keys() == parts_of(food_request()).keys()


def test_a_control_character_is_refused_in_metadata_and_in_what_the_document_says_of_itself() -> None:
    document, pictures = press()._lay_out(food_request())

    with pytest.raises(ControlCharacterError):
        write_ofd(document, press()._fonts, pictures, metadata={"CZZT": "a\x00b"}, stamp=None)
    with pytest.raises(ControlCharacterError):
        write_ofd(replace(document, author="a\x1b"), press()._fonts, pictures, metadata={}, stamp=None)


def test_a_picture_that_is_no_jpeg_is_refused() -> None:
    document, pictures = press()._lay_out(teacher_request())

    with pytest.raises(PictureError):
        write_ofd(document, press()._fonts, {**pictures, "photo": picture(seal())}, metadata={}, stamp=None)


def test_a_page_without_border_names_no_template() -> None:
    document, pictures = press()._lay_out(food_request())
    bare = replace(document, pages=tuple(replace(page, backdrop=()) for page in document.pages))

    made = write_ofd(bare, press()._fonts, pictures, metadata={}, stamp=StampPlace(0, 1, 2, 3, 4))

    assert not [each.name for each in made.parts if "/Tpls/" in each.name]
    assert made.stamp is not None
    assert made.stamp.box == "1 2 3 4"
    assert b"Template" not in b"".join(each.packed.content for each in made.parts if each.name.endswith(".xml"))


def test_only_the_bodies_that_are_wanted_are_written_and_each_is_the_same_alone() -> None:
    request = food_request()
    both = press().render_bodies(request)
    pdf, ofd = (press().render_bodies(request, forms={form}) for form in (BodyForm.PDF, BodyForm.OFD))

    assert (pdf.ofd, ofd.pdf) == (None, None)
    assert pdf.pdf == both.pdf == press().render(request)
    assert ofd.ofd is not None
    assert both.ofd is not None
    assert write_zip(ofd.ofd.parts) == write_zip(both.ofd.parts)


def test_no_white_space_stands_between_elements() -> None:
    for name, content in parts_of(food_request(LONG)).items():
        if name.endswith(".xml"):
            assert content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<ofd:')
            assert not re.search(rb">\s", content.split(b"?>\n", 1)[1])


def test_nothing_of_a_licence_shows_in_a_repr() -> None:
    assert "示例市" not in repr(unsigned(food_request()))
