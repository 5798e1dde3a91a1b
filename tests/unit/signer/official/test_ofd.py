"""Official documents in OFD: what is added to a package, what stays, what is refused, what a reader says."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from signer.official.errors import (
    AnchorMissingError,
    BrokenSignatureError,
    LicenceUploadError,
    LockedUploadError,
    UnreadableUploadError,
)
from signer.official.places import Anchor, Placing, Spot
from signer.official.wishes import Layout
from signer.page.ofd_seal import PreparedOfd, description_text
from signer.page.ofd_words import part
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from tests.key_room import NOW, SEAL, KeyRoom
from tests.official_office import DOCUMENTS_BASIS, FOOT, OfficialOffice, plain_ofd
from tests.small_ofd import OfdRoom
from tests.town import BUREAU, Town
from verify.examine import examine
from verify.ofd_package import read_package
from verify.ofd_signatures import read_description, read_signatures
from verify.report import Outcome
from verify.seal_encoding import assemble_seal_signature
from verify.sm2 import sm3
from verify.verdict import Verdict

LIST = "Doc_0/Signs/Signatures.xml"
PAGE = "Doc_0/Pages/Page_0/Content.xml"


@pytest.fixture
def office(sqlite_town: Town) -> OfficialOffice:
    return OfficialOffice(sqlite_town)


def sealed(office: OfficialOffice, upload: bytes, **changes: Any) -> bytes:
    return office.document(office.seals(office.prepares(upload, **changes)))


def repacked(files: Mapping[str, bytes]) -> bytes:
    return write_zip([OfdPart(name, Packed(content)) for name, content in files.items()])


def locked(room: OfdRoom) -> bytes:
    """Return a package whose one signature, a stranger's, protects the list of signatures too."""
    folder = "Doc_0/Signs/Sign_0"
    listed = '<ofd:MaxSignId>1</ofd:MaxSignId><ofd:Signature ID="1" Type="Seal" BaseLoc="Sign_0/Signature.xml"/>'
    files = dict(read_package(plain_ofd(1, has_list=True)).files)
    files |= {LIST: part("Signatures", listed).content, f"{folder}/Seal.esl": room.seal}
    references = "".join(
        f'<ofd:Reference FileRef="/{name}"><ofd:CheckValue>{b64encode(sm3(each)).decode()}</ofd:CheckValue></ofd:Reference>'
        for name, each in files.items()
    )
    signature = description_text(references, "", folder=folder, signed_at=NOW).encode()
    room.mandate = None
    prepared = PreparedOfd(parts=(), signature_xml=signature)
    message = room.to_be_signed(prepared)
    signed = room.office.custody.sign(SEAL, message, receipt=room.intent(message))
    value = assemble_seal_signature(message, room.certificate, signed)
    return repacked({**files, f"{folder}/Signature.xml": signature, f"{folder}/SignedValue.dat": value})


def test_a_sealed_package_is_told_as_an_official_document_with_its_mandate(office: OfficialOffice) -> None:
    record = office.seals(office.prepares(plain_ofd(2)))

    report = office.judge(office.document(record))

    assert (record.form, record.pages) == ("ofd", 2)
    assert report.verdict is Verdict.STATUS_UNKNOWN, report.findings
    assert report.is_genuine
    assert (report.facts.official_id, report.facts.issuer) == (record.document_id, BUREAU)
    assert (report.facts.seal_code, report.facts.mandate_legal_basis) == (office.code, DOCUMENTS_BASIS)
    assert [each.outcome for each in report.signatures] == [Outcome.PASSED]


@pytest.mark.parametrize("has_list", [False, True])
def test_what_was_there_stays_as_it_was_packed(office: OfficialOffice, has_list: bool) -> None:  # noqa: FBT001
    upload = plain_ofd(3, has_list=has_list, more={"Doc_0/Res/picture.png": bytes(range(256)) * 9})
    before = read_package(upload).files

    document = sealed(office, upload)

    after = read_package(document).files
    changed = {name for name in before if after[name] != before[name]}
    assert changed == (set() if has_list else {"OFD.xml"})
    assert after.keys() - before.keys() == {
        LIST,
        *(
            f"Doc_0/Signs/Sign_0/{each}"
            for each in ("Seal.esl", "Signature.xml", "SignedValue.dat", "receipt.tlog-proof")
        ),
    }
    first = upload.index(b"Doc_0/Document.xml") - 30
    assert upload[first : upload.index(b"PK\x01\x02")] in document


