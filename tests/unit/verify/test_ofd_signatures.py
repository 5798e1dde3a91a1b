"""Signatures.xml and Signature.xml: read in any order of their elements, and refused when they leave anything open."""

from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.ofd_signatures import (
    REFERENCES_MAX,
    SIGNATURES_MAX,
    STAMPS_MAX,
    Box,
    OfdFormError,
    SignatureKind,
    read_box,
    read_description,
    read_signatures,
    resolve,
)
from verify.ofd_xml import XmlError

REFUSED = (OfdFormError, XmlError)
PATH = "Doc_0/Signs/Sign_0/Signature.xml"
DIGEST = b64encode(bytes(32)).decode()
REFERENCE = f'<Reference FileRef="/OFD.xml"><CheckValue>{DIGEST}</CheckValue></Reference>'
STAMP = '<StampAnnot ID="2" PageRef="5" Boundary="1 2 3.5 4" Clip="0 0 1 4"/>'
SEAL = "<Seal><BaseLoc>Seal.esl</BaseLoc></Seal>"
ABOUT = (
    '<Provider ProviderName="x"/><SignatureMethod> 1.2.156.10197.1.501 </SignatureMethod>'
    "<SignatureDateTime>20261124080000Z</SignatureDateTime>"
)
VALUE = "<SignedValue> SignedValue.dat\n</SignedValue>"


def listed(*references: str, method: str = "1.2.156.10197.1.401") -> str:
    return f'<References CheckMethod="{method}">{"".join(references)}</References>'


def described(*parts: str, value: str = VALUE) -> bytes:
    return f"<Signature><SignedInfo>{''.join(parts)}</SignedInfo>{value}</Signature>".encode()


@pytest.mark.parametrize(
    ("location", "base", "expected"),
    [
        ("/OFD.xml", PATH, "OFD.xml"),
        ("Seal.esl", PATH, "Doc_0/Signs/Sign_0/Seal.esl"),
        ("./Seal.esl", PATH, "Doc_0/Signs/Sign_0/Seal.esl"),
        ("../../Pages/Page_0/Content.xml", PATH, "Doc_0/Pages/Page_0/Content.xml"),
        ("Doc_0/Document.xml", "OFD.xml", "Doc_0/Document.xml"),
        ("/Doc_0/../OFD.xml", PATH, "OFD.xml"),
    ],
)
def test_a_place_is_resolved_inside_the_package(location: str, base: str, expected: str) -> None:
    assert resolve(location, base) == expected


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/",
        "/..",
        "/../etc/passwd",
        "../../../../OFD.xml",
        "a//b",
        "a/",
        "C:\\x",
        "C:/x",
        "a\\b",
        "x" * 999,
    ],
)
def test_a_place_outside_the_package_or_of_no_file_is_refused(location: str) -> None:
    with pytest.raises(OfdFormError):
        resolve(location, PATH)


@given(parts=st.lists(st.sampled_from(["a", "b", ".", "..", ""]), max_size=8))
def test_no_place_ever_leaves_the_package(parts: list[str]) -> None:
    for lead in ("", "/"):
        try:
            found = resolve(lead + "/".join(parts), "Doc_0/Document.xml")
        except OfdFormError:
            continue
        assert not {"", ".", ".."} & set(found.split("/"))


def test_signatures_are_listed_with_their_kind_in_any_order() -> None:
    first = '<Signature ID="s1" BaseLoc="Sign_0/Signature.xml"/>'
    second = '<Signature ID="2" Type="Sign" BaseLoc="/Doc_0/Signs/Sign_1/Signature.xml"/>'

    for inside in (f"<MaxSignId>2</MaxSignId>{first}{second}", f"{first}{second}<MaxSignId>2</MaxSignId>"):
        entries = read_signatures(f"<Signatures>{inside}</Signatures>".encode(), "Doc_0/Signs/Signatures.xml")
        assert [(each.identifier, each.kind) for each in entries] == [
            ("s1", SignatureKind.SEAL),
            ("2", SignatureKind.SIGN),
        ]
        assert [each.path for each in entries] == [PATH, PATH.replace("Sign_0", "Sign_1")]


