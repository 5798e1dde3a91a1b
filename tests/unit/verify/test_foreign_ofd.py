"""OFDs of others: judged down to each file, their leniencies told, what nobody protects graded; never called ours."""

import io
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.key_room import NOW, SEAL
from tests.small_ofd import SEAL_NAME, OfdRoom
from verify.foreign_ofd import ENCRYPTED
from verify.ofd import read_ofd
from verify.report import Check, Outcome
from verify.seal_encoding import assemble_seal_signature, seal_signature_to_be_signed
from verify.signed_document import SignedDocument
from verify.sm2 import sm3

LATER = NOW + timedelta(hours=2)
OLDER = "http://www.ofdspec.org"
BASE: Mapping[str, bytes] = {
    "OFD.xml": (
        b'<o:OFD xmlns:o="http://www.ofdspec.org" Version="1.0"><o:DocBody><o:DocInfo/><o:DocRoot>Doc_0/Document.xml'
        b"</o:DocRoot><o:Signatures>Doc_0/Signs/Signatures.xml</o:Signatures></o:DocBody></o:OFD>"
    ),
    "Doc_0/Document.xml": (
        b"<Document><CommonData><PageArea><PhysicalBox>0 0 210 297</PhysicalBox></PageArea></CommonData>"
        b'<Pages><Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/><Page ID="7" BaseLoc="Pages/Page_1/Content.xml"/>'
        b"</Pages></Document>"
    ),
    "Doc_0/Pages/Page_0/Content.xml": b"<Page><!-- a comment --><Content/></Page>",
    "Doc_0/Pages/Page_1/Content.xml": b"<Page><Area><PhysicalBox>0 0 100 100</PhysicalBox></Area><Content/></Page>",
    "Doc_0/PublicRes.xml": b"<Res/>",
    "Doc_0/Res/font_1.ttf": b"font",
}
STAMP = '<StampAnnot ID="9" PageRef="1" Boundary="100 200 42 42"/>'
RIDING = (
    '<StampAnnot ID="9" PageRef="1" Boundary="190 100 40 40" Clip="0 0 20 40"/>'
    '<StampAnnot ID="10" PageRef="7" Boundary="60 30 40 40" Clip="20 0 20 40"/>'
)


@dataclass(frozen=True, kw_only=True)
class Signing:
    """One signature: what it lists, where, and how its value is made."""

    number: int = 0
    covers: Iterable[str] = tuple(BASE)
    kind: str = "Seal"
    stamps: str = STAMP
    seal_file: bytes | None = None
    method: str = "1.2.156.10197.1.401"
    digests: Mapping[str, bytes] = field(default_factory=dict)
    value: bytes | None = None

    @property
    def folder(self) -> str:
        return f"Doc_0/Signs/Sign_{self.number}"

    def add_to(self, files: dict[str, bytes], room: OfdRoom) -> None:
        references = "".join(
            f'<Reference FileRef="/{name}"><CheckValue>'
            f"{b64encode(self.digests.get(name) or sm3(files.get(name, b''))).decode()}</CheckValue></Reference>"
            for name in self.covers
        )
        seal = ""
        if self.seal_file is not None:
            files[f"{self.folder}/Seal.esl"] = self.seal_file
            seal = "<Seal><BaseLoc>Seal.esl</BaseLoc></Seal>"
        xml = (
            f"<Signature><SignedValue>SignedValue.dat</SignedValue><SignedInfo>{seal}{self.stamps}"
            f'<References CheckMethod="{self.method}">{references}</References></SignedInfo></Signature>'
        ).encode()
        files[f"{self.folder}/Signature.xml"] = xml
        files[f"{self.folder}/SignedValue.dat"] = self.value or value_over(xml, self.folder, room)


def value_over(xml: bytes, folder: str, room: OfdRoom) -> bytes:
    to_be_signed = seal_signature_to_be_signed(
        room.seal, signed_at=NOW, data_hash=sm3(xml), property_info=f"/{folder}/Signature.xml", mandate=None
    )
    return assemble_seal_signature(to_be_signed, room.certificate, room.office.sign(SEAL, to_be_signed))


