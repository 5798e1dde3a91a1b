"""An official document over HTTP: uploaded, placed, looked at, approved, sealed, fetched, and checked by everybody."""

import uuid
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import zxingcpp
from PIL import Image

from registry.records import Role
from signer.official.pages import opened, picture_of
from tests.hall import Hall
from tests.official_office import DOCUMENTS_BASIS, FOOT, OfficialOffice, plain_ofd, plain_pdf
from tests.town import BUREAU, ISSUERS
from verify.signed_document import DOCUMENT_BYTES_MAX

PATH = "/api/v1/documents"
TITLE = "准予行政许可决定书"


@pytest.fixture
def office(hall: Hall) -> OfficialOffice:
    return OfficialOffice(hall.town)


def upload(hall: Hall, content: bytes | None = None, *, key: str = "officer", **fields: Any) -> httpx.Response:
    data = {"title": TITLE, **({"anchor": FOOT} if not fields else {}), **fields}
    return hall.ask("POST", PATH, key=key, data=data, files={"file": ("decision.pdf", content or plain_pdf(3))})


def seal(hall: Hall, prepared: dict[str, Any], *, once: str | None = None, **changes: Any) -> httpx.Response:
    body = {"digest": prepared["prepared_digest"], **changes}
    path = f"{PATH}/{prepared['document_id']}/seal"
    return hall.ask("POST", path, key="officer", once=once or uuid.uuid4().hex, json=body)


def test_a_document_goes_the_whole_way_and_everybody_can_check_file_and_id(hall: Hall, office: OfficialOffice) -> None:
    prepared = upload(hall, anchor=FOOT, riding="true", grant_id=office.grant.grant_id)
    document = prepared.json()
    picture = hall.ask("GET", f"{PATH}/{document['document_id']}/pages/3", key="reviewer")

    sealed = seal(hall, document)

    file = hall.ask("GET", f"{PATH}/{document['document_id']}/file", key="officer")
    of_file = hall.ask("POST", "/api/v1/verifications/file", files={"file": ("a.pdf", file.content)}).json()
    of_id = hall.ask("GET", f"/api/v1/checks/{document['document_id']}").json()
    assert (prepared.status_code, document["state"], document["pages"]) == (201, "prepared", 3)
    assert [each["page"] for each in document["places"]] == [3, 1, 2, 3]
    with Image.open(BytesIO(picture.content), formats=("PNG",)) as page:
        assert page.width > 800
        assert max(page.getcolors(1 << 24), key=lambda each: each[1][0] - each[1][1])[1][1] < 100  # the seal is red
    assert (sealed.status_code, sealed.json()["state"]) == (200, "sealed")
    assert file.headers["content-type"] == "application/pdf"
    assert (of_file["verdict"], of_file["genuine"]) == ("valid", True)
    assert of_file["facts"]["official_id"] == document["document_id"]
    assert of_file["facts"]["mandate_legal_basis"] == DOCUMENTS_BASIS
    assert of_file["facts"]["mandate_grant"] == office.grant.grant_id
    assert (of_id["verdict"], of_id["facts"]["issuer"]) == ("valid", BUREAU)
    assert TITLE not in str(of_id) + str(of_file)


def test_the_pages_of_everybody_show_the_id_of_a_document(sqlite_hall: Hall) -> None:
    OfficialOffice(sqlite_hall.town)
    document = upload(sqlite_hall).json()
    seal(sqlite_hall, document)

    page = sqlite_hall.ask("GET", f"/v/{document['document_id']}", headers={"accept": "text/html"})

    assert page.status_code == 200
    assert "公文" in page.text
    assert "请核对手中的公文与所验的是否一致" in page.text
    assert "出示人" not in page.text
    assert TITLE not in page.text


def test_a_slip_leads_to_the_page_of_everybody_once_the_document_is_sealed(sqlite_hall: Hall) -> None:
    OfficialOffice(sqlite_hall.town)
    document = upload(sqlite_hall, anchor=FOOT, slip_page="true").json()
    path = f"{PATH}/{document['document_id']}/slip"
    early = sqlite_hall.ask("GET", path, key="officer")
    seal(sqlite_hall, document)

    slip, stranger = (sqlite_hall.ask("GET", path, key=key) for key in ("officer", "school-officer"))

    assert (early.status_code, early.json()["code"]) == (409, "official_document.state")
    assert (slip.status_code, slip.headers["content-type"]) == (200, "application/pdf")
    assert stranger.json()["code"] == "official_document.unknown"
    with opened(slip.content) as pdf, Image.open(BytesIO(picture_of(pdf, 1))) as picture:
        (code,) = zxingcpp.read_barcodes(picture)
    address = urlsplit(code.text)
    assert (address.scheme, address.path) == ("https", f"/v/{document['document_id']}")
    page = sqlite_hall.ask("GET", address.path, headers={"accept": "text/html"})
    assert (page.status_code, document["pages"]) == (200, 4)
    assert "公文" in page.text


