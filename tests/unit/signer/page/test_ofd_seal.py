import hashlib
import io
import zipfile
from base64 import b64decode
from datetime import timedelta, timezone

from signer.page.ofd_seal import assemble_ofd, prepare_ofd_seal
from tests.key_room import NOW
from tests.ofd_page import OFD, package, tree
from tests.page_requests import food_request, press
from tests.sealed_ofd import RECEIPT, office_seal, seal_up, sealed_ofd
from verify.seal_objects import read_seal_signature
from verify.sm2 import sm3

SIGN = "Doc_0/Signs/Sign_0"
OPEN = {"Doc_0/Signs/Signatures.xml", *[f"{SIGN}/{name}" for name in ("Signature.xml", "SignedValue.dat")]}


def test_everything_is_protected_but_the_signature_itself_its_list_and_the_receipt() -> None:
    parts = package(sealed_ofd(food_request()))
    signature = tree(parts[f"{SIGN}/Signature.xml"])

    digests = {
        each.get("FileRef", "").removeprefix("/"): b64decode(each.findtext(f"{OFD}CheckValue") or "")
        for each in signature.iter(f"{OFD}Reference")
    }

    assert parts.keys() - digests.keys() == {*OPEN, f"{SIGN}/receipt.tlog-proof"}
    assert digests == {name: hashlib.new("sm3", parts[name]).digest() for name in digests}
    (references,) = signature.iter(f"{OFD}References")
    assert references.get("CheckMethod") == "1.2.156.10197.1.401"


def test_what_the_signature_says() -> None:
    parts = package(sealed_ofd(food_request()))
    signature = tree(parts[f"{SIGN}/Signature.xml"])
    made = press().render_bodies(food_request()).ofd
    assert made is not None
    assert made.stamp is not None

    (info,) = signature.iter(f"{OFD}SignedInfo")
    assert [each.tag.removeprefix(OFD) for each in info] == [
        "Provider",
        "SignatureMethod",
        "SignatureDateTime",
        "References",
        "StampAnnot",
        "Seal",
    ]
    assert info.findtext(f"{OFD}SignatureMethod") == "1.2.156.10197.1.501"
    assert info.findtext(f"{OFD}SignatureDateTime") == "20261124080000Z"
    (stamp,) = info.iter(f"{OFD}StampAnnot")
    assert (stamp.get("PageRef"), stamp.get("Boundary")) == (str(made.stamp.page_number), made.stamp.box)
    assert info.findtext(f"{OFD}Seal/{OFD}BaseLoc") == f"/{SIGN}/Seal.esl"
    assert signature.findtext(f"{OFD}SignedValue") == f"/{SIGN}/SignedValue.dat"


def test_the_list_of_signatures_counts_the_stamp_too() -> None:
    parts = package(sealed_ofd(food_request()))
    signatures = tree(parts["Doc_0/Signs/Signatures.xml"])
    stamps = tree(parts[f"{SIGN}/Signature.xml"]).iter(f"{OFD}StampAnnot")

    (listed,) = signatures.iter(f"{OFD}Signature")

    assert dict(listed.attrib) == {"ID": "1", "Type": "Seal", "BaseLoc": "Sign_0/Signature.xml"}
    used = {"1", *(each.get("ID") for each in stamps)}
    assert signatures.findtext(f"{OFD}MaxSignId") == max(used)
    assert len(used) == 2


def test_the_seal_and_its_signature_lie_in_their_own_parts() -> None:
    parts = package(sealed_ofd(food_request()))

    value = read_seal_signature(parts[f"{SIGN}/SignedValue.dat"])

    assert parts[f"{SIGN}/Seal.esl"] == office_seal() == value.seal.raw
    assert value.data_hash == sm3(parts[f"{SIGN}/Signature.xml"])
    assert value.property_info == f"/{SIGN}/Signature.xml"
    assert parts[f"{SIGN}/receipt.tlog-proof"].decode() == RECEIPT


def test_only_the_value_and_the_receipt_come_after_preparing() -> None:
    unsigned = press().render_bodies(food_request()).ofd
    assert unsigned is not None
    prepared = prepare_ofd_seal(unsigned, b"seal", signed_at=NOW)

    with (
        zipfile.ZipFile(io.BytesIO(assemble_ofd(prepared, b"one", "first"))) as first,
        zipfile.ZipFile(io.BytesIO(assemble_ofd(prepared, b"two", "second"))) as second,
    ):
        names = first.namelist()
        assert names == second.namelist()
        different = [name for name in names if first.read(name) != second.read(name)]

    assert different == names[-2:] == [f"{SIGN}/SignedValue.dat", f"{SIGN}/receipt.tlog-proof"]
    assert prepared.signature_xml == package(assemble_ofd(prepared, b"", ""))[f"{SIGN}/Signature.xml"]


def test_the_moment_is_written_in_utc_wherever_it_was_taken() -> None:
    unsigned = press().render_bodies(food_request()).ofd
    assert unsigned is not None

    there = prepare_ofd_seal(unsigned, b"seal", signed_at=NOW.astimezone(timezone(timedelta(hours=8))))

    assert there.signature_xml == prepare_ofd_seal(unsigned, b"seal", signed_at=NOW).signature_xml


def test_a_page_without_a_place_for_the_seal_has_no_stamp() -> None:
    unsigned = press().render_bodies(food_request()).ofd
    assert unsigned is not None
    bare = type(unsigned)(parts=unsigned.parts, stamp=None)

    parts = package(seal_up(bare))

    assert b"StampAnnot" not in parts[f"{SIGN}/Signature.xml"]
    assert b"<ofd:MaxSignId>1<" in parts["Doc_0/Signs/Signatures.xml"]