@pytest.mark.parametrize(
    "entries",
    [
        ['<Signature ID="1" Type="Stamp" BaseLoc="a"/>'],
        ['<Signature ID="" BaseLoc="a"/>'],
        ['<Signature BaseLoc="a"/>'],
        ['<Signature ID="1"/>'],
        ['<Signature ID="1" BaseLoc="a"/>', '<Signature ID="1" BaseLoc="b"/>'],
        ['<Signature ID="1" BaseLoc="a"/>', '<Signature ID="2" BaseLoc="./a"/>'],
        [f'<Signature ID="{number}" BaseLoc="a{number}"/>' for number in range(SIGNATURES_MAX + 1)],
    ],
)
def test_a_list_that_names_something_twice_or_too_much_is_refused(entries: list[str]) -> None:
    with pytest.raises(REFUSED):
        read_signatures(f"<Signatures>{''.join(entries)}</Signatures>".encode(), "S.xml")


@pytest.mark.parametrize(
    "data",
    [
        described(ABOUT, listed(REFERENCE), STAMP, SEAL),
        described(SEAL, STAMP, listed(REFERENCE), ABOUT),
        f"<Signature>{VALUE}<SignedInfo>{SEAL}{listed(REFERENCE)}{ABOUT}{STAMP}</SignedInfo></Signature>".encode(),
    ],
)
def test_a_description_is_read_in_whatever_order_it_was_written(data: bytes) -> None:
    found = read_description(data, PATH)

    assert dict(found.references) == {"OFD.xml": bytes(32)}
    assert found.stamps == ((("2"), "5", Box(1, 2, 3.5, 4), Box(0, 0, 1, 4)),)
    assert (found.seal_path, found.value_path) == ("Doc_0/Signs/Sign_0/Seal.esl", "Doc_0/Signs/Sign_0/SignedValue.dat")
    assert (found.method, found.signed_at) == ("1.2.156.10197.1.501", "20261124080000Z")


def test_what_may_be_missing_is_none() -> None:
    found = read_description(described(listed(REFERENCE, method="SM3")), PATH)

    assert (found.seal_path, found.method, found.signed_at, found.stamps) == (None, "", "", ())
    assert found.check_method == "SM3"


def many(count: int, write: Callable[[int], str]) -> str:
    return "".join(write(number) for number in range(count))


@pytest.mark.parametrize(
    "data",
    [
        described(listed(REFERENCE, method="MD5")),
        described(listed(REFERENCE, method="")),
        described(f"<References>{REFERENCE}</References>"),
        described(listed()),
        described(listed(REFERENCE, REFERENCE)),
        described(listed(REFERENCE, REFERENCE.replace("/OFD.xml", "/Doc_0/../OFD.xml"))),
        described(listed(REFERENCE.replace(DIGEST, DIGEST[:-4]))),
        described(listed(REFERENCE.replace(DIGEST, DIGEST[:-1]))),
        described(listed(REFERENCE.replace(DIGEST, f" {DIGEST[:9]} {DIGEST[9:]}"))),
        described(listed(REFERENCE.replace("/OFD.xml", "/../OFD.xml"))),
        described(listed(REFERENCE), STAMP.replace('ID="2"', 'ID="<2"'.replace("<", "&lt;"))),
        described(listed(REFERENCE), STAMP.replace("1 2 3.5 4", "1 2 3.5")),
        described(listed(REFERENCE), STAMP.replace("1 2 3.5 4", "1 2 0 4")),
        described(listed(REFERENCE), STAMP.replace("1 2 3.5 4", "1 2 nan 4")),
        described(listed(REFERENCE), STAMP.replace("1 2 3.5 4", "1 2 1e9 4")),
        described(listed(REFERENCE), listed(REFERENCE)),
        described(listed(REFERENCE), value=""),
        described(listed(REFERENCE), value=VALUE + VALUE),
        described(listed(REFERENCE), many(STAMPS_MAX + 1, lambda _: STAMP)),
        described(listed(many(REFERENCES_MAX + 1, lambda each: REFERENCE.replace("OFD.xml", f"{each}.xml")))),
    ],
)
def test_a_description_that_leaves_something_open_is_refused(data: bytes) -> None:
    with pytest.raises(REFUSED):
        read_description(data, PATH)


def test_a_box_is_four_numbers() -> None:
    assert read_box(" 0  0 210 297 ") == Box(0, 0, 210, 297)
