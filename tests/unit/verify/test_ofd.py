"""Reading any OFD: which way is taken, and that nothing that was changed passes, however it was changed."""

import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.sm2 import provider
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from tests.key_room import NOW
from tests.mutations import mutations
from tests.small_ofd import OfdRoom
from verify import sm2
from verify.ofd import read_ofd
from verify.ofd_package import PackageError, read_package
from verify.ofd_xml import XML_BYTES_MAX
from verify.own_ofd import DESCRIPTION_FILE, SEAL_FILE, VALUE_FILE
from verify.report import Check, Outcome
from verify.signed_document import DOCUMENT_BYTES_MAX, SignedDocument
from verify.trust import TrustList

LATER = NOW + timedelta(hours=2)
# A reader without its limits takes minutes; a slow machine needs some seconds for what a quick one does at once.
SECONDS_MAX = 20.0
# What two thousand readings may leave behind: caches of certificates and keys.
GROWTH_BYTES_MAX = 100 << 20
NEEDED = (Check.FORM, Check.SIGNATURE, Check.ISSUER, Check.SEAL, Check.LOG)


@pytest.fixture(autouse=True)
def faster() -> Iterator[None]:
    """Let the provider check SM2, as the wiring does; thousands of files are read here."""
    sm2.use_faster(provider().check)
    yield
    sm2.use_faster(None)


def passes(found: SignedDocument) -> bool:
    """Say whether this reads as a good document of ours."""
    outcomes = {(each.check, each.outcome) for each in found.findings}
    return found.is_ours and not found.has_failed and {(check, Outcome.PASSED) for check in NEEDED} <= outcomes


def repacked(document: bytes, name: str, content: bytes) -> bytes:
    files = {**read_package(document).files, name: content}
    return write_zip([OfdPart(each, Packed(data)) for each, data in files.items()])


@pytest.mark.parametrize(
    "document", [b"", b"PK", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(DOCUMENT_BYTES_MAX)]
)
def test_what_is_no_package_or_too_long_is_unreadable(document: bytes, ofd_room: OfdRoom) -> None:
    found = read_ofd(document, ofd_room.trust, (), at=LATER)

    assert [(each.code, each.outcome) for each in found.findings] == [("form.unreadable", Outcome.FAILED)]
    assert not found.is_ours
    assert found.form == "ofd"