def packed(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return written.getvalue()


def sealed(room: OfdRoom, *signings: Signing, more: Mapping[str, bytes] | None = None) -> bytes:
    """Return a stranger's OFD with these signatures, made with the room's seal."""
    files = {**BASE, **(more or {})}
    for each in signings:
        each.add_to(files, room)
    entries = "".join(
        f'<Signature ID="{each.number + 1}" Type="{each.kind}" BaseLoc="Sign_{each.number}/Signature.xml"/>'
        for each in signings
    )
    files["Doc_0/Signs/Signatures.xml"] = f"<Signatures>{entries}</Signatures>".encode()
    return packed(files)


def judged(document: bytes, room: OfdRoom, *, with_trust: bool = True) -> SignedDocument:
    return read_ofd(document, room.trust if with_trust else None, (room.crl(),), at=LATER)


def codes(document: SignedDocument) -> list[tuple[str, str]]:
    return [(each.code, each.outcome.value) for each in document.findings]


def failed(document: SignedDocument) -> set[str]:
    return {each.code for each in document.findings if each.outcome is Outcome.FAILED}


def test_a_sealed_ofd_of_others_is_read_and_never_called_ours(ofd_room: OfdRoom) -> None:
    found = judged(sealed(ofd_room, Signing()), ofd_room)

    assert not found.is_ours
    assert codes(found) == [
        ("form.ofd", "passed"),
        ("signature.good", "passed"),
        ("issuer.trusted", "passed"),
        ("seal.good", "passed"),
    ]
    assert (found.form, found.uncovered) == ("ofd", ())
    assert found.seal is not None
    assert [(each.signer, each.signed_at, each.outcome) for each in found.signatures] == [
        (SEAL_NAME, None, Outcome.PASSED)
    ]


def test_a_chain_that_nobody_trusts_is_not_trusted(ofd_room: OfdRoom) -> None:
    document = sealed(ofd_room, Signing())

    without_list = judged(document, ofd_room, with_trust=False)
    elsewhere = judged(document, replace(ofd_room, issuers=()))

    assert ("issuer.no_trust_list", "unknown") in codes(without_list)
    assert failed(elsewhere) == {"issuer.unknown"}
    assert [each.outcome for each in elsewhere.signatures] == [Outcome.UNKNOWN]


@pytest.mark.parametrize("name", BASE)
def test_a_changed_or_missing_file_spoils_the_signature(name: str, ofd_room: OfdRoom) -> None:
    changed = judged(sealed(ofd_room, Signing(digests={name: bytes(32)})), ofd_room)
    missing = judged(sealed(ofd_room, Signing(covers=(*BASE, "Doc_0/gone.xml"))), ofd_room)

    assert "signature.bad" in failed(changed)
    assert "signature.bad" in failed(missing)
    assert [each.code for each in changed.signatures] == ["signature.bad"]


def test_a_page_that_no_signature_protects_fails_and_a_font_is_told(ofd_room: OfdRoom) -> None:
    without_page = judged(sealed(ofd_room, Signing(covers=[name for name in BASE if "Page_1" not in name])), ofd_room)
    without_font = judged(sealed(ofd_room, Signing(covers=[name for name in BASE if "font" not in name])), ofd_room)

    assert without_page.uncovered == ("Doc_0/Pages/Page_1/Content.xml",)
    assert failed(without_page) == {"contents.uncovered"}
    assert without_font.uncovered == ("Doc_0/Res/font_1.ttf",)
    assert ("contents.partly_protected", "unknown") in codes(without_font)


@pytest.mark.parametrize("name", ["Doc_0/Annots/Page_0/Annotation.xml", "Doc_1/Document.xml", "hidden/Content.xml"])
def test_what_could_be_shown_counts_as_a_page_although_no_document_names_it(name: str, ofd_room: OfdRoom) -> None:
    found = judged(sealed(ofd_room, Signing(), more={name: b"<x/>"}), ofd_room)

    assert found.uncovered == (name,)
    assert failed(found) == {"contents.uncovered"}


def test_a_signature_that_does_not_hold_protects_nothing(ofd_room: OfdRoom) -> None:
    other = value_over(b"<other/>", "Doc_0/Signs/Sign_0", ofd_room)

    found = judged(sealed(ofd_room, Signing(value=other)), ofd_room)

    assert set(found.uncovered) == set(BASE)
    assert {"seal.data_hash_wrong", "contents.uncovered"} <= failed(found)


def test_a_second_signature_may_follow_and_each_is_judged(ofd_room: OfdRoom) -> None:
    first, second = Signing(), Signing(number=1, covers=(*BASE, "Doc_0/Signs/Sign_0/Signature.xml"))
    bad = replace(second, digests={"OFD.xml": bytes(32)})

    both = judged(sealed(ofd_room, first, second), ofd_room)
    one = judged(sealed(ofd_room, first, bad), ofd_room)

    assert [each.outcome for each in both.signatures] == [Outcome.PASSED, Outcome.PASSED]
    assert not both.has_failed
    assert [each.outcome for each in one.signatures] == [Outcome.PASSED, Outcome.FAILED]
    assert failed(one) == {"signature.bad"}


def test_the_seal_in_the_file_must_be_that_of_the_signature_to_the_byte(ofd_room: OfdRoom) -> None:
    same = judged(sealed(ofd_room, Signing(seal_file=ofd_room.seal)), ofd_room)
    other = judged(sealed(ofd_room, Signing(seal_file=ofd_room.make_seal())), ofd_room)
    longer = judged(sealed(ofd_room, Signing(seal_file=ofd_room.seal + b"\x00")), ofd_room)

    assert "seal.file_differs" not in failed(same)
    assert "seal.file_differs" in failed(other)
    assert "seal.file_differs" in failed(longer)


@pytest.mark.parametrize(
    ("stamps", "is_wrong"),
    [
        ("", False),
        (STAMP, False),
        (RIDING, False),
        (RIDING.replace("60 30 40 40", "160 30 40 40"), True),
        (STAMP.replace('PageRef="1"', 'PageRef="2"'), True),
        (STAMP.replace("100 200", "300 200"), True),
        (STAMP.replace("100 200", "100 -50"), True),
        (RIDING.replace('Clip="0 0 20 40"', 'Clip="30 0 10 40"'), True),
    ],
)
def test_a_stamp_stands_on_a_page_that_is_there(stamps: str, is_wrong: object, ofd_room: OfdRoom) -> None:
    found = judged(sealed(ofd_room, Signing(stamps=stamps)), ofd_room)

    assert ("contents.stamp_misplaced" in failed(found)) is is_wrong


def test_a_stamp_on_a_page_that_cannot_be_read_or_has_no_size_is_told(ofd_room: OfdRoom) -> None:
    page, root = "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Document.xml"
    broken = {page: b"<!DOCTYPE x><Page/>"}
    unsized = {root: BASE[root].replace(b"<PageArea><PhysicalBox>0 0 210 297</PhysicalBox></PageArea>", b"")}

    for more in (broken, unsized):
        assert failed(judged(sealed(ofd_room, Signing(), more=more), ofd_room)) == {"contents.stamp_misplaced"}


def test_a_bare_signature_is_said_not_to_be_judged_unless_a_file_differs(ofd_room: OfdRoom) -> None:
    bare = judged(sealed(ofd_room, Signing(kind="Sign", value=b"\x30\x00")), ofd_room)
    changed = judged(
        sealed(ofd_room, Signing(kind="Sign", value=b"\x30\x00", digests={"OFD.xml": bytes(32)})), ofd_room
    )

    assert ("signature.not_asked", "unknown") in codes(bare)
    assert [each.outcome for each in bare.signatures] == [Outcome.UNKNOWN]
    assert set(bare.uncovered) == set(BASE)
    assert "signature.bad" in failed(changed)


def test_what_cannot_be_taken_apart_is_bad_and_hides_nothing(ofd_room: OfdRoom) -> None:
    unread_value = judged(sealed(ofd_room, Signing(value=b"no DER")), ofd_room)
    unread_list = judged(sealed(ofd_room, Signing(method="MD5"), Signing(number=1)), ofd_room)
    alone = judged(sealed(ofd_room, Signing(method="MD5")), ofd_room)
    nobody = judged(sealed(ofd_room, Signing(method="MD5")), ofd_room, with_trust=False)

    assert {"signature.bad", "seal.unreadable", "issuer.unknown"} <= failed(unread_value)
    assert [each.outcome for each in unread_list.signatures] == [Outcome.FAILED, Outcome.PASSED]
    assert {"signature.bad", "issuer.unknown"} <= failed(alone)
    assert ("issuer.no_trust_list", "unknown") in codes(nobody)


def test_without_a_signature_there_is_none(ofd_room: OfdRoom) -> None:
    listed = judged(sealed(ofd_room), ofd_room)
    root = BASE["OFD.xml"].replace(b"<o:Signatures>Doc_0/Signs/Signatures.xml</o:Signatures>", b"")
    unlisted = judged(packed({**BASE, "OFD.xml": root}), ofd_room)

    for found in (listed, unlisted):
        assert codes(found) == [("form.ofd", "passed"), ("signature.none", "failed")]


@pytest.mark.parametrize(
    "more",
    [
        {"OFD.xml": b"<OFD/>"},
        {"OFD.xml": b"<OFD>" + b"<DocBody/>" * 20 + b"</OFD>"},
        {"OFD.xml": BASE["OFD.xml"].replace(b"Doc_0/Document.xml", b"../Document.xml")},
        {"OFD.xml": BASE["OFD.xml"].replace(b"Signatures.xml", b"Nothing.xml")},
        {"OFD.xml": BASE["OFD.xml"].replace(b"<o:DocInfo/>", b"<o:DocInfo><o:CustomDatas/></o:DocInfo>" * 2)},
        {"Doc_0/Document.xml": BASE["Doc_0/Document.xml"].replace(b'ID="7"', b'ID="1"')},
        {"Doc_0/Document.xml": b"<Document/>"},
    ],
)
def test_a_package_whose_outline_cannot_be_followed_is_unreadable(more: Mapping[str, bytes], ofd_room: OfdRoom) -> None:
    found = judged(sealed(ofd_room, Signing(), more=more), ofd_room)

    assert codes(found) == [("form.unreadable", "failed")]


def test_two_documents_may_share_a_list_but_not_a_signature(ofd_room: OfdRoom) -> None:
    body = BASE["OFD.xml"].partition(b"<o:DocBody>")[2].partition(b"</o:DocBody>")[0]
    doubled = {"OFD.xml": BASE["OFD.xml"].replace(b"<o:DocBody>", b"<o:DocBody>" + body + b"</o:DocBody><o:DocBody>")}
    other_list = doubled["OFD.xml"].replace(b"Signatures.xml", b"Other.xml", 1)
    same_entry = b'<Signatures><Signature ID="1" BaseLoc="Sign_0/Signature.xml"/></Signatures>'

    shared = judged(sealed(ofd_room, Signing(), more=doubled), ofd_room)
    twice = judged(
        sealed(ofd_room, Signing(), more={"OFD.xml": other_list, "Doc_0/Signs/Other.xml": same_entry}), ofd_room
    )

    assert not shared.has_failed
    assert codes(twice) == [("form.unreadable", "failed")]


def test_an_encrypted_ofd_is_said_to_be_encrypted(ofd_room: OfdRoom) -> None:
    found = judged(sealed(ofd_room, Signing(), more={"Encryptions.xml": b"<Encryptions/>"}), ofd_room)

    assert found.findings == (ENCRYPTED,)


def test_texts_that_a_document_says_of_itself_stand_there_once(ofd_room: OfdRoom) -> None:
    data = (
        b'<o:CustomDatas><o:CustomData Name="a">1</o:CustomData><o:CustomData Name="a">2</o:CustomData></o:CustomDatas>'
    )
    root = BASE["OFD.xml"].replace(b"<o:DocInfo/>", b"<o:DocInfo>" + data + b"</o:DocInfo>")

    assert codes(judged(sealed(ofd_room, Signing(), more={"OFD.xml": root}), ofd_room)) == [
        ("form.unreadable", "failed")
    ]


def test_a_licence_of_ours_without_its_mandate_is_a_strangers(ofd_room: OfdRoom) -> None:
    found = judged(replace(ofd_room, mandate=None).seal_up(), ofd_room)

    assert not found.is_ours
    assert ("form.ofd", "passed") in codes(found)
    assert found.uncovered == ("Doc_0/Signs/Sign_0/receipt.tlog-proof",)
    assert [each.check for each in found.findings if each.outcome is Outcome.FAILED] == []
    assert Check.CONTENTS in {each.check for each in found.findings}