def test_everything_is_protected_but_what_cannot_be(office: OfficialOffice) -> None:
    files = read_package(sealed(office, plain_ofd(2))).files
    folder = "Doc_0/Signs/Sign_0"

    description = read_description(files[f"{folder}/Signature.xml"], f"{folder}/Signature.xml")

    free = {LIST, f"{folder}/Signature.xml", f"{folder}/SignedValue.dat", f"{folder}/receipt.tlog-proof"}
    assert files.keys() - description.references.keys() == free


def test_a_riding_seal_shows_one_strip_on_each_page_of_one_box_shifted_on(office: OfficialOffice) -> None:
    files = read_package(sealed(office, plain_ofd(3), placing=Placing(at=None, riding=True))).files
    path = "Doc_0/Signs/Sign_0/Signature.xml"

    stamps = read_description(files[path], path).stamps

    assert [each.page for each in stamps] == ["2", "12", "22"]
    assert [(each.box.x, each.box.width) for each in stamps] == [(196.0, 42.0), (182.0, 42.0), (168.0, 42.0)]
    assert [None if each.clip is None else (each.clip.x, each.clip.width) for each in stamps] == [
        (0.0, 14.0),
        (14.0, 14.0),
        (28.0, 14.0),
    ]
    assert len({each.identifier for each in stamps} | {"1"}) == 4


def test_the_seal_stands_over_its_anchor(office: OfficialOffice) -> None:
    (box,) = Layout.from_text(office.prepares(plain_ofd(2)).layout).boxes

    assert (box.page, box.x + box.width / 2, box.y + box.height / 2) == (2, 140.0, 234.0)


def test_a_second_seal_goes_behind_the_first_and_both_hold(office: OfficialOffice) -> None:
    first = sealed(office, plain_ofd(2))

    second = sealed(office, first, placing=Placing(at=Spot(page=1, x=60, y=60)))

    report = office.judge(second)
    entries = read_signatures(read_package(second).files[LIST], LIST)
    assert report.is_genuine, report.findings
    assert [each.outcome for each in report.signatures] == [Outcome.PASSED, Outcome.PASSED]
    assert [each.path for each in entries] == [f"Doc_0/Signs/Sign_{at}/Signature.xml" for at in (0, 1)]
    assert len({each.identifier for each in entries}) == 2


def test_a_page_that_was_changed_or_a_file_that_was_added_is_told(office: OfficialOffice) -> None:
    town, document = office.town, sealed(office, plain_ofd(1))
    files = read_package(document).files

    changed = repacked({**files, PAGE: files[PAGE].replace(FOOT.encode(), b"ANOTHER TEXT")})
    added = repacked({**files, "Doc_0/Pages/Page_1/Content.xml": files[PAGE]})

    for each in (changed, added):
        assert examine(each, town.evidence(), at=town.now).verdict is Verdict.TAMPERED
    assert examine(repacked(files), town.evidence(), at=town.now).is_genuine


def test_what_is_broken_locked_or_a_licence_is_refused(office: OfficialOffice, tmp_path: Path) -> None:
    room = OfdRoom.found(KeyRoom.found(tmp_path / "elsewhere").open_office())
    first = read_package(sealed(office, plain_ofd(1))).files
    broken = repacked({**first, PAGE: first[PAGE].replace(FOOT.encode(), b"ANOTHER TEXT")})
    spot = Placing(at=Spot(page=1, x=60, y=60))

    with pytest.raises(BrokenSignatureError):
        office.prepares(broken, placing=spot)
    with pytest.raises(LicenceUploadError):
        office.prepares(room.seal_up(), placing=spot)
    with pytest.raises(LockedUploadError):
        office.prepares(locked(room), placing=spot)


def test_an_anchor_that_is_nowhere_is_missing(office: OfficialOffice) -> None:
    with pytest.raises(AnchorMissingError):
        office.prepares(plain_ofd(1), placing=Placing(at=Anchor(text="nowhere")))


@pytest.mark.parametrize("bad", [b"PK\x03\x04", plain_ofd(1)[:-30], plain_ofd(1) + b"x"])
def test_what_is_no_package_is_refused(office: OfficialOffice, bad: bytes) -> None:
    with pytest.raises(UnreadableUploadError):
        office.prepares(bad)