def test_an_encrypted_package_is_said_to_be_encrypted(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    encrypted = bytearray(sealed_ofd)
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1

    found = read_ofd(bytes(encrypted), ofd_room.trust, (), at=LATER)

    assert [each.code for each in found.findings] == ["form.encrypted"]


def test_one_of_ours_is_judged_as_ours(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    assert passes(read_ofd(sealed_ofd, ofd_room.trust, (ofd_room.crl(),), at=LATER))


class Reading:
    """Reads many files, and keeps how long the slowest took (of this process alone) and how much memory all needed."""

    def __init__(self, room: OfdRoom) -> None:
        self._trust, self._lists = room.trust, (room.crl(),)
        self._before = self._memory()
        self.slowest = 0.0

    def __call__(self, document: bytes) -> SignedDocument:
        start = time.process_time()
        found = read_ofd(document, self._trust, self._lists, at=LATER)
        self.slowest = max(self.slowest, time.process_time() - start)
        return found

    def was_bounded(self) -> bool:
        return self.slowest < SECONDS_MAX and self._memory() - self._before < GROWTH_BYTES_MAX

    @staticmethod
    def _memory() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


@pytest.mark.parametrize("seed", range(4))
def test_no_mutation_of_a_whole_ofd_is_accepted(seed: int, sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    """What deflated to the same files is the same document, packed otherwise: every byte of every file is as it was."""
    files = dict(read_package(sealed_ofd).files)
    read = Reading(ofd_room)

    accepted = [each for each in mutations(sealed_ofd, 200, seed) if passes(read(each))]

    assert [each for each in accepted if dict(read_package(each).files) != files] == []
    assert len(accepted) <= 2
    assert read.was_bounded()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", [DESCRIPTION_FILE, SEAL_FILE, VALUE_FILE])
def test_no_mutation_of_signature_seal_or_value_is_accepted(
    name: str, seed: int, sealed_ofd: bytes, ofd_room: OfdRoom
) -> None:
    content = read_package(sealed_ofd).files[name]
    read = Reading(ofd_room)

    accepted = [each for each in mutations(content, 100, seed) if passes(read(repacked(sealed_ofd, name, each)))]

    assert accepted == []
    assert read.was_bounded()


def test_a_seal_encoded_anew_is_refused_in_the_file_and_in_the_signature(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    """The same values under a longer spelling: an indefinite length in place of the definite one."""
    seal = read_package(sealed_ofd).files[SEAL_FILE]
    value = read_package(sealed_ofd).files[VALUE_FILE]
    header = 2 + (seal[1] & 0x7F) if seal[1] >= 0x80 else 2
    anew = seal[:1] + b"\x80" + seal[header:] + b"\x00\x00"
    longer = seal[:1] + b"\x84" + (len(seal) - header).to_bytes(4, "big") + seal[header:]

    for other in (anew, longer):
        in_file = read_ofd(repacked(sealed_ofd, SEAL_FILE, other), ofd_room.trust, (ofd_room.crl(),), at=LATER)
        in_value = read_ofd(
            repacked(sealed_ofd, VALUE_FILE, value.replace(seal, other)), ofd_room.trust, (ofd_room.crl(),), at=LATER
        )
        assert {"seal.file_differs", "signature.bad"} <= {each.code for each in in_file.findings}
        assert not passes(in_value)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=2000))
def test_any_bytes_get_an_answer(ofd_room: OfdRoom, data: bytes) -> None:
    assert read_ofd(b"PK\x03\x04" + data, ofd_room.trust, (), at=LATER).has_failed


def full_package(inside: bytes) -> bytes:
    """Return a package whose root has as much in it as anybody may hand in."""
    return write_zip([OfdPart("OFD.xml", Packed(b"<OFD>" + inside + b"</OFD>"), is_stored=True)])


@pytest.mark.parametrize(
    "inside",
    [
        b"<a/>" * 2_000_000,
        b"x<!-- -->" * 900_000,
        b"x<a/>" * 1_600_000,
        b"<a " + b" ".join(b'a%d=""' % number for number in range(600_000)) + b"/>",
        b"x" * 8_000_000,
        b"&amp;" * 1_600_000,
        b"<![CDATA[x]]>" * 600_000,
    ],
    ids=["elements", "comments", "mixed", "attributes", "text", "references", "sections"],
)
def test_a_file_built_to_take_long_is_answered_in_time(inside: bytes, ofd_room: OfdRoom) -> None:
    read = Reading(ofd_room)

    assert len(inside) < XML_BYTES_MAX
    assert read(full_package(inside)).has_failed
    assert read.slowest < SECONDS_MAX


def test_many_signatures_with_many_references_share_one_budget(ofd_room: OfdRoom) -> None:
    reference = '<Reference FileRef="/%d"><CheckValue>' + "A" * 43 + "=</CheckValue></Reference>"
    references = "".join([reference % number for number in range(1000)])
    xml = (
        f'<Signature><SignedInfo><References CheckMethod="SM3">{references}</References></SignedInfo>'
        "<SignedValue>v</SignedValue></Signature>"
    ).encode()
    entries = "".join(f'<Signature ID="{number}" BaseLoc="S{number}.xml"/>' for number in range(24))
    files = {
        "OFD.xml": b"<OFD><DocBody><DocRoot>D.xml</DocRoot><Signatures>S.xml</Signatures></DocBody></OFD>",
        "D.xml": b"<Document><CommonData/><Pages/></Document>",
        "S.xml": f"<Signatures>{entries}</Signatures>".encode(),
        "v": b"value",
        **{f"S{number}.xml": xml for number in range(24)},
    }
    read = Reading(ofd_room)

    found = read(write_zip([OfdPart(name, Packed(content)) for name, content in files.items()]))

    assert len(found.signatures) == 24
    assert found.has_failed
    assert read.slowest < SECONDS_MAX


def test_a_package_of_many_entries_or_of_the_largest_size_is_answered_in_time(ofd_room: OfdRoom) -> None:
    read = Reading(ofd_room)
    many = write_zip([OfdPart(f"f{number}", Packed(b"")) for number in range(2000)])
    large = write_zip([OfdPart(f"f{number}", Packed(Random(7).randbytes(1 << 18) * 40)) for number in range(6)])  # noqa: S311

    for document in (many, large):
        assert read(document).has_failed
    assert read.slowest < SECONDS_MAX


def test_trust_is_none_of_the_documents_own(sealed_ofd: bytes, ofd_room: OfdRoom) -> None:
    other = TrustList(
        sequence=1,
        issued_at=NOW,
        expires_at=NOW + timedelta(days=1),
        issuers=ofd_room.trust.issuers,
        log_policy=ofd_room.trust.log_policy,
    )

    found = read_ofd(sealed_ofd, other, (), at=LATER)

    assert not found.is_ours
    assert "issuer.unknown" in {each.code for each in found.findings}


def test_refusals_reach_the_auditor_by_their_name(ofd_room: OfdRoom) -> None:
    document = write_zip([OfdPart("OFD.xml", Packed(bytes(1 << 20)))])

    found = read_ofd(document, ofd_room.trust, (), at=LATER)

    with pytest.raises(PackageError):
        read_package(document)
    assert [each.detail for each in found.findings] == ["ofd.package: ratio"]
