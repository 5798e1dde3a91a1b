"""The slip of an official document: what it says, what its code says, and the page that is sealed with the document."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from registry.official_errors import OfficialStateError
from signer.official.errors import SlipPageError
from signer.official.pages import opened, page_sizes, picture_of
from signer.official.places import Anchor, Placing, Spot
from signer.official.slip import Slip, slip_of, write_slip
from signer.page.errors import CharacterMissingError
from signer.page.press import Press
from tests.official_office import FOOT, OfficialOffice, plain_ofd, plain_pdf
from tests.town import BUREAU, Town
from verify.values import LicenceId
from verify.verdict import Verdict

TITLE = "关于准予示例市甲乙丙食品有限公司食品生产许可的决定"


@pytest.fixture(scope="module")
def press() -> Press:
    return Press.open()


@pytest.fixture
def office(sqlite_town: Town) -> OfficialOffice:
    return OfficialOffice(sqlite_town)


def slip(**changes: Any) -> Slip:
    values: dict[str, Any] = {
        "document_id": LicenceId(bytes(range(10))),
        "title": TITLE,
        "office": "示例市行政审批服务局",
        "seal_name": "示例市行政审批服务局公文专用章",
        "host": "zz.test.example.gov.cn",
        "at": datetime(2026, 3, 18, 17, tzinfo=UTC),
        "is_sealed": True,
        "is_test": False,
    }
    return Slip(**{**values, **changes})


def words(document: bytes, page: int = 1) -> str:
    """Return the text of a page, its lines joined."""
    with opened(document) as pdf:
        found: str = pdf[page - 1].get_textpage().get_text_bounded()
    return "".join(found.split())


def codes(document: bytes, page: int = 1) -> list[str]:
    """Return the texts of the codes that a phone would find on a page."""
    with opened(document) as pdf, Image.open(BytesIO(picture_of(pdf, page))) as picture:
        return [each.text for each in zxingcpp.read_barcodes(picture)]


def test_it_names_the_document_and_its_code_is_the_public_address(press: Press) -> None:
    document = write_slip(press, slip())

    text = words(document)
    assert codes(document) == [f"https://zz.test.example.gov.cn/v/{slip().document_id.text}"]
    for shown in (TITLE, "示例市行政审批服务局公文专用章", slip().document_id.typed, "用印日期", "2026年3月19日"):
        assert shown in text
    assert "准备日期" not in text
    assert write_slip(press, slip()) == document


def test_the_longest_title_is_printed_whole_on_one_page(press: Press) -> None:
    title = "关于规范建筑工地夜间施工管理有关事项的通知二" * 9 + "印发"

    document = write_slip(press, slip(title=title[:200], is_test=True))

    with opened(document) as pdf:
        assert len(page_sizes(pdf)) == 1
    assert title[:200] in words(document)
    assert len(codes(document)) == 1


def test_a_title_that_cannot_be_printed_is_an_error_and_no_box(press: Press) -> None:
    with pytest.raises(CharacterMissingError):
        write_slip(press, slip(title="通知\U0001f600"))


def test_a_title_that_tries_to_be_a_template_stays_text(press: Press) -> None:
    assert "{OFFICE}%s<b>" in words(write_slip(press, slip(title="{OFFICE} %s <b>")))


@pytest.mark.parametrize("upload", [plain_pdf(), plain_ofd()], ids=["pdf", "ofd"])
def test_every_sealed_document_has_one_and_none_before(office: OfficialOffice, upload: bytes) -> None:
    prepared = office.prepares(upload, title=TITLE)
    with pytest.raises(OfficialStateError):
        slip_of(office.town.desk, prepared)

    document = slip_of(office.town.desk, office.seals(prepared))

    host = office.town.desk.settings.host
    assert codes(document) == [f"https://{host}/v/{prepared.document_id}"]
    assert TITLE in words(document)


@pytest.mark.parametrize("page", [b"", b"/Rotate 90/CropBox[30 40 560 800]"])
def test_a_slip_page_is_sealed_with_the_document_behind_its_last_page(office: OfficialOffice, page: bytes) -> None:
    upload = plain_pdf(2, page=page)
    placing = Placing(at=Anchor(text=FOOT), riding=True)

    record = office.prepares(upload, title=TITLE, placing=placing, slip_page=True)
    document = office.document(office.seals(record))

    host = office.town.desk.settings.host
    assert record.pages == 3
    assert document.startswith(upload)
    assert codes(document, 3) == [f"https://{host}/v/{record.document_id}"]
    assert TITLE in words(document, 3)
    assert "准备日期" in words(document, 3)
    with opened(document) as pdf:
        size = page_sizes(pdf)[2]
    assert (size.width, size.height) == pytest.approx((210, 148), abs=0.1)
    report = office.judge(document)
    assert report.is_genuine
    assert report.facts.issuer == BUREAU
    place = document.index(b"/Rotate 0")
    turned = document[:place] + b"/Rotate 9" + document[place + 9 :]
    assert office.judge(turned).verdict is Verdict.TAMPERED


def test_what_the_tree_of_pages_hands_down_neither_turns_nor_crops_the_slip(office: OfficialOffice) -> None:
    written = BytesIO()
    with pikepdf.open(BytesIO(plain_pdf())) as pdf:
        pdf.Root.Pages.Rotate = 90
        pdf.Root.Pages.CropBox = pikepdf.Array([0, 0, 500, 500])
        pdf.save(written)

    record = office.prepares(written.getvalue(), placing=Placing(at=Spot(page=1, x=60, y=60)), slip_page=True)

    with opened(office.document(office.seals(record))) as pdf:
        first, last = page_sizes(pdf)
    assert (first.width, first.height) == pytest.approx((500 * 25.4 / 72,) * 2, abs=0.1)
    assert (last.width, last.height) == pytest.approx((210, 148), abs=0.1)


def test_no_page_is_put_behind_what_is_signed_or_into_an_ofd(office: OfficialOffice) -> None:
    signed = office.document(office.seals(office.prepares()))

    for upload in (signed, plain_ofd()):
        with pytest.raises(SlipPageError):
            office.prepares(upload, placing=Placing(at=Spot(page=1, x=60, y=60)), slip_page=True)
