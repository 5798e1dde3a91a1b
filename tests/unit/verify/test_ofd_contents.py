"""What one of our OFDs says in several places: the index must lead to texts, the attachments must be our three."""

from collections.abc import Callable

import pytest

from signer.page.ofd_zip import OfdPart
from signer.page.packed import Packed
from tests.small_ofd import METADATA, SHOWN, metadata_bytes, ofd_parts
from tests.small_pdf import DATA_SET
from verify.ofd_contents import contents_problem, page_texts, shown_items
from verify.ofd_document import read_outline
from verify.ofd_signatures import OfdFormError
from verify.ofd_xml import XmlError, read_xml

Files = dict[str, bytes]
INDEX = "Doc_0/Tags/Tag_elicence.xml"
TAGS = "Doc_0/Tags/CustomTags.xml"
PAGE = "Doc_0/Pages/Page_0/Content.xml"
ATTACHMENTS = "Doc_0/Attachs/Attachments.xml"


def files(parts: tuple[OfdPart, ...] = ofd_parts()) -> Files:
    return {each.name: each.packed.content for each in parts}


def problem(changed: Files) -> str:
    (document,) = read_outline(changed, is_own=True)
    pages = {identifier: read_xml(changed[path], "Page") for identifier, path in document.page_places.items()}
    return contents_problem(changed, document, pages, metadata_bytes(METADATA), DATA_SET)


def replaced(name: str, old: bytes, new: bytes) -> Files:
    before = files()
    assert old in before[name]
    return {**before, name: before[name].replace(old, new, 1)}


def test_a_document_that_says_the_same_everywhere_has_no_problem() -> None:
    assert problem(files()) == ""


def test_the_index_leads_to_what_is_shown() -> None:
    (document,) = read_outline(files(), is_own=True)
    pages = {"2": read_xml(files()[PAGE], "Page")}

    assert dict(shown_items(files(), document, pages)) == dict(SHOWN)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: replaced(INDEX, b">4<", b">99<"), "a text that is not there"),
        (lambda: replaced(INDEX, b'PageRef="2"', b'PageRef="3"'), "a text that is not there"),
        (lambda: replaced(INDEX, b"ofd:CZZT>", b"ofd:ZZMC>"), "not XML"),
        (lambda: replaced(TAGS, b"elicence", b"invoice"), "not the index"),
        (lambda: replaced(ATTACHMENTS, b'Name="code.txt"', b'Name="code.exe"'), "not that of our documents"),
        (lambda: replaced(ATTACHMENTS, b">code.txt<", b">../OFD.xml<"), "not that of our documents"),
        (lambda: {name: content for name, content in files().items() if name != ATTACHMENTS}, "is not there"),
        (lambda: replaced(PAGE, b"JY132", b"JY133"), "the page shows something else: ZZBH"),
    ],
)
def test_each_inconsistency_is_named_without_a_text_of_the_licence(change: Callable[[], Files], said: str) -> None:
    found = problem(change())

    assert said in found
    assert DATA_SET.holder_name not in found


def test_an_item_that_the_metadata_do_not_have_is_a_problem() -> None:
    found = problem(files(ofd_parts(shown={**SHOWN, "KZ_OTHER": "x"})))

    assert found == "the page shows something else: KZ_OTHER"


def test_texts_of_a_page_are_found_by_their_ids() -> None:
    body = '<TextObject ID="1"><TextCode>a</TextCode><TextCode>b</TextCode></TextObject><PathObject ID="2"/>'
    page = read_xml(f"<Page><Content><Layer>{body}</Layer><Layer/></Content></Page>".encode(), "Page")
    twice = read_xml(f"<Page><Content><Layer>{body}{body}</Layer></Content></Page>".encode(), "Page")

    assert dict(page_texts(page)) == {"1": "ab"}
    with pytest.raises(OfdFormError):
        page_texts(twice)
    with pytest.raises(XmlError):
        page_texts(read_xml(b"<Page/>", "Page"))


def test_a_broken_attachment_is_named() -> None:
    (document,) = read_outline(files(), is_own=True)

    assert contents_problem(files(), document, {}, b"{}", DATA_SET) == "the texts in OFD.xml are not the metadata"
    assert contents_problem(files(), document, {}, Packed(b"[]").content, DATA_SET) == "not an object of texts"
