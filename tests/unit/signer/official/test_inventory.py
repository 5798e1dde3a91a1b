"""What the pages of an upload show, as a list: the very bytes that will be signed, seals among them."""

import pytest

from api.sandbox_jobs import TakeInventory, open_answer
from api.sandbox_work import work
from signer.official.errors import UnreadableUploadError
from signer.official.inventory import CHARACTERS_MAX, ITEMS_MAX, Inventory, Item, inventory_of, take_inventory
from signer.official.places import Anchor, Placing
from signer.official.wishes import LayoutError
from signer.page.ofd_words import part
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from tests.mutations import mutations
from tests.official_office import FOOT, OfficialOffice, plain_ofd, plain_pdf
from tests.town import Town
from verify.ofd_package import read_package

RESOURCES = part(
    "Res",
    '<ofd:MultiMedias><ofd:MultiMedia ID="90" Type="Image"><ofd:MediaFile>a.png</ofd:MediaFile></ofd:MultiMedia>'
    "</ofd:MultiMedias>",
    ' BaseLoc="Res"',
)
BELOW = part(
    "Page",
    '<ofd:Content><ofd:Layer ID="80"><ofd:PageBlock ID="81">'
    '<ofd:TextObject ID="82" Boundary="10 10 50 8" Font="1" Size="4"><ofd:TextCode X="0" Y="4">head</ofd:TextCode>'
    '</ofd:TextObject><ofd:ImageObject ID="83" Boundary="20 30 40 50" ResourceID="90"/>'
    '<ofd:PathObject ID="84" Boundary="0 0 1 1"/></ofd:PageBlock></ofd:Layer></ofd:Content>',
)


def rich_ofd() -> bytes:
    """Return an OFD whose first page stands on a template with a text, a picture and a drawing."""
    files = dict(read_package(plain_ofd(2)).files)
    outline, page = files["Doc_0/Document.xml"], files["Doc_0/Pages/Page_0/Content.xml"]
    listed = (
        b'<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes><ofd:TemplatePage ID="70" BaseLoc="Tpls/T.xml"/>'
        b"</ofd:CommonData>"
    )
    files["Doc_0/Document.xml"] = outline.replace(b"</ofd:CommonData>", listed)
    files["Doc_0/Pages/Page_0/Content.xml"] = page.replace(
        b"<ofd:Content>", b'<ofd:Template TemplateID="70" ZOrder="Background"/><ofd:Content>'
    )
    files |= {
        "Doc_0/DocumentRes.xml": RESOURCES.content,
        "Doc_0/Tpls/T.xml": BELOW.content,
        "Doc_0/Res/a.png": bytes(77),
    }
    return write_zip([OfdPart(name, Packed(each)) for name, each in files.items()])


def test_texts_pictures_and_drawings_of_pages_and_of_the_templates_below_them_are_listed() -> None:
    found = take_inventory(rich_ofd())

    assert (found.pages, found.was_cut) == (2, False)
    assert found.items == (
        Item(page=1, kind="text", text="page 1", x=110, y=230, width=60, height=8),
        Item(page=1, kind="text", text="head", x=10, y=10, width=50, height=8),
        Item(page=1, kind="picture", text="Doc_0/Res/a.png", amount=77, x=20, y=30, width=40, height=50),
        Item(page=1, kind="drawings", amount=1),
        Item(page=2, kind="text", text=FOOT, x=110, y=230, width=60, height=8),
    )
    assert dict(found.files)["Doc_0/Res/a.png"] == 77
    assert Inventory.decode(found.encode()) == found


def test_the_seal_is_listed_where_it_will_stand_before_it_is_signed_and_where_it_stands(sqlite_town: Town) -> None:
    office = OfficialOffice(sqlite_town)
    record = office.prepares(rich_ofd(), placing=Placing(at=Anchor(text=FOOT), riding=True))
    prepared = take_inventory(sqlite_town.desk.vault.get(record.prepared_digest))

    sealed = take_inventory(office.document(office.seals(record)))

    seals = [each for each in prepared.items if each.kind == "seal"]
    assert [(each.page, round(each.width)) for each in seals] == [(1, 21), (2, 42), (2, 21)]
    assert [each for each in sealed.items if each.kind == "seal"] == seals
    assert [round(each.x + each.width) for each in seals if each.width < 22] == [210, 210]


def test_of_a_pdf_there_are_the_texts_of_its_pages() -> None:
    _, content = open_answer(work(TakeInventory(), plain_pdf(2)))

    found = Inventory.decode(content)

    assert [(each.page, each.text) for each in found.items] == [(1, "page 1"), (2, FOOT)]


def test_a_list_that_is_too_long_says_that_it_was_cut() -> None:
    item = Item(page=1, kind="text", text="x")

    assert inventory_of(1, [item] * (ITEMS_MAX + 1)).was_cut
    assert not inventory_of(1, [item] * 9).was_cut
    long = inventory_of(1, [item, Item(page=1, kind="text", text="x" * CHARACTERS_MAX)])
    assert (long.items, long.was_cut) == ((item,), True)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"pages":1,"items":[{}],"files":[],"was_cut":false}', b"\xff"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(LayoutError):
        Inventory.decode(data)


def test_any_change_of_a_package_is_listed_or_refused_with_a_reason() -> None:
    outcomes = set()
    for each in mutations(rich_ofd(), 120, 5):
        try:
            outcomes.add(take_inventory(each).pages)
        except UnreadableUploadError as error:
            outcomes.add(error.code)

    assert UnreadableUploadError.code in outcomes
