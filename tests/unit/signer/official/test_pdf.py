"""A PDF prepared for its seal: places on pages however cropped and turned, the red that is seen, hostile uploads."""

import random
from io import BytesIO

import pikepdf
import pytest
from PIL import Image

from api.sandbox_jobs import Picture, open_answer
from api.sandbox_work import work
from signer.official.errors import (
    ActiveUploadError,
    AnchorMissingError,
    EncryptedUploadError,
    OfficialError,
    PageMissingError,
    UnreadableUploadError,
)
from signer.official.places import Anchor, Placing, SealImage, Spot
from signer.official.wishes import PreparedFile, SealWish
from tests.official_office import FOOT, picture, plain_pdf, prepared_by_work
from tests.town import NOW
from verify.errors import MalformedError

MM_PER_PIXEL = 25.4 / 110


def prepared(upload: bytes, placing: Placing) -> PreparedFile:
    image = SealImage(png=picture(), width=42, height=42)
    return prepared_by_work(upload, SealWish(document_id="0" * 16, placing=placing, image=image, name="-", at=NOW))


def red_box(document: bytes, page: int) -> tuple[float, float, float, float]:
    """Return the box of all that is red on a page as it is seen, in millimetres."""
    _, png = open_answer(work(Picture(page=page), document))
    with Image.open(BytesIO(png), formats=("PNG",)) as shown:
        red, green, _ = shown.split()
        mask = Image.eval(green, lambda value: 255 * (value < 128))
        box = Image.composite(
            mask, Image.new("L", mask.size), Image.eval(red, lambda value: 255 * (value > 160))
        ).getbbox()
    assert box is not None, "nothing red"
    left, top, right, bottom = (each * MM_PER_PIXEL for each in box)
    return left, top, right, bottom


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_the_seal_is_seen_upright_where_it_was_asked_for_on_a_cropped_and_turned_page(turned: int) -> None:
    upload = plain_pdf(page=b"/Rotate %d/CropBox[30 40 560 800]" % turned)

    document = prepared(upload, Placing(at=Spot(page=1, x=60, y=80)))

    assert red_box(document.content, 1) == pytest.approx((39, 59, 81, 101), abs=0.5)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_the_seal_stands_over_its_anchor_however_the_page_is_turned(turned: int) -> None:
    upload = plain_pdf(page=b"/Rotate %d/CropBox[10 20 590 830]" % turned)

    (box,) = prepared(upload, Placing(at=Anchor(text=FOOT, down=-20 if turned == 0 else 0))).layout.boxes

    middle = box.x + 21, box.y + 21
    width, height = 580 * 25.4 / 72, 810 * 25.4 / 72
    across, down = (330 + 65 - 10) * 25.4 / 72, height - (154 - 20) * 25.4 / 72
    expected = {
        0: (across, down - 20),
        90: (height - down, across),
        180: (width - across, height - down),
        270: (down, width - across),
    }
    assert middle == pytest.approx(expected[turned], abs=6)


def test_strips_are_seen_on_the_right_edge_of_every_page() -> None:
    document = prepared(plain_pdf(3), Placing(at=None, riding=True))

    for page in (1, 2, 3):
        left, top, right, bottom = red_box(document.content, page)
        assert right == pytest.approx(210, abs=0.5) or page == 3
        assert left >= 210 - 14 - 0.5
        assert (top + bottom) / 2 == pytest.approx(148.5, abs=1)


def test_an_occurrence_can_be_counted_and_a_page_named() -> None:
    upload = plain_pdf(3)

    (second,) = prepared(upload, Placing(at=Anchor(text="page", occurrence=2))).layout.boxes
    (first,) = prepared(upload, Placing(at=Anchor(text="page", page=1))).layout.boxes

    assert (second.page, first.page) == (2, 1)
    with pytest.raises(AnchorMissingError):
        prepared(upload, Placing(at=Anchor(text="page", occurrence=3)))
    with pytest.raises(PageMissingError):
        prepared(upload, Placing(at=Anchor(text="page", page=4)))


def test_encrypted_files_are_refused() -> None:
    output = BytesIO()
    with pikepdf.open(BytesIO(plain_pdf())) as pdf:
        pdf.save(output, encryption=pikepdf.Encryption(owner="a", user=""))

    with pytest.raises(EncryptedUploadError):
        prepared(output.getvalue(), Placing(at=Spot(page=1, x=60, y=60)))


@pytest.mark.parametrize(
    "more",
    [
        b"/AcroForm<</Fields[]/XFA(x)>>",
        b"/Names<</JavaScript<</Names[]>>>>",
        b"/AA<<>>",
        b"/OpenAction<</S/Launch/F(x)>>",
    ],
)
def test_files_that_draw_or_act_by_themselves_are_refused(more: bytes) -> None:
    with pytest.raises(ActiveUploadError):
        prepared(plain_pdf(more=more), Placing(at=Spot(page=1, x=60, y=60)))


def test_a_file_that_opens_at_a_page_is_no_danger() -> None:
    upload = plain_pdf(more=b"/OpenAction<</S/GoTo/D[4 0 R/Fit]>>")

    assert prepared(upload, Placing(at=Spot(page=1, x=60, y=60))).content.startswith(upload)


def test_any_change_of_an_upload_is_prepared_or_refused_with_a_reason() -> None:
    source = random.Random(4)  # noqa: S311 - a test's
    upload = plain_pdf(2)
    outcomes = set()
    for _ in range(150):
        changed = bytearray(upload)
        for _ in range(source.randint(1, 6)):
            changed[source.randrange(len(changed))] = source.randrange(256)
        try:
            outcomes.add(prepared(bytes(changed), Placing(at=Anchor(text=FOOT), riding=True)).layout.form)
        except (OfficialError, MalformedError) as error:
            outcomes.add(error.code)

    assert {"pdf", UnreadableUploadError.code} <= outcomes