def test_what_an_ofd_shows_is_listed_from_the_very_bytes_for_who_approves_it(sqlite_hall: Hall) -> None:
    OfficialOffice(sqlite_hall.town)
    document = upload(sqlite_hall, plain_ofd(2)).json()
    path = f"{PATH}/{document['document_id']}/contents"

    listed, stranger = (sqlite_hall.ask("GET", path, key=key) for key in ("reviewer", "school-officer"))

    found = listed.json()
    assert [(each["page"], each["kind"]) for each in found["items"]] == [(1, "text"), (2, "text"), (2, "seal")]
    assert found["items"][1]["text"] == FOOT
    assert "Doc_0/Signs/Sign_0/Seal.esl" in {each["name"] for each in found["files"]}
    assert stranger.json()["code"] == "official_document.unknown"


def test_before_it_is_sealed_nobody_outside_knows_of_it(sqlite_hall: Hall) -> None:
    OfficialOffice(sqlite_hall.town)
    document = upload(sqlite_hall).json()

    assert sqlite_hall.ask("GET", f"/api/v1/checks/{document['document_id']}").json()["verdict"] == "not_found"


def test_the_same_request_seals_once(sqlite_hall: Hall) -> None:
    OfficialOffice(sqlite_hall.town)
    document, once = upload(sqlite_hall).json(), uuid.uuid4().hex

    first, second = seal(sqlite_hall, document, once=once), seal(sqlite_hall, document, once=once)
    third = seal(sqlite_hall, document)

    assert first.json() == second.json()
    assert (third.status_code, third.json()["code"]) == (409, "official_document.state")


def test_a_second_person_looks_where_the_grant_demands_one(sqlite_hall: Hall) -> None:
    grant = OfficialOffice(sqlite_hall.town).grants(needs_second=True)
    document = upload(sqlite_hall, anchor=FOOT, grant_id=grant.grant_id).json()
    path = f"{PATH}/{document['document_id']}/approve"

    alone = seal(sqlite_hall, document)
    by_officer = sqlite_hall.ask("POST", path, key="officer", json={"digest": document["prepared_digest"]})
    approved = sqlite_hall.ask("POST", path, key="reviewer", json={"digest": document["prepared_digest"]})

    assert (alone.status_code, alone.json()["code"]) == (403, "seal_grant.second_person")
    assert by_officer.status_code == 403
    assert approved.json()["is_approved"]
    assert seal(sqlite_hall, document).json()["state"] == "sealed"


def test_another_department_reaches_nothing_of_it(sqlite_hall: Hall) -> None:
    OfficialOffice(sqlite_hall.town)
    document = upload(sqlite_hall).json()

    for part in ("", "/file", "/pages/1"):
        answer = sqlite_hall.ask("GET", f"{PATH}/{document['document_id']}{part}", key="school-officer")
        assert (answer.status_code, answer.json()["code"]) == (404, "official_document.unknown")
    assert sqlite_hall.ask("GET", PATH, key="school-officer").json()["items"] == []
    assert len(sqlite_hall.ask("GET", PATH, key="officer").json()["items"]) == 1


def test_who_has_no_grant_prepares_nothing(sqlite_hall: Hall) -> None:
    stranger = next(each for each in sqlite_hall.town.offices if each not in ISSUERS)
    sqlite_hall.gives_key("stranger", stranger, Role.ISSUING_OFFICER)

    answer = upload(sqlite_hall, key="stranger", anchor=FOOT)

    assert (answer.status_code, answer.json()["code"]) == (403, "seal_grant.none")


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (b"not a pdf", {"anchor": FOOT}, "official.unreadable"),
        (b"%PDF-1.7\n" + bytes(2000), {"anchor": FOOT}, "official.unreadable"),
        (plain_pdf(), {"anchor": "nowhere"}, "official.anchor_missing"),
        (plain_pdf(), {"page": "2", "x": "50", "y": "50"}, "official.page_missing"),
        (plain_pdf(), {"page": "1", "x": "1", "y": "50"}, "official.place_outside"),
        (plain_pdf(), {"riding": "true"}, "official.riding_pages"),
        (plain_pdf(), {"page": "1"}, "official.nothing_placed"),
        (plain_pdf(more=b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), {"anchor": FOOT}, "official.active"),
        (plain_pdf(more=b"/Perms<<>>"), {"anchor": FOOT}, "official.certified"),
        (bytes(DOCUMENT_BYTES_MAX + 1), {"anchor": FOOT}, "request.too_large"),
    ],
)
def test_what_cannot_be_sealed_is_refused_with_its_own_reason(
    sqlite_hall: Hall, content: bytes, fields: dict[str, str], code: str
) -> None:
    OfficialOffice(sqlite_hall.town)

    answer = upload(sqlite_hall, content, **fields)

    assert answer.status_code in {404, 413, 422}
    assert answer.json()["code"] == code
    assert sqlite_hall.ask("GET", PATH, key="officer").json()["items"] == []


def test_an_unknown_document_is_not_there_for_its_own_department_either(sqlite_hall: Hall) -> None:
    answer = sqlite_hall.ask("GET", f"{PATH}/0000000000000000", key="officer")

    assert (answer.status_code, answer.json()["code"]) == (404, "official_document.unknown")
